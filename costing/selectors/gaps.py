"""Instance types for which a part is missing, and how many instance-days that touches."""

from dataclasses import dataclass

from django.db.models import Q, Sum

from accounts.selectors.scope import Scope
from costing.models import DailyTotal
from finops.core.periods import Period


@dataclass(frozen=True, slots=True)
class TypeGap:
    """One instance type."""

    instance_type: str
    instance_days_without_price: int
    instance_days_without_power: int


def gaps_by_type(scope: Scope, period: Period) -> list[TypeGap]:
    """Types with an instance-day that has no price or no power profile, by name; one query."""
    rows = (
        DailyTotal.objects.visible_to(scope.user)
        .filter(Q(instances_without_price__gt=0) | Q(instances_without_power__gt=0), aws_account__in=scope.accounts())
        .during(period)
        .order_by("instance_type")
        .values_list("instance_type")
        .annotate(Sum("instances_without_price"), Sum("instances_without_power"))
    )
    return [TypeGap(*row) for row in rows]
