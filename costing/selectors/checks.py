"""Checks of the figures: model against bill, hours aligned, and the share of the totals on each grade."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, Sum

from accounts.selectors.aws_accounts import AccountRow, account_rows
from accounts.selectors.health import Stand, data_health
from accounts.selectors.scope import Scope
from costing.estimators.money import USD, Money, shares_by_grade
from costing.estimators.tac import aligned_share
from costing.estimators.validation import ValidationQuality, validation
from costing.estimators.window import Window
from costing.models import BilledCost, DailyTotal, Grade
from costing.models.billed_cost import BilledCostQuerySet
from costing.selectors.complete_days import billing_lag
from costing.selectors.figures import ALL_SOURCES, BILL_SOURCES, NO_LEDGER, NOTHING_RAN, basis_for
from costing.selectors.totals import Totals, daily_sums, grouped, total
from finops.core.periods import HOUR, Period

CHECKED_SOURCES = (*ALL_SOURCES, *BILL_SOURCES)

NO_COMMON_DAY = "No day has both a bill and a ledger."
NO_COMPUTE = "The bill of these days has no EC2 compute usage, so there is nothing to compare the model with."

_PLACES = Decimal("0.0000000001")  # as Cost Explorer's amounts are stored


@dataclass(frozen=True, slots=True)
class BilledCompute:
    """What EC2 compute usage was billed in one currency."""

    currency: str
    unblended_cost: Decimal
    amortized_cost: Decimal


@dataclass(frozen=True, slots=True)
class Compared:
    """Bill and model of one account over the same scope: EC2 compute usage of `days`, and of no other day."""

    days: tuple[date, ...]  # complete for billing, with a bill and with a ledger
    billed: tuple[BilledCompute, ...]
    modelled_usd: Decimal | None  # list cost
    instance_days: int  # in the model
    instance_days_without_price: int  # of these, with an hour or more that the model leaves out
    factor: float | None  # unblended / modelled
    quality: ValidationQuality | None
    reason: str  # why there is no factor


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """How far the figures of one account can be trusted. All but `compared` is of every complete day."""

    account: AccountRow
    compared: Compared
    hours_with_runtime: int
    hours_aligned: int
    aligned_share: float | None  # TAC
    aligned_reason: str
    cost_shares: Mapping[str, float]  # of list cost in USD, by grade
    energy_shares: Mapping[str, float]  # of kWh, by grade
    instance_days: int
    instance_days_without_price: int  # in no share
    instance_days_without_power: int
    stand: Stand


@dataclass(frozen=True, slots=True)
class Checks:
    """All accounts in scope, by name."""

    scope: Scope
    window: Window
    accounts: tuple[AccountCheck, ...]
    stand: Stand
    is_simulated: bool


def checks(scope: Scope, window: Window) -> Checks:
    """Check the figures of `scope` in `window`. The number of queries does not grow with accounts or days."""
    health = data_health(scope, now=window.now)
    rows = account_rows(scope)
    by_account = grouped(daily_sums(scope, window.complete, "aws_account_id"), "aws_account_id")
    compared = compared_costs(scope, window, account_ids=[row.id for row in rows])
    return Checks(
        scope=scope,
        window=window,
        accounts=tuple(
            _account_check(
                row,
                compared[row.id],
                by_account.get((row.id,), total([])),
                health.stand(CHECKED_SOURCES, account_id=row.id),
            )
            for row in rows
        ),
        stand=health.stand(CHECKED_SOURCES),
        is_simulated=basis_for(scope, window, health=health).is_simulated,
    )


def _account_check(row: AccountRow, compared: Compared, totals: Totals, stand: Stand) -> AccountCheck:
    aligned = aligned_share(hours_aligned=totals.hours_aligned, hours_with_runtime=totals.hours_with_runtime)
    reason = NOTHING_RAN if totals.instance_days else NO_LEDGER
    return AccountCheck(
        account=row,
        compared=compared,
        hours_with_runtime=totals.hours_with_runtime,
        hours_aligned=totals.hours_aligned,
        aligned_share=aligned,
        aligned_reason=reason if aligned is None else "",
        cost_shares=shares_by_grade(totals.cost_usd_by_grade.items()).by_grade,
        energy_shares=shares_by_grade(totals.energy_kwh_by_grade.items()).by_grade,
        instance_days=totals.instance_days,
        instance_days_without_price=totals.days_without_price,
        instance_days_without_power=totals.days_without_power,
        stand=stand,
    )


def compared_costs(scope: Scope, window: Window, *, account_ids: Iterable[int]) -> dict[int, Compared]:
    """Bill and model of each of `account_ids`, in four queries.

    A day counts where its bill no longer grows (BILLING_LAG_HOURS), has any row, and the ledger has the day
    too; a bill with rows but none of EC2 compute is a bill of nothing for compute, not an unknown one.
    """
    period = window.complete_after(billing_lag())
    if not period.days():
        hours = billing_lag() // HOUR
        reason = f"No day of this period has a complete bill: it goes on growing for {hours} hours after the day."
        return {account_id: _not_compared(reason) for account_id in account_ids}
    billed_days = _days_by_account(_bills(scope, period).values_list("aws_account_id", "day").distinct())
    ledger_days = _days_by_account(
        DailyTotal.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .during(period)
        .order_by()
        .values_list("aws_account_id", "day")
        .distinct()
    )
    billed = _billed_compute(scope, period)
    has_bill = Q(Exists(BilledCost.objects.filter(aws_account=OuterRef("aws_account"), day=OuterRef("day"))))
    modelled = grouped(daily_sums(scope, period, "aws_account_id", where=has_bill), "aws_account_id")
    return {
        account_id: _compare(
            billed_days.get(account_id, set()),
            ledger_days.get(account_id, set()),
            billed.get(account_id, ()),
            modelled.get((account_id,), total([])),
        )
        for account_id in account_ids
    }


def _compare(
    billed_days: set[date], ledger_days: set[date], billed: tuple[BilledCompute, ...], modelled: Totals
) -> Compared:
    days = tuple(sorted(billed_days & ledger_days))
    if not billed_days:
        return _not_compared(validation(billed=None, modelled=None).reason)
    if not days:
        return _not_compared(NO_COMMON_DAY if ledger_days else NO_LEDGER)
    factor, quality, reason = None, None, ""
    if not billed:
        reason = NO_COMPUTE
    elif len(billed) > 1:
        # A factor of one currency would hold a part of the bill against the whole model.
        reason = f"The bill is in {' and '.join(each.currency for each in billed)}; it is not compared as a whole."
    else:
        model = None if modelled.list_cost_usd is None else Money(modelled.list_cost_usd, USD)
        answer = validation(billed=Money(billed[0].unblended_cost, billed[0].currency), modelled=model)
        factor = None if answer.factor is None else float(answer.factor)
        quality, reason = answer.quality, answer.reason
    return Compared(
        days=days,
        billed=billed,
        modelled_usd=modelled.list_cost_usd,
        instance_days=modelled.instance_days,
        instance_days_without_price=modelled.days_by_cost_grade.get(Grade.MISSING, 0),
        factor=factor,
        quality=quality,
        reason=reason,
    )


def _not_compared(reason: str) -> Compared:
    return Compared((), (), None, 0, 0, None, None, reason)


def _bills(scope: Scope, period: Period) -> BilledCostQuerySet:
    days = period.days()
    return (
        BilledCost.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts(), day__gte=days[0], day__lte=days[-1])
        .order_by()
    )


def _billed_compute(scope: Scope, period: Period) -> dict[int, tuple[BilledCompute, ...]]:
    """By account and then currency, of the days that the ledger has."""
    rows = (
        _bills(scope, period)
        .of_compute_usage()
        .filter(Exists(DailyTotal.objects.filter(aws_account=OuterRef("aws_account"), day=OuterRef("day"))))
        .order_by("currency")
        .values_list("aws_account_id", "currency")
        .annotate(unblended=Sum("unblended_cost"), amortized=Sum("amortized_cost"))
    )
    by_account: defaultdict[int, list[BilledCompute]] = defaultdict(list)
    for account_id, currency, unblended, amortized in rows:
        by_account[account_id].append(BilledCompute(currency, unblended.quantize(_PLACES), amortized.quantize(_PLACES)))
    return {account_id: tuple(sums) for account_id, sums in by_account.items()}


def _days_by_account(pairs: Iterable[tuple[int, date]]) -> dict[int, set[date]]:
    days: defaultdict[int, set[date]] = defaultdict(set)
    for account_id, day in pairs:
        days[account_id].add(day)
    return days
