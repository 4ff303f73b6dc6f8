"""Checks of the figures: model against bill, hours aligned, the share of the totals on each grade, and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from accounts.models import AwsAccount
from accounts.selectors.health import DataHealth, Stand, data_health
from accounts.selectors.scope import Scope
from costing.estimators.money import shares_by_grade
from costing.estimators.tac import aligned_share
from costing.estimators.window import Window
from costing.selectors.advice import Advice, advice_for
from costing.selectors.bridges import BridgeLine, MonthCheck, month_checks
from costing.selectors.compared import Compared, compare, none_complete, usage_days
from costing.selectors.complete_days import billing_lag
from costing.selectors.figures import ALL_SOURCES, BILL_SOURCES, NO_LEDGER, NOTHING_RAN, has_simulated_readings
from costing.selectors.gaps import gaps_by_type
from costing.selectors.ledger_days import LedgerSum, added, ledger_days

CHECKED_SOURCES = (*ALL_SOURCES, *BILL_SOURCES)

_LEVELS = (0.5, 0.8, 0.95)  # of aligned hours; the last one is what a good day reaches
_MOST_SHOWN_DAYS = 92  # that a page has a column for


def _percent(share: float | None) -> str:
    return "–" if share is None else str(int(share * 100))


@dataclass(frozen=True, slots=True)
class DayAlignment:
    """TAC of one account on one UTC day."""

    day: date
    hours_with_runtime: int
    hours_aligned: int

    @property
    def aligned_share(self) -> float | None:
        """TAC; None where nothing ran."""
        return aligned_share(hours_aligned=self.hours_aligned, hours_with_runtime=self.hours_with_runtime)

    @property
    def level(self) -> int:
        """0 where nothing ran, else 1 (below half of the hours) to 4 (95 % and more)."""
        share = self.aligned_share
        return 0 if share is None else 1 + sum(share >= least for least in _LEVELS)

    @property
    def percent(self) -> str:
        """The share without its sign, rounded down, so that 100 means all."""
        return _percent(self.aligned_share)


@dataclass(frozen=True, slots=True)
class Trust:
    """How far some ledger days can be trusted."""

    hours_with_runtime: int
    hours_aligned: int
    aligned_share: float | None  # TAC
    aligned_reason: str
    cost_shares: Mapping[str, float]  # of list cost in USD, by grade
    energy_shares: Mapping[str, float]  # of kWh, by grade
    instance_days: int
    instance_days_without_price: int  # in no share
    instance_days_without_power: int
    instance_days_without_intensity: int

    @property
    def percent(self) -> str:
        """TAC without its sign, rounded down, so that 100 means all."""
        return _percent(self.aligned_share)


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """How far the figures of one account can be trusted. `trust` and `days` are of every complete day."""

    account: AwsAccount
    compared: Compared
    months: tuple[MonthCheck, ...]  # oldest first
    days: tuple[DayAlignment | None, ...]  # one for each complete day; None where there is no ledger
    ledger: LedgerSum
    trust: Trust
    stand: Stand

    @property
    def shown_days(self) -> tuple[DayAlignment | None, ...]:
        """The latest of the days, as many as a table has columns for."""
        return self.days[-_MOST_SHOWN_DAYS:]

    @property
    def known_days(self) -> list[DayAlignment]:
        """The complete days that have a ledger."""
        return [day for day in self.days if day is not None]


@dataclass(frozen=True, slots=True)
class Checks:
    """All accounts in scope, by name."""

    scope: Scope
    window: Window
    days: tuple[date, ...]  # the complete ones
    accounts: tuple[AccountCheck, ...]
    trust: Trust  # of all of them together
    advice: tuple[Advice, ...]  # what would raise it, most first
    health: DataHealth
    stand: Stand
    is_simulated: bool

    @property
    def shown_days(self) -> tuple[date, ...]:
        """The latest of the days, as many as a table has columns for."""
        return self.days[-_MOST_SHOWN_DAYS:]

    @property
    def shown_months(self) -> list[tuple[date, int]]:
        """The months of `shown_days`, and how many of these lie in each."""
        counts: dict[date, int] = {}
        for day in self.shown_days:
            counts[day.replace(day=1)] = counts.get(day.replace(day=1), 0) + 1
        return list(counts.items())

    @property
    def month_checks(self) -> list[tuple[AwsAccount, MonthCheck]]:
        """Every account's months, the latest first."""
        return [(each.account, check) for each in self.accounts for check in reversed(each.months)]


def checks(scope: Scope, window: Window) -> Checks:
    """Check the figures of `scope` in `window`: eight queries at most, however many accounts and days there are."""
    health = data_health(scope, now=window.now)
    accounts = list(scope.accounts().select_related("team").order_by("name", "account_id"))
    days = window.complete.days()
    ledger = ledger_days(scope, window.complete)
    billable = window.complete_after(billing_lag())
    usage = usage_days(scope, billable) if billable.days() else {}
    months = month_checks(scope, billable, usage, ledger, account_ids=[account.pk for account in accounts])
    found = tuple(
        _account_check(
            account,
            days,
            ledger.get(account.pk, {}),
            compared=compare(usage.get(account.pk, {}), ledger.get(account.pk, {}), billable.days())
            if billable.days()
            else none_complete(),
            months=months[account.pk],
            stand=health.stand(CHECKED_SOURCES, account_id=account.pk),
        )
        for account in accounts
    )
    whole = added(each.ledger for each in found)
    has_gaps = whole.instance_days_without_price or whole.instance_days_without_power
    return Checks(
        scope=scope,
        window=window,
        days=tuple(days),
        accounts=found,
        trust=trust_of(whole),
        advice=advice_for(
            {each.account.pk: each.ledger for each in found},
            {each.account.pk for each in found if each.compared.factor is None},
            health,
            gaps_by_type(scope, window.complete) if has_gaps else [],
        ),
        health=health,
        stand=health.stand(CHECKED_SOURCES),
        is_simulated=has_simulated_readings(scope, window),
    )


def trust_of(ledger: LedgerSum) -> Trust:
    """Shares of a sum of ledger days; each that cannot be told says why."""
    aligned = aligned_share(hours_aligned=ledger.hours_aligned, hours_with_runtime=ledger.hours_with_runtime)
    return Trust(
        hours_with_runtime=ledger.hours_with_runtime,
        hours_aligned=ledger.hours_aligned,
        aligned_share=aligned,
        aligned_reason="" if aligned is not None else NOTHING_RAN if ledger.instance_days else NO_LEDGER,
        cost_shares=shares_by_grade(ledger.cost_usd_by_grade.items()).by_grade,
        energy_shares=shares_by_grade(ledger.energy_kwh_by_grade.items()).by_grade,
        instance_days=ledger.instance_days,
        instance_days_without_price=ledger.instance_days_without_price,
        instance_days_without_power=ledger.instance_days_without_power,
        instance_days_without_intensity=ledger.instance_days_without_intensity,
    )


def _account_check(
    account: AwsAccount,
    days: Sequence[date],
    ledger: Mapping[date, LedgerSum],
    *,
    compared: Compared,
    months: tuple[MonthCheck, ...],
    stand: Stand,
) -> AccountCheck:
    summed = added(ledger.values())
    return AccountCheck(
        account=account,
        compared=compared,
        months=months,
        days=tuple(
            DayAlignment(day, ledger[day].hours_with_runtime, ledger[day].hours_aligned) if day in ledger else None
            for day in days
        ),
        ledger=summed,
        trust=trust_of(summed),
        stand=stand,
    )


@dataclass(frozen=True, slots=True)
class ShownBridge:
    """The bridge of one account and month."""

    account: AwsAccount
    check: MonthCheck
    lines: tuple[BridgeLine, ...]


def shown_bridge(answer: Checks, *, account_id: str = "", month: date | None = None) -> ShownBridge | None:
    """The bridge asked for; where that leaves a choice, of the latest month and in it of the largest bill."""
    found = [
        (check.month, check.bridge.billed.amount, each.account, check)
        for each in answer.accounts
        for check in each.months
        if check.bridge and account_id in {"", each.account.account_id} and month in {None, check.month}
    ]
    if not found:
        return None
    *_, account, check = max(found, key=lambda each: each[:2])
    return ShownBridge(account, check, tuple(check.lines))
