"""Billed cost by day: what Cost Explorer said, each currency for itself."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from accounts.models import SourceState
from accounts.selectors.health import DataHealth
from accounts.selectors.scope import Scope
from costing.estimators.window import Window
from costing.models import BilledCost
from costing.selectors.complete_days import billing_lag
from costing.selectors.figures import BILL_SOURCES, Figure
from finops.core.periods import HOUR

_REASONS = {
    SourceState.NOT_ENABLED: "Cost Explorer is not enabled for these accounts.",
    SourceState.DENIED: "We are not allowed to ask Cost Explorer for the bill.",
    SourceState.LOGIN_NEEDED: "A sign-in to AWS is needed before the bill can be asked for.",
    SourceState.NEVER: "The bill has not been fetched yet.",
}
_PLACES = Decimal("0.0000000001")  # as Cost Explorer's amounts are stored


class BilledAmount(NamedTuple):
    """What was billed in one currency."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Billed:
    """A figure for each currency, or one that says why there is none; what single days came to, also growing ones."""

    figures: tuple[Figure, ...]
    by_day: dict[date, tuple[BilledAmount, ...]]


def billed_cost(scope: Scope, window: Window, *, health: DataHealth) -> Billed:
    """What the accounts of `scope` were billed, all services and record types; in one query.

    Only days older than BILLING_LAG_HOURS count in the figures, for a bill goes on growing until then.
    """
    rows = (
        BilledCost.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts(), day__gte=window.first, day__lte=window.last)
        .order_by("day", "currency")
        .values_list("day", "currency")
        .annotate(amount=Sum("unblended_cost"))
    )
    complete = set(window.complete_after(billing_lag()).days())
    by_day: defaultdict[date, list[BilledAmount]] = defaultdict(list)
    totals: defaultdict[str, list[Decimal]] = defaultdict(list)
    for day, currency, amount in rows:
        by_day[day].append(BilledAmount(currency, amount.quantize(_PLACES)))
        if day in complete:
            totals[currency].append(amount)
    stand = health.stand(BILL_SOURCES)
    if not totals:
        return Billed(figures=(no_bill(health, has_complete_days=bool(complete)),), by_day=_frozen(by_day))
    return Billed(
        figures=tuple(
            Figure(
                name="billed_cost",
                label="Billed cost",
                value=sum(amounts, Decimal(0)).quantize(_PLACES),
                unit=currency,
                note=f"Unblended, all services and record types, of days older than {billing_lag() // HOUR} hours.",
                as_of=stand.as_of,
                freshness=stand.freshness,
                sources=BILL_SOURCES,
                silent_sources=stand.silent,
                coverage=len(amounts) / len(complete),
                grade="A",
                grade_shares={"A": 1.0},
            )
            for currency, amounts in sorted(totals.items())
        ),
        by_day=_frozen(by_day),
    )


def _frozen(by_day: Mapping[date, list[BilledAmount]]) -> dict[date, tuple[BilledAmount, ...]]:
    return {day: tuple(amounts) for day, amounts in by_day.items()}


def no_bill(health: DataHealth, *, has_complete_days: bool) -> Figure:
    """An unknown bill, and why: not asked yet, not allowed, not enabled, too young. None of these is zero."""
    stand = health.stand(BILL_SOURCES)
    sources = health.of(BILL_SOURCES)
    states = [source.state for source in sources]
    reason = "Cost Explorer told of no bill for these days."
    if not has_complete_days:
        reason = f"No day of this period has a complete bill: it grows for {billing_lag() // HOUR} hours after the day."
    elif all(source.last_success_at is None for source in sources):
        told = next((state for state in _REASONS if state in states), SourceState.NEVER)
        reason = _REASONS[told]
    return Figure(
        name="billed_cost",
        label="Billed cost",
        value=None,
        unit="",
        reason=reason,
        note="Unblended, all services and record types.",
        as_of=stand.as_of,
        freshness=stand.freshness,
        sources=BILL_SOURCES,
        silent_sources=stand.silent,
    )
