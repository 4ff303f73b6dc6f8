"""The bill as the explorer sums it: by service and record type, or its usage by region or usage type."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q

from accounts.selectors.scope import Scope
from costing.estimators.exploration import Every, buckets
from costing.models import BilledCost, BilledMonth, BilledSplit, BilledStand, BilledTotal
from costing.selectors.explorer.facts import Facts, Joined
from costing.selectors.explorer.question import SPLITS, Dimension, Measure, Question
from finops.core.periods import DAY

_PLACES = Decimal("0.0000000001")  # as Cost Explorer's amounts are stored
_OWNERS = {Dimension.TEAM: "aws_account__team__slug", Dimension.ACCOUNT: "aws_account__account_id"}


@dataclass(frozen=True, slots=True)
class BillFacts:
    """What is summed; `whole` is the bill that a split has to add up to, where the split narrows nothing.

    `overall` has the same sum over all groups, from fewer rows.
    """

    facts: Facts | Joined
    whole: Facts | Joined | None = None
    overall: Facts | Joined | None = None


def bill_facts(scope: Scope, question: Question, days: tuple[date, date]) -> BillFacts:
    """The bill's rows that `question` asks about, over `days` and as many before; both ends belong to them."""
    split = next(iter(question.used & SPLITS), None)
    holds = _totals_hold(scope)
    whole = _whole(scope, question, days, totals_hold=holds)
    if split is None:
        return BillFacts(whole, None, _whole(scope, replace(question, group_by=()), days, totals_hold=holds))
    rows = BilledSplit.objects.visible_to(scope.user).filter(
        _kind(question), aws_account__in=scope.accounts(), dimension=split
    )
    facts = _facts(rows, question, {**_OWNERS, Dimension.SERVICE: "service", split: "value"})
    return BillFacts(facts, None if split in question.filters else whole)


def _whole(scope: Scope, question: Question, days: tuple[date, date], *, totals_hold: bool) -> Facts | Joined:
    """The bill itself: from what is added up by service, account or month where that says enough, else its rows."""
    used = question.used - SPLITS
    by_service = {Dimension.TEAM: "team__slug", Dimension.SERVICE: "service", Dimension.RECORD_TYPE: "record_type"}
    by_account = {Dimension.TEAM: "team__slug", Dimension.ACCOUNT: "aws_account__account_id"}
    by_all = {**_OWNERS, Dimension.SERVICE: "service", Dimension.RECORD_TYPE: "record_type"}
    columns = next((each for each in (by_service, by_account) if used <= each.keys()), None)
    bills = BilledCost.objects.visible_to(scope.user).filter(aws_account__in=scope.accounts())
    if (columns is None and question.every is not Every.MONTH) or not totals_hold:
        return _facts(bills, question, by_all)
    if columns is not None:
        teams = [scope.team] if scope.team else scope.teams
        totals = BilledTotal.objects.visible_to(scope.user).filter(
            team__in=teams, aws_account__isnull=Dimension.ACCOUNT not in columns
        )
        return _facts(totals, question, columns)
    months, rest = _whole_months(*days)
    added_up = BilledMonth.objects.visible_to(scope.user).filter(aws_account__in=scope.accounts(), day__in=months)
    return Joined((_facts(added_up, question, by_all), _facts(bills.filter(rest), question, by_all)))


def _whole_months(first: date, last: date) -> tuple[list[date], Q]:
    """The months that lie wholly in the period or wholly in the one before it; and the days of both that remain."""
    before = first - ((last - first).days + 1) * DAY
    months, rest = [], Q(pk__in=[])
    for since, until in ((before, first - DAY), (first, last)):
        for bucket in buckets(since, until, Every.MONTH):
            if bucket.is_partial:
                rest |= Q(day__gte=bucket.first, day__lte=bucket.last)
            else:
                months.append(bucket.starts)
    return months, rest


def _totals_hold(scope: Scope) -> bool:
    """Whether the totals of all teams in scope are of accounts that are still to be seen; two queries."""
    visible: defaultdict[int, set[int]] = defaultdict(set)
    for pk, team_id in scope.accounts().order_by().values_list("pk", "team_id"):
        visible[team_id].add(pk)
    stands = dict(BilledStand.objects.visible_to(scope.user).values_list("team_id", "account_ids"))
    return all(team in stands and set(stands[team]) <= accounts for team, accounts in visible.items())


def why_not_split(scope: Scope, question: Question, first: date, last: date) -> str:
    """Why the bills of these accounts do not answer the question, as a sentence; empty where they do.

    A payer's bill is told by two of service, account and region (or usage type), not by all three. One query,
    and only where all three are asked for.
    """
    if not question.used & SPLITS or not question.used >= {Dimension.SERVICE, Dimension.ACCOUNT}:
        return ""
    account = question.filters.get(Dimension.ACCOUNT)
    of_members = (
        BilledSplit.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts(), day__gte=first, day__lte=last, service="", covers_members=False)
        .filter(Q(aws_account__account_id=account) if account is not None else Q())
    )
    if not of_members.exists():
        return ""
    return (
        "A payer's bill is told by two things at a time, so service, account and region (or usage type) are not "
        "known together for the accounts it pays for. Leave one of the three out."
    )


def _kind(question: Question) -> Q:
    """Which of the two ways a payer's usage is told; an account on its own has but one."""
    if Dimension.SERVICE in question.used and Dimension.ACCOUNT not in question.used:
        return ~Q(service="")
    return Q(covers_members=False)


def _facts(rows: Any, question: Question, columns: Mapping[Dimension, str]) -> Facts:
    all_rows = rows
    for dimension, value in question.filters.items():
        if dimension in columns:
            rows = rows.filter(**{columns[dimension]: value})
    return Facts(
        rows=rows,
        all_rows=all_rows,
        columns={str(dimension): column for dimension, column in columns.items()},
        unit=None,
        amount=F("unblended_cost" if question.measure is Measure.BILLED else "amortized_cost"),
        places=_PLACES,
    )
