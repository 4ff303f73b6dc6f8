"""The overview: what the accounts in scope cost and emit, day by day and account by account."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.conf import settings
from django.db.models import Count

from accounts.models import SourceState
from accounts.selectors.aws_accounts import AccountRow, account_rows
from accounts.selectors.health import AccountHealth, DataHealth, SourceHealth, data_health
from accounts.selectors.runs import RunView
from accounts.selectors.scope import Scope
from carbon.models import CarbonReading
from costing.estimators.money import Rate
from costing.estimators.window import Window
from costing.models import DailyTotal
from costing.selectors.amounts import Amounts, amounts_of
from costing.selectors.billed import billed_cost
from costing.selectors.figures import Basis, Figure, Figures, figures_of
from costing.selectors.totals import daily_sums, grouped, total

SIMULATED = "simulated"


class Emptiness(StrEnum):
    """Why a page has no figures; each has its own words and its own next step."""

    NO_TEAM = "no_team"
    NO_ACCOUNT = "no_account"
    REFRESHING = "refreshing"
    LOGIN_NEEDED = "login_needed"
    DENIED = "denied"
    NOT_FETCHED = "not_fetched"
    REALLY_ZERO = "really_zero"
    NO_LEDGER = "no_ledger"
    NOT_IN_PERIOD = "not_in_period"


@dataclass(frozen=True, slots=True)
class DayLine:
    """One UTC day. An incomplete one is shown and counts in no total."""

    day: date
    is_complete: bool
    instance_count: int
    billed: tuple[tuple[str, Decimal], ...]  # currency and amount
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account with its figures over the complete days."""

    account: AccountRow
    figures: Figures
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
    def open_items(self) -> tuple[SourceHealth, ...]:
        """Sources that somebody has to look at."""
        return self.health.trouble

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


def overview(scope: Scope, window: Window, *, rate: Rate | None = None) -> Overview:
    """What the accounts of `scope` cost and emitted in `window`; list cost in the currency of `rate`.

    The number of queries does not grow with accounts, instances or days.
    """
    health = data_health(scope, now=window.now)
    simulated = has_simulated_readings(scope, window)
    basis = Basis(health=health, rate=rate, is_simulated=simulated)
    by_day = daily_sums(scope, window.period, "day")
    lines = grouped(by_day, "day")
    by_account = grouped(daily_sums(scope, window.complete, "aws_account_id"), "aws_account_id")
    days_by_account = _days_with_ledger(scope, window)
    billed = billed_cost(scope, window, health=health)
    health_of = {each.account_id: each for each in health.accounts}
    accounts = tuple(
        AccountLine(
            account=row,
            figures=figures_of(by_account.get((row.id,), total([])), replace(basis, account_id=row.id)),
            days_with_ledger=days_by_account.get(row.id, 0),
            health=health_of[row.id],
        )
        for row in account_rows(scope)
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
        emptiness=None if by_day else _why_empty(scope, accounts),
        is_simulated=simulated,
    )


def has_simulated_readings(scope: Scope, window: Window) -> bool:
    """Whether readings of a stand-in instead of a grid's stand behind figures of `window`."""
    if settings.SANDBOX:
        return True
    return (
        CarbonReading.objects.visible_to(scope.user)
        .filter(source=SIMULATED)
        .during(window.period)
        .filter(zone__cloud_regions__region__in=scope.instances().order_by().values("region"))
        .exists()
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


_HOPELESS = {SourceState.LOGIN_NEEDED: Emptiness.LOGIN_NEEDED, SourceState.DENIED: Emptiness.DENIED}


def _why_empty(scope: Scope, accounts: tuple[AccountLine, ...]) -> Emptiness:  # noqa: PLR0911 (one line a reason)
    """Why no account has a ledger in the window: what is still to happen comes before what went wrong."""
    if not scope.teams:
        return Emptiness.NO_TEAM
    if not accounts:
        return Emptiness.NO_ACCOUNT
    if any(line.account.latest_run and line.account.latest_run.is_active for line in accounts):
        return Emptiness.REFRESHING
    inventories = [source for line in accounts for source in line.health.sources if source.source.name == "aws_ec2"]
    for state, emptiness in _HOPELESS.items():
        if any(source.state == state for source in inventories):
            return emptiness
    if all(source.last_success_at is None for source in inventories):
        return Emptiness.NOT_FETCHED
    if not any(line.account.known_instance_count for line in accounts):
        return Emptiness.REALLY_ZERO
    return Emptiness.NO_LEDGER if not has_ledger(scope) else Emptiness.NOT_IN_PERIOD


def has_ledger(scope: Scope) -> bool:
    """Whether anything was ever derived for the accounts in scope."""
    return DailyTotal.objects.visible_to(scope.user).filter(aws_account__in=scope.accounts()).exists()
