"""Bill and model of accounts over the same scope: EC2 compute usage of days that both sides have."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q, Sum

from accounts.selectors.scope import Scope
from costing.estimators.money import USD, Money
from costing.estimators.validation import EC2_COMPUTE, USAGE_RECORD_TYPES, ValidationQuality, validation
from costing.models import BilledCost
from costing.models.billed_cost import BilledCostQuerySet
from costing.selectors.complete_days import billing_lag
from costing.selectors.figures import NO_LEDGER
from costing.selectors.ledger_days import LedgerSum, added
from finops.core.periods import HOUR, Period

NO_COMMON_DAY = "No day has both a bill and a ledger."
NO_COMPUTE = "The bill of these days has no EC2 compute usage, so there is nothing to compare the model with."

_PLACES = Decimal("0.0000000001")  # as Cost Explorer's amounts are stored
IS_COMPUTE_USAGE = Q(service=EC2_COMPUTE, record_type__in=USAGE_RECORD_TYPES)


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


class UsageDay(NamedTuple):
    """EC2 compute usage of one day in one currency; None where the bill has none of it."""

    unblended_cost: Decimal | None
    amortized_cost: Decimal | None


UsageDays = Mapping[date, Mapping[str, UsageDay]]  # day → currency; a day is here where its bill has any row


def usage_days(scope: Scope, period: Period) -> dict[int, UsageDays]:
    """EC2 compute usage as billed, by account, day and currency; one query.

    A day whose bill has rows but none of EC2 compute was free of it, which is known; that of a day without any
    row is not known.
    """
    found: defaultdict[int, defaultdict[date, dict[str, UsageDay]]] = defaultdict(lambda: defaultdict(dict))
    rows = (
        bills(scope, period)
        .values_list("aws_account_id", "day", "currency")
        .annotate(
            unblended=Sum("unblended_cost", filter=IS_COMPUTE_USAGE),
            amortized=Sum("amortized_cost", filter=IS_COMPUTE_USAGE),
        )
    )
    for account_id, day, currency, unblended, amortized in rows:
        found[account_id][day][currency] = UsageDay(_exact(unblended), _exact(amortized))
    return {account_id: dict(days) for account_id, days in found.items()}


def bills(scope: Scope, period: Period) -> BilledCostQuerySet:
    """The bills of the accounts in scope."""
    days = period.days()
    return (
        BilledCost.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts(), day__gte=days[0], day__lte=days[-1])
        .order_by()
    )


def compare(usage: UsageDays, ledger: Mapping[date, LedgerSum], days: Sequence[date]) -> Compared:
    """One account over those of `days` that both sides have."""
    billed_days = [day for day in days if day in usage]
    known_days = {day for day in days if day in ledger}
    common = tuple(day for day in billed_days if day in known_days)
    if not billed_days:
        return _not_compared(validation(billed=None, modelled=None).reason)
    if not common:
        return _not_compared(NO_COMMON_DAY if known_days else NO_LEDGER)
    billed = _billed(usage[day] for day in common)
    modelled = added(ledger[day] for day in common)
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
        days=common,
        billed=billed,
        modelled_usd=modelled.list_cost_usd,
        instance_days=modelled.instance_days,
        instance_days_without_price=modelled.instance_days_of_missing_cost,
        factor=factor,
        quality=quality,
        reason=reason,
    )


def none_complete() -> Compared:
    """Of a window in which no bill is complete yet."""
    hours = billing_lag() // HOUR
    return _not_compared(
        f"No day of this period has a complete bill: it goes on growing for {hours} hours after the day."
    )


def _billed(days: Iterable[Mapping[str, UsageDay]]) -> tuple[BilledCompute, ...]:
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for by_currency in days:
        for currency, (unblended, amortized) in by_currency.items():
            if unblended is not None and amortized is not None:
                before = sums.get(currency, (Decimal(0), Decimal(0)))
                sums[currency] = before[0] + unblended, before[1] + amortized
    return tuple(BilledCompute(currency, *sums[currency]) for currency in sorted(sums))


def _not_compared(reason: str) -> Compared:
    return Compared((), (), None, 0, 0, None, None, reason)


def _exact(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(_PLACES)
