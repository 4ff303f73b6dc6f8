"""Billed cost by day: what Cost Explorer said, each currency for itself."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from accounts.selectors.health import DataHealth
from accounts.selectors.scope import Scope
from costing.estimators.window import Window
from costing.models import BilledCost
from costing.selectors.complete_days import billing_lag
from costing.selectors.figures import BILL_SOURCES, Figure
from finops.core.periods import HOUR

_PLACES = Decimal("0.0000000001")  # as Cost Explorer's amounts are stored


class BilledAmount(NamedTuple):
    """What was billed in one currency."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Billed:
    """A figure for each currency, and the amounts of single days, those included that still grow."""

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
        by_day={day: tuple(amounts) for day, amounts in by_day.items()},
    )
