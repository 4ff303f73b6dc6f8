"""The ledger of each account and day in one query over DailyTotal: what checks and comparisons begin from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from accounts.selectors.scope import Scope
from costing.models import DailyTotal, Grade
from finops.core.periods import Period

_PLACES = Decimal("0.00000001")  # as the ledger stores money; SQLite sums it as binary fractions

_SUMS: dict[str, Any] = {
    "instance_days": Sum("instance_count"),
    "cost_missing": Sum("instance_count", filter=Q(cost_grade=Grade.MISSING), default=0),
    "without_price": Sum("instances_without_price"),
    "without_power": Sum("instances_without_power"),
    "without_intensity": Sum("instances_without_intensity"),
    "with_runtime": Sum("hours_with_runtime"),
    "aligned": Sum("hours_aligned"),
    **{f"cost_{grade}": Sum("list_cost_usd", filter=Q(cost_grade=grade)) for grade in Grade.values},
    **{f"energy_{grade}": Sum("energy_kwh", filter=Q(carbon_grade=grade)) for grade in Grade.values},
}


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """The ledger of some accounts and days. What is unknown is in no amount and is counted."""

    instance_days: int = 0
    instance_days_of_missing_cost: int = 0  # with an hour or more that has no price
    instance_days_without_price: int = 0  # with no price at all
    instance_days_without_power: int = 0
    instance_days_without_intensity: int = 0
    hours_with_runtime: int = 0
    hours_aligned: int = 0
    cost_usd_by_grade: Mapping[str, Decimal] | None = None
    energy_kwh_by_grade: Mapping[str, float] | None = None

    @property
    def list_cost_usd(self) -> Decimal | None:
        """None where no day has a price, which is not zero."""
        return sum(self.cost_usd_by_grade.values(), Decimal(0)) if self.cost_usd_by_grade else None

    @property
    def energy_kwh(self) -> float | None:
        """None where no day has a power profile."""
        return sum(self.energy_kwh_by_grade.values()) if self.energy_kwh_by_grade else None


LedgerDays = Mapping[int, Mapping[date, LedgerSum]]  # account → day


def ledger_days(scope: Scope, period: Period) -> LedgerDays:
    """By account and day; a day without a ledger is not in it. One query."""
    rows: Iterable[Mapping[str, Any]] = (
        DailyTotal.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .during(period)
        .order_by()
        .values("aws_account_id", "day")
        .annotate(**_SUMS)
    )
    found: defaultdict[int, dict[date, LedgerSum]] = defaultdict(dict)
    for row in rows:
        found[row["aws_account_id"]][row["day"]] = LedgerSum(
            instance_days=row["instance_days"],
            instance_days_of_missing_cost=row["cost_missing"],
            instance_days_without_price=row["without_price"],
            instance_days_without_power=row["without_power"],
            instance_days_without_intensity=row["without_intensity"],
            hours_with_runtime=row["with_runtime"],
            hours_aligned=row["aligned"],
            cost_usd_by_grade={
                grade: cost.quantize(_PLACES) for grade in Grade.values if (cost := row[f"cost_{grade}"]) is not None
            },
            energy_kwh_by_grade={
                grade: energy for grade in Grade.values if (energy := row[f"energy_{grade}"]) is not None
            },
        )
    return found


def added(sums: Iterable[LedgerSum]) -> LedgerSum:
    """Some of them together."""
    sums = list(sums)
    cost: defaultdict[str, Decimal] = defaultdict(Decimal)
    energy: defaultdict[str, float] = defaultdict(float)
    for each in sums:
        for grade, usd in (each.cost_usd_by_grade or {}).items():
            cost[grade] += usd
        for grade, kwh in (each.energy_kwh_by_grade or {}).items():
            energy[grade] += kwh
    return LedgerSum(
        instance_days=sum(each.instance_days for each in sums),
        instance_days_of_missing_cost=sum(each.instance_days_of_missing_cost for each in sums),
        instance_days_without_price=sum(each.instance_days_without_price for each in sums),
        instance_days_without_power=sum(each.instance_days_without_power for each in sums),
        instance_days_without_intensity=sum(each.instance_days_without_intensity for each in sums),
        hours_with_runtime=sum(each.hours_with_runtime for each in sums),
        hours_aligned=sum(each.hours_aligned for each in sums),
        cost_usd_by_grade=dict(sorted(cost.items())),
        energy_kwh_by_grade=dict(sorted(energy.items())),
    )
