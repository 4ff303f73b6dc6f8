"""The instances in scope, filtered, sorted and cut into pages, with totals that equal the filter."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, FilteredRelation, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast

from accounts.models import Instance, SourceState
from accounts.models.instance import InstanceQuerySet
from accounts.selectors.aws_accounts import account_rows
from accounts.selectors.health import DataHealth, SourceHealth, data_health
from accounts.selectors.scope import Scope
from costing.estimators.comparison import last_complete_day
from costing.estimators.window import LEDGER_LAG, Window
from costing.models import WINDOWS, CostSnapshot, DailyTotal, WindowStand, WindowTotal
from costing.selectors.amounts import Amounts, amounts_of
from costing.selectors.emptiness import Emptiness, why_empty
from costing.selectors.figures import Basis, Figures, basis_for, figures_of
from costing.selectors.instance_filter import BY_COLUMN, BY_SUM, Choices, Wanted, choices, matching, state_of
from costing.selectors.totals import Sums, Totals, daily_sums, grouped, snapshot_sums, total, window_sums
from finops.core.pages import Order, Page, Position, page_of

_INVENTORY = "aws_ec2"
_AT_ONCE = 500
_MOST_INSTANCES = 1_000_000


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """One instance with its sums over the complete days."""

    id: int
    instance_id: str
    name: str
    account_pk: int
    account_id: str
    account_name: str
    region: str
    availability_zone: str
    instance_type: str
    state: str  # "gone" where a complete inventory had it no more
    lifecycle: str
    tenancy: str
    platform: str
    tags: Mapping[str, str]
    launched_at: datetime | None
    gone_at: datetime | None
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class InstanceList:
    """One page of the list, and the figures of everything that the filter lets through."""

    scope: Scope
    window: Window
    wanted: Wanted
    currency: str
    lines: tuple[InstanceLine, ...]
    page: Page[dict[str, Any]]
    count: int
    figures: Figures
    choices: Choices
    health: DataHealth
    emptiness: Emptiness | None
    is_simulated: bool

    @property
    def unlisted(self) -> list[SourceHealth]:
        """The accounts whose instances nobody could list lately, or ever: some may be missing here."""
        return [
            source
            for source in self.health.of([_INVENTORY])
            if source.last_success_at is None or source.state in {SourceState.DENIED, SourceState.LOGIN_NEEDED}
        ]

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.count // self.wanted.position.size))


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What sums over single instances are read from: ledger rows, or the same added up where that is up to date."""

    scope: Scope
    window: Window
    days: int | None  # of the window totals that hold this very window; None: rows

    @classmethod
    def of(cls, scope: Scope, window: Window) -> "_Ledger":
        complete = window.complete.days()
        last = last_complete_day(now=window.now, lag=LEDGER_LAG)
        if len(complete) not in WINDOWS or complete[-1] != last:
            return cls(scope, window, None)
        # While an account's ledger changes its totals do not count; the rows do.
        behind = (
            DailyTotal.objects.visible_to(scope.user)
            .filter(aws_account__in=scope.accounts())
            .during(window.complete)
            .exclude(
                aws_account__in=WindowStand.objects.visible_to(scope.user).filter(last_day=last).values("aws_account")
            )
        )
        return cls(scope, window, None if behind.exists() else len(complete))

    def sums(self, instances: InstanceQuerySet | list[int], *keys: str) -> list[Sums]:
        """The sums over `instances` by `keys`, in one query."""
        if self.days is None:
            rows = CostSnapshot.objects.visible_to(self.scope.user).during(self.window.complete)
            return snapshot_sums(rows.filter(instance__in=instances), *keys)
        totals = WindowTotal.objects.visible_to(self.scope.user).by_grade().filter(days=self.days)
        return window_sums(totals.filter(instance__in=instances), *keys)

    def ordered_by_sum(self, instances: InstanceQuerySet, column: str) -> QuerySet[Instance, dict[str, Any]]:
        """Keys of the instances with `ordered_by`, their sum of `column`; those without a ledger stay in the list."""
        # As a float, for a cursor has to find the very sum again, and SQLite rounds decimals when it gives them.
        if self.days is not None:
            whole = Q(window_totals__days=self.days, window_totals__cost_grade="", window_totals__carbon_grade="")
            with_totals: Any = instances.annotate(ledger=FilteredRelation("window_totals", condition=whole))
            totals: QuerySet[Instance, dict[str, Any]] = with_totals.annotate(
                ordered_by=Cast(F(f"ledger__{column}"), FloatField())
            ).values("pk", "ordered_by")
            return totals
        days = self.window.complete.days() or [self.window.first]
        rows = Q(cost_snapshots__day__gte=days[0], cost_snapshots__day__lte=days[-1])
        with_rows: Any = instances.annotate(ledger=FilteredRelation("cost_snapshots", condition=rows))
        sums: QuerySet[Instance, dict[str, Any]] = with_rows.values("pk").annotate(
            ordered_by=Cast(Sum(f"ledger__{column}"), FloatField())
        )
        return sums


def instance_list(scope: Scope, window: Window, wanted: Wanted) -> InstanceList:
    """The page that `wanted` asks for; empty beyond the last one. Queries do not grow with instances or days."""
    health = data_health(scope, now=window.now)
    basis = basis_for(scope, window, health=health)
    ledger = _Ledger.of(scope, window)
    found = matching(scope, window, wanted)
    # The keys first: sorting by a sum groups the whole list, and whole rows would be carried along.
    page = page_of(*_ordered(found, ledger, wanted.ordering), wanted.position, counts=True)
    count = found.count() if page.count is None else page.count
    return InstanceList(
        scope=scope,
        window=window,
        wanted=wanted,
        currency=basis.currency,
        lines=tuple(_lines(ledger, basis, [row["pk"] for row in page.rows])),
        page=page,
        count=count,
        figures=figures_of(_total(ledger, wanted, found), basis),
        choices=choices(scope, health),
        health=health,
        emptiness=None if count else _why_empty(scope, wanted, health),
        is_simulated=basis.is_simulated,
    )


def all_instances(scope: Scope, window: Window, wanted: Wanted) -> tuple[Basis, Iterator[InstanceLine]]:
    """Every line of the list in its order, read as they are asked for, and what their numbers are made of."""
    basis = basis_for(scope, window, health=data_health(scope, now=window.now))
    ledger = _Ledger.of(scope, window)
    queryset, order = _ordered(matching(scope, window, wanted), ledger, wanted.ordering)
    keys = [row["pk"] for row in page_of(queryset, order, Position(size=_MOST_INSTANCES)).rows]
    pieces = (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
    return basis, (line for piece in pieces for line in _lines(ledger, basis, piece))


def _lines(ledger: _Ledger, basis: Basis, keys: list[int]) -> Iterator[InstanceLine]:
    """The instances with these keys and their sums, in the order of the keys; two queries."""
    found = ledger.scope.instances().select_related("aws_account").in_bulk(keys)
    sums = grouped(ledger.sums(keys, "instance_id"), "instance_id")
    for instance in (found[key] for key in keys if key in found):
        yield InstanceLine(
            id=instance.pk,
            instance_id=instance.instance_id,
            name=instance.name,
            account_pk=instance.aws_account_id,
            account_id=instance.aws_account.account_id,
            account_name=instance.aws_account.name,
            region=instance.region,
            availability_zone=instance.availability_zone,
            instance_type=instance.instance_type,
            state=state_of(instance, ledger.window),
            lifecycle=instance.lifecycle,
            tenancy=instance.tenancy,
            platform=instance.platform_details,
            tags=instance.tags,
            launched_at=instance.launched_at,
            gone_at=instance.gone_at,
            amounts=amounts_of(sums.get((instance.pk,)) or total([]), basis),
        )


def _ordered(
    instances: InstanceQuerySet, ledger: _Ledger, ordering: str
) -> tuple[QuerySet[Instance, dict[str, Any]], list[Order]]:
    """Keys of the instances and what they are ordered by, and that order."""
    word, is_descending = ordering.removeprefix("-"), ordering.startswith("-")
    if word in BY_SUM:
        order = [Order("ordered_by", is_descending, is_nullable=True), Order("pk")]
        return ledger.ordered_by_sum(instances, BY_SUM[word]), order
    column = BY_COLUMN[word]
    return instances.values("pk", column), [
        Order(column, is_descending, is_nullable=word == "launched"),
        Order("pk"),
    ]


def _why_empty(scope: Scope, wanted: Wanted, health: DataHealth) -> Emptiness:
    if not scope.instances().exists():
        return why_empty(scope, account_rows(scope), health)
    return Emptiness.NOT_IN_PERIOD if wanted.narrows_nothing else Emptiness.FILTERED


def _total(ledger: _Ledger, wanted: Wanted, instances: InstanceQuerySet) -> Totals:
    """The sum over everything that matches; over the daily totals where they hold the filter apart."""
    if wanted.needs_instances:
        return total(ledger.sums(instances))
    where = Q()
    if wanted.account:
        where &= Q(aws_account__account_id=wanted.account)
    if wanted.region:
        where &= Q(region=wanted.region)
    return total(daily_sums(ledger.scope, ledger.window.complete, where=where))
