"""Adds up the totals of an account's days over regions and types."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from costing.models import AccountDay, DailyTotal, Grade
from finops.core.bulk import upsert

_PLACES = Decimal("0.00000001")  # SQLite sums money as binary fractions
_SUMS: dict[str, Any] = {
    "instance_days": Sum("instance_count"),
    "instance_days_of_missing_cost": Sum("instance_count", filter=Q(cost_grade=Grade.MISSING), default=0),
    "instance_days_without_price": Sum("instances_without_price"),
    "instance_days_without_power": Sum("instances_without_power"),
    "instance_days_without_intensity": Sum("instances_without_intensity"),
    **{name: Sum(name) for name in ("hours_with_runtime", "hours_aligned")},
    **{f"list_cost_usd_{grade.lower()}": Sum("list_cost_usd", filter=Q(cost_grade=grade)) for grade in Grade.values},
    **{f"energy_kwh_{grade.lower()}": Sum("energy_kwh", filter=Q(carbon_grade=grade)) for grade in Grade.values},
}


def add_up_days(*, account_id: int, days: Sequence[date]) -> None:
    """Write `days` of an account anew from its DailyTotal; a day that has none any more is removed.

    Belongs in the transaction that changes DailyTotal.
    """
    totals = DailyTotal.objects.filter(aws_account_id=account_id, day__in=days).order_by("day")
    # A query set refuses the name of a column for a sum of it.
    rows = list(totals.values_list("day").annotate(**{f"all_{name}": each for name, each in _SUMS.items()}))
    AccountDay.objects.filter(aws_account_id=account_id, day__in=days).exclude(
        day__in=[row[0] for row in rows]
    ).delete()
    upsert(
        AccountDay,
        ((account_id, *(_exact(value) for value in row)) for row in rows),
        columns=("aws_account_id", "day", *_SUMS),
        key=("aws_account_id", "day"),
    )


def _exact(value: Any) -> Any:
    return value.quantize(_PLACES) if isinstance(value, Decimal) else value
