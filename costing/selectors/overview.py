"""The overview: what the accounts in scope cost and emit, day by day and account by account."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from accounts.selectors.aws_accounts import AccountRow, account_rows
from accounts.selectors.health import AccountHealth, DataHealth, OpenItem, data_health
from accounts.selectors.runs import RunView
from accounts.selectors.scope import Scope
from costing.estimators.window import Window
from costing.models import DailyTotal
from costing.selectors.amounts import Amounts, amounts_of
from costing.selectors.billed import BilledAmount, billed_cost
from costing.selectors.checks import Compared, compared_costs
from costing.selectors.emptiness import Emptiness, why_empty
from costing.selectors.figures import Figure, Figures, basis_for, figures_of
from costing.selectors.totals import daily_sums, grouped, total


@dataclass(frozen=True, slots=True)
class DayLine:
    """One UTC day. An incomplete one is shown and counts in no total."""

    day: date
    is_complete: bool
    instance_count: int
    billed: tuple[BilledAmount, ...]
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account with its figures over the complete days."""

    account: AccountRow
    figures: Figures
    compared: Compared
    days_with_ledger: int
    health: AccountHealth


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the overview shows; the same for page and API."""

    scope: Scope
    window: Window
    currency: str
    figures: Figures
    billed: tuple[Figure, ...]
    days: tuple[DayLine, ...]
    accounts: tuple[AccountLine, ...]
    days_with_ledger: int  # complete ones
    days_asked: int
    health: DataHealth
    emptiness: Emptiness | None
    is_simulated: bool

    @property
    def open_items(self) -> tuple[OpenItem, ...]:
        """What somebody has to look at."""
        return self.health.open_items

    @property
    def active_runs(self) -> tuple[RunView, ...]:
        """Refreshes that are going on or wait."""
        runs = (line.account.latest_run for line in self.accounts)
        return tuple(run for run in runs if run is not None and run.is_active)

    @property
    def parked_runs(self) -> tuple[RunView, ...]:
        """Refreshes that failed too often to be tried again by themselves."""
        runs = (line.account.latest_run for line in self.accounts)
        return tuple(run for run in runs if run is not None and run.state == "parked")


def overview(scope: Scope, window: Window) -> Overview:
    """What the accounts of `scope` cost and emitted in `window`.

    The number of queries does not grow with accounts, instances or days.
    """
    health = data_health(scope, now=window.now)
    basis = basis_for(scope, window, health=health)
    by_day = daily_sums(scope, window.period, "day")
    lines = grouped(by_day, "day")
    by_account = grouped(daily_sums(scope, window.complete, "aws_account_id"), "aws_account_id")
    days_by_account = _days_with_ledger(scope, window)
    billed = billed_cost(scope, window, health=health)
    health_of = {each.account_id: each for each in health.accounts}
    rows = account_rows(scope)
    compared = compared_costs(scope, window, account_ids=[row.id for row in rows])
    accounts = tuple(
        AccountLine(
            account=row,
            figures=figures_of(by_account.get((row.id,), total([])), basis.for_account(row.id)),
            compared=compared[row.id],
            days_with_ledger=days_by_account.get(row.id, 0),
            health=health_of[row.id],
        )
        for row in rows
    )
    complete = set(window.complete.days())
    return Overview(
        scope=scope,
        window=window,
        currency=basis.currency,
        figures=figures_of(total(sums for sums in by_day if sums["day"] in complete), basis),
        billed=billed.figures,
        days=tuple(
            DayLine(
                day=day,
                is_complete=day in complete,
                instance_count=lines[day,].instance_days if (day,) in lines else 0,
                billed=billed.by_day.get(day, ()),
                amounts=amounts_of(lines.get((day,)) or total([]), basis),
            )
            for day in window.period.days()
        ),
        accounts=accounts,
        days_with_ledger=sum((day,) in lines for day in complete),
        days_asked=len(complete),
        health=health,
        emptiness=None if by_day else why_empty(scope, rows, health),
        is_simulated=basis.is_simulated,
    )


def _days_with_ledger(scope: Scope, window: Window) -> dict[int, int]:
    rows = (
        DailyTotal.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .during(window.complete)
        .order_by()
        .values("aws_account_id")
        .annotate(days=Count("day", distinct=True))
    )
    return {row["aws_account_id"]: row["days"] for row in rows}
