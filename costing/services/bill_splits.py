"""Asks for the usage of bills by region and usage type, where it is worth its price, and stores it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, Sum

from accounts.services.step import PartOutcome, Progress
from costing.clients.aws_bills import AwsBills, Bill, BilledRow
from costing.estimators.validation import USAGE_RECORD_TYPES
from costing.models import BilledCost, BilledSplit, Dimension
from costing.selectors.complete_days import is_complete
from finops.core.bulk import upsert
from finops.core.periods import Period
from finops.core.upstream.errors import UpstreamError

_CENT = Decimal("0.01")
_KEY_COLUMNS = ("aws_account_id", "dimension", "day", "covers_members", "service", "value", "currency")
_Key = tuple[int, str, date, bool, str, str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """The accounts that one bill is about: the asked one, and the members in its team where it pays for any."""

    payer_pk: int
    pks: Mapping[str, int]  # by 12-digit id, the payer's own first

    @property
    def is_one(self) -> bool:
        """Whether the account stands for itself."""
        return len(self.pks) == 1


@dataclass(slots=True)
class Splits:
    """What was answered: for each dimension, the days it is about and their rows, each with `covers_members`."""

    rows: dict[str, list[tuple[bool, BilledRow]]] = field(default_factory=dict)
    days: dict[str, frozenset[date]] = field(default_factory=dict)
    parts: dict[str, PartOutcome] = field(default_factory=dict)


def ask_for_splits(bills: AwsBills, family: Family, bill: Bill, *, now: datetime, progress: Progress) -> Splits:
    """The splits of the days of `bill` that are complete and have none yet, or are told anew by `bill`.

    Each page costs money, so a day is asked about once, when its bill stops growing, and again only where it is
    restated. One question reaches from the first such day to the last. A question that is not answered leaves its
    dimension as it was, and its error in `parts`.
    """
    splits = Splits()
    ids = list(family.pks)
    wanted = {dimension: _days_to_ask(dimension, family, bill, now=now) for dimension in Dimension.values}
    for number, (dimension, days) in enumerate(wanted.items(), start=1):
        if days:
            period = Period.of_days(days[0], days[-1])
            try:
                answers = [(not family.is_one, bills.usage_by_service_and(dimension, ids, period=period))]
                if not family.is_one:
                    answers.append((False, bills.usage_by_account_and(dimension, ids, period=period)))
            except UpstreamError as error:
                splits.parts[f"by {dimension}"] = PartOutcome(error=error)
                continue
            # Days between that have not changed are told again at no price.
            told = frozenset.intersection(bill.days, *(answer.days for _, answer in answers))
            splits.days[dimension] = frozenset(day for day in told if is_complete(day, now=now))
            splits.rows[dimension] = [
                (covers, row) for covers, answer in answers for row in answer.rows if row.day in splits.days[dimension]
            ]
            splits.parts[f"by {dimension}"] = PartOutcome(rows=len(splits.rows[dimension]))
        progress(done=number, total=len(wanted), part=f"by {dimension}")
    return splits


def store_splits(splits: Splits, family: Family, *, now: datetime) -> int:
    """Replace the days that were answered, a dimension as a whole; return how many rows changed."""
    changed = 0
    for dimension, answered in splits.rows.items():
        rows: dict[_Key, BilledRow] = {}
        for covers, row in answered:
            pk = family.pks.get(row.account_id) if row.account_id else family.payer_pk
            if pk is not None:
                rows[pk, dimension, row.day, covers, row.service, row.value, row.currency] = row
        stored = BilledSplit.objects.filter(
            aws_account__in=family.pks.values(), dimension=dimension, day__in=splits.days[dimension]
        )
        vanished = [pk for pk, *key in stored.order_by().values_list("pk", *_KEY_COLUMNS) if tuple(key) not in rows]
        changed += BilledSplit.objects.filter(pk__in=vanished).delete()[0]
        changed += upsert(
            BilledSplit,
            [
                (*key, row.unblended_cost, row.amortized_cost, row.is_estimated, AwsBills.name, now)
                for key, row in rows.items()
            ],
            columns=(*_KEY_COLUMNS, "unblended_cost", "amortized_cost", "is_estimated", "source", "retrieved_at"),
            key=_KEY_COLUMNS,
        )
    return changed


def _days_to_ask(dimension: str, family: Family, bill: Bill, *, now: datetime) -> Sequence[date]:
    """The complete days of `bill` whose usage is not split as it stands there, in order."""
    days = sorted(day for day in bill.days if is_complete(day, now=now))
    told = _usage_told(bill, family, days)
    before = _usage_stored(family, days)
    split = _usage_split(dimension, family, days)
    sums = _by_day_and_currency(told)
    return [
        day
        for day in days
        if _differ(told.get(day, {}), before.get(day, {}))
        or any(_differ(sums.get(day, {}), one.get(day, {})) for one in split)
    ]


_ByDay = Mapping[date, Mapping[tuple[object, ...], Decimal]]


def _usage_told(bill: Bill, family: Family, days: Iterable[date]) -> _ByDay:
    wanted = set(days)
    sums: defaultdict[date, defaultdict[tuple[object, ...], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in bill.rows:
        if row.day in wanted and row.account_id in family.pks and row.record_type in USAGE_RECORD_TYPES:
            sums[row.day][family.pks[row.account_id], row.service, row.currency] += row.unblended_cost
    return sums


def _usage_stored(family: Family, days: Sequence[date]) -> _ByDay:
    rows = (
        BilledCost.objects.filter(aws_account__in=family.pks.values(), day__in=days, record_type__in=USAGE_RECORD_TYPES)
        .order_by()
        .values_list("day", "aws_account_id", "service", "currency")
        .annotate(cost=Sum("unblended_cost"))
    )
    return _gathered(rows)


def _usage_split(dimension: str, family: Family, days: Sequence[date]) -> list[_ByDay]:
    """The stored split by service, and of a family the one by account too, each summed over all."""
    rows = BilledSplit.objects.filter(aws_account__in=family.pks.values(), dimension=dimension, day__in=days)
    kinds = [~Q(service="", covers_members=False)]
    if not family.is_one:
        kinds = [Q(covers_members=True), Q(covers_members=False)]
    return [
        _gathered(rows.filter(kind).order_by().values_list("day", "currency").annotate(cost=Sum("unblended_cost")))
        for kind in kinds
    ]


def _gathered(rows: Iterable[tuple[object, ...]]) -> _ByDay:
    sums: defaultdict[date, dict[tuple[object, ...], Decimal]] = defaultdict(dict)
    for day, *key, cost in rows:
        sums[day][tuple(key)] = cost  # type: ignore[index,assignment] # as the queries above have them
    return sums


def _by_day_and_currency(told: _ByDay) -> _ByDay:
    sums: defaultdict[date, defaultdict[tuple[object, ...], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for day, costs in told.items():
        for (*_, currency), cost in costs.items():
            sums[day][currency,] += cost
    return sums


def _differ(one: Mapping[tuple[object, ...], Decimal], other: Mapping[tuple[object, ...], Decimal]) -> bool:
    """By a cent or more anywhere; less than that is how upstreams round."""
    return any(abs(one.get(key, Decimal(0)) - other.get(key, Decimal(0))) >= _CENT for key in one.keys() | other.keys())
