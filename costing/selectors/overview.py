"""The overview: what the accounts in scope cost and emit, day by day and account by account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.selectors.aws_accounts import AccountRow, account_rows, listed_accounts
from accounts.selectors.health import AccountHealth, DataHealth, OpenItem, data_health
from accounts.selectors.runs import RunView
from accounts.selectors.scope import Scope
from carbon.selectors.now import ZoneNow, zones_now
from costing.estimators.window import Window
from costing.selectors.amounts import Amounts, amounts_of
from costing.selectors.billed import BilledAmount, billed_cost
from costing.selectors.emptiness import Emptiness, why_empty
from costing.selectors.figures import Basis, Figure, Figures, basis_for, figures_of
from costing.selectors.ledger_sums import LedgerSums, SparkDay, ledger_sums
from costing.selectors.month import Compared, Month, choose, month_so_far, reach, stretches
from costing.selectors.movers import Movers
from costing.selectors.totals import grouped, total

SHOWN_DAYS = 93  # single days on a page; its figures and its chart are of all


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
    spark: tuple[SparkDay, ...]  # each complete day
    days_with_ledger: int
    health: AccountHealth

    @property
    def spark_costs(self) -> tuple[Decimal | None, ...]:
        """List cost of the latest complete days, in US dollars: only their proportions are drawn."""
        return tuple(day.list_cost_usd for day in self.spark[-SHOWN_DAYS:])

    @property
    def spark_label(self) -> str:
        """What the drawn days say, for those who do not see them."""
        known = [cost for cost in self.spark_costs if cost is not None]
        if not known:
            return "No day has a known list cost."
        return f"List cost of {len(known)} days, from USD {min(known):.2f} to USD {max(known):.2f} a day."


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the overview shows; the same for page and API."""

    scope: Scope
    window: Window
    currency: str
    figures: Figures
    month: Month
    billed: tuple[Figure, ...]
    days: tuple[DayLine, ...]
    accounts: tuple[AccountLine, ...]
    compared: Compared  # the days that movers are about
    movers: Movers | None  # None where no two equal stretches have a ledger
    zones: tuple[ZoneNow, ...]
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
    def high_zones(self) -> tuple[ZoneNow, ...]:
        """Grids in use that have crossed their upper threshold."""
        return tuple(zone for zone in self.zones if zone.is_high)

    @property
    def recent_days(self) -> tuple[DayLine, ...]:
        """The latest days, as many as a page holds."""
        return self.days[-SHOWN_DAYS:]

    @property
    def earlier_day_count(self) -> int:
        """How many days come before those; the API has them all."""
        return len(self.days) - len(self.recent_days)

    @property
    def known_bills(self) -> tuple[Figure, ...]:
        """The billed cost of each currency in which anything was billed."""
        return tuple(figure for figure in self.billed if figure.value is not None)

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
    listed = listed_accounts(scope)
    health = data_health(scope, now=window.now, accounts=listed)
    basis = basis_for(scope, window, health=health)
    candidates = stretches(window)
    ledger = ledger_sums(scope, window, reach(window), candidates, health=health)
    lines = {day: totals for (day,), totals in grouped(ledger.by_day, "day").items()}
    compared = choose(candidates, lines, ledger.groups)
    billed = billed_cost(scope, window, health=health)
    rows = account_rows(scope, accounts=listed)
    complete = set(window.complete.days())
    in_window = [row for row in ledger.by_day if window.first <= row["day"] <= window.last]
    return Overview(
        scope=scope,
        window=window,
        currency=basis.currency,
        figures=figures_of(total(row for row in in_window if row["day"] in complete), basis),
        month=month_so_far(window, lines, ledger.by_day, basis, compared),
        billed=billed.figures,
        days=tuple(
            DayLine(
                day=day,
                is_complete=day in complete,
                instance_count=lines[day].instance_days if day in lines else 0,
                billed=billed.by_day.get(day, ()),
                amounts=amounts_of(lines.get(day) or total([]), basis),
            )
            for day in window.period.days()
        ),
        accounts=_account_lines(window, rows, ledger, basis),
        compared=compared,
        movers=None if compared.number is None else ledger.groups.movers(compared.number, basis),
        zones=tuple(zones_now(scope, now=window.now)),
        days_with_ledger=sum(day in lines for day in complete),
        days_asked=len(complete),
        health=health,
        emptiness=None if in_window else why_empty(scope, rows, health),
        is_simulated=basis.is_simulated,
    )


def _account_lines(
    window: Window, rows: Sequence[AccountRow], ledger: LedgerSums, basis: Basis
) -> tuple[AccountLine, ...]:
    by_account = grouped(ledger.by_account, "aws_account_id")
    sparks = ledger.by_account_and_day
    health_of = {each.account_id: each for each in basis.health.accounts}
    return tuple(
        AccountLine(
            account=row,
            figures=figures_of(by_account.get((row.id,), total([])), basis.for_account(row.id)),
            spark=tuple(sparks.get((row.id, day), SparkDay(day, None, None)) for day in window.complete.days()),
            days_with_ledger=sum((row.id, day) in sparks for day in window.complete.days()),
            health=health_of[row.id],
        )
        for row in rows
    )
