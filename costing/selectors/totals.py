"""Ledger days added up by the database, and what the sums leave out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, Q, Sum
from django.db.models.functions import Coalesce

from accounts.selectors.scope import Scope
from costing.estimators.grades import worst_grade
from costing.models import CostSnapshot, DailyTotal
from costing.models.cost_snapshot import CostSnapshotQuerySet
from costing.models.window_total import WindowTotalQuerySet
from finops.core.periods import Period

_PLACES = Decimal("0.00000001")  # as the ledger stores money; SQLite sums it as binary fractions

# A word of the address → the column of DailyTotal.
GROUPINGS = {"day": "day", "account": "aws_account__account_id", "region": "region", "type": "instance_type"}

_BOTH_KNOWN = Q(list_cost_usd__isnull=False, operational_gco2e__isnull=False)
_SUMS: dict[str, Any] = {
    "running": Sum("running_hours"),
    "billed": Sum("billed_hours"),
    "cost": Sum("list_cost_usd"),
    "energy": Sum("energy_kwh"),
    "operational": Sum("operational_gco2e"),
    "embodied": Sum("embodied_gco2e"),
    "with_runtime": Sum("hours_with_runtime"),
    "aligned": Sum("hours_aligned"),
    "paired_cost": Sum("list_cost_usd", filter=_BOTH_KNOWN),
    "paired_gco2e": Sum(F("operational_gco2e") + Coalesce("embodied_gco2e", 0.0), filter=_BOTH_KNOWN),
    "derived": Max("derived_at"),
}
_OF_DAILY_TOTALS: dict[str, Any] = _SUMS | {
    "instance_days": Sum("instance_count"),
    "without_price": Sum("instances_without_price"),
    "without_power": Sum("instances_without_power"),
    "without_intensity": Sum("instances_without_intensity"),
}
_OF_SNAPSHOTS: dict[str, Any] = _SUMS | {
    "instance_days": Count("day"),
    "without_price": Count("day", filter=Q(list_cost_usd=None)),
    "without_power": Count("day", filter=Q(energy_kwh=None)),
    "without_intensity": Count("day", filter=Q(operational_gco2e=None, energy_kwh__isnull=False)),
}


# A sum's name → the column of WindowTotal.
WINDOW_COLUMNS = {
    "instance_days": "instance_days",
    "running": "running_hours",
    "billed": "billed_hours",
    "cost": "list_cost_usd",
    "energy": "energy_kwh",
    "operational": "operational_gco2e",
    "embodied": "embodied_gco2e",
    "with_runtime": "hours_with_runtime",
    "aligned": "hours_aligned",
    "paired_cost": "paired_cost_usd",
    "paired_gco2e": "paired_gco2e",
    "without_price": "days_without_price",
    "without_power": "days_without_power",
    "without_intensity": "days_without_intensity",
}


@dataclass(frozen=True, slots=True)
class Totals:
    """The sum of some ledger days. An unknown part is None or left out and counted, never zero."""

    instance_days: int
    running_hours: float
    billed_hours: float
    list_cost_usd: Decimal | None
    energy_kwh: float | None
    operational_gco2e: float | None
    embodied_gco2e: float | None
    hours_with_runtime: int
    hours_aligned: int
    days_without_price: int  # instance-days
    days_without_power: int
    days_without_intensity: int
    days_by_cost_grade: Mapping[str, int]
    days_by_carbon_grade: Mapping[str, int]
    cost_usd_by_grade: Mapping[str, Decimal]
    energy_kwh_by_grade: Mapping[str, float]
    paired_cost_usd: Decimal | None  # of the days whose cost and carbon are both known
    paired_gco2e: float | None  # operational and embodied, of the same days

    @property
    def cost_grade(self) -> str | None:
        """The worst of the days, or None without any."""
        return worst_grade(*self.days_by_cost_grade) if self.days_by_cost_grade else None

    @property
    def carbon_grade(self) -> str | None:
        """The worst of the days, or None without any."""
        return worst_grade(*self.days_by_carbon_grade) if self.days_by_carbon_grade else None

    @property
    def aligned_share(self) -> float | None:
        """TAC; None where nothing ran."""
        return self.hours_aligned / self.hours_with_runtime if self.hours_with_runtime else None


Sums = Mapping[str, Any]  # a group's keys, grades and sums, as the database answers


def daily_sums(scope: Scope, period: Period, *keys: str, where: Q | None = None) -> list[Sums]:
    """What the accounts of `scope` used in `period`, by `keys` (columns of DailyTotal) and grades, in one query."""
    return list(
        DailyTotal.objects.visible_to(scope.user)
        .filter(where or Q(), aws_account__in=scope.accounts())
        .during(period)
        .order_by()
        .values(*keys, "cost_grade", "carbon_grade")
        .annotate(**_OF_DAILY_TOTALS)
    )


def snapshot_sums(snapshots: CostSnapshotQuerySet, *keys: str) -> list[Sums]:
    """The same out of single ledger rows: for what DailyTotal does not hold apart, such as one instance."""
    return list(snapshots.order_by().values(*keys, "cost_grade", "carbon_grade").annotate(**_OF_SNAPSHOTS))


def window_sums(window_totals: WindowTotalQuerySet, *keys: str) -> list[Sums]:
    """The same out of window totals."""
    return list(
        window_totals.order_by()
        .values(*keys, "cost_grade", "carbon_grade")
        .annotate(**{name: Sum(column) for name, column in WINDOW_COLUMNS.items()})
    )


def sums_of(snapshot: CostSnapshot) -> Sums:
    """One ledger row as a group of one."""
    energy, operational = snapshot.energy_kwh, snapshot.operational_gco2e
    paired = snapshot.list_cost_usd is not None and operational is not None
    return {
        "cost_grade": snapshot.cost_grade,
        "carbon_grade": snapshot.carbon_grade,
        "running": snapshot.running_hours,
        "billed": snapshot.billed_hours,
        "cost": snapshot.list_cost_usd,
        "energy": energy,
        "operational": operational,
        "embodied": snapshot.embodied_gco2e,
        "with_runtime": snapshot.hours_with_runtime,
        "aligned": snapshot.hours_aligned,
        "paired_cost": snapshot.list_cost_usd if paired else None,
        "paired_gco2e": (operational or 0.0) + (snapshot.embodied_gco2e or 0.0) if paired else None,
        "instance_days": 1,
        "without_price": int(snapshot.list_cost_usd is None),
        "without_power": int(energy is None),
        "without_intensity": int(operational is None and energy is not None),
    }


def grouped(rows: Iterable[Sums], *keys: str) -> dict[tuple[Any, ...], Totals]:
    """Groups brought together by `keys`; sorted by them."""
    by_key: defaultdict[tuple[Any, ...], list[Sums]] = defaultdict(list)
    for row in rows:
        by_key[tuple(row[key] for key in keys)].append(row)
    return {key: total(by_key[key]) for key in sorted(by_key)}


def total(rows: Iterable[Sums]) -> Totals:
    """Groups added up. Of no group at all nothing is known: that is not zero."""
    rows = list(rows)
    days_by_cost_grade: defaultdict[str, int] = defaultdict(int)
    days_by_carbon_grade: defaultdict[str, int] = defaultdict(int)
    cost_by_grade: defaultdict[str, Decimal] = defaultdict(Decimal)
    energy_by_grade: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        days_by_cost_grade[row["cost_grade"]] += row["instance_days"]
        days_by_carbon_grade[row["carbon_grade"]] += row["instance_days"]
        if row["cost"] is not None:
            cost_by_grade[row["cost_grade"]] += row["cost"]
        if row["energy"] is not None:
            energy_by_grade[row["carbon_grade"]] += row["energy"]
    return Totals(
        instance_days=_count(rows, "instance_days"),
        running_hours=_known(rows, "running") or 0.0,
        billed_hours=_known(rows, "billed") or 0.0,
        list_cost_usd=_money(rows, "cost"),
        energy_kwh=_known(rows, "energy"),
        operational_gco2e=_known(rows, "operational"),
        embodied_gco2e=_known(rows, "embodied"),
        hours_with_runtime=_count(rows, "with_runtime"),
        hours_aligned=_count(rows, "aligned"),
        days_without_price=_count(rows, "without_price"),
        days_without_power=_count(rows, "without_power"),
        days_without_intensity=_count(rows, "without_intensity"),
        days_by_cost_grade=dict(sorted(days_by_cost_grade.items())),
        days_by_carbon_grade=dict(sorted(days_by_carbon_grade.items())),
        cost_usd_by_grade=dict(sorted(cost_by_grade.items())),
        energy_kwh_by_grade=dict(sorted(energy_by_grade.items())),
        paired_cost_usd=_money(rows, "paired_cost"),
        paired_gco2e=_known(rows, "paired_gco2e"),
    )


def _known(rows: list[Sums], name: str) -> float | None:
    known = [row[name] for row in rows if row[name] is not None]
    return float(sum(known)) if known else None


def _count(rows: list[Sums], name: str) -> int:
    return sum(row[name] or 0 for row in rows)


def _money(rows: list[Sums], name: str) -> Decimal | None:
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known, Decimal(0)).quantize(_PLACES) if known else None
