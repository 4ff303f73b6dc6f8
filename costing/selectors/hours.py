"""The hours behind the ledger's days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from math import isnan

from accounts.models import Instance, User
from costing.estimators.quality import (
    CpuQuality,
    IntensityQuality,
    PowerQuality,
    PriceQuality,
    RuntimeQuality,
    quality_of,
)
from costing.models import CostSnapshot
from finops.core.periods import HOUR, Period, start_of_day

QUALITIES: dict[str, type[IntEnum]] = {
    "runtime": RuntimeQuality,
    "cpu": CpuQuality,
    "intensity": IntensityQuality,
    "power": PowerQuality,
    "price": PriceQuality,
}
_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class HourLine:
    """One hour of one instance. None is unknown; `quality` says where each part came from."""

    starts_at: datetime
    is_over: bool
    running_seconds: float | None
    cpu_utilization: float | None  # a share, 0 to 1; None where none was measured
    gco2e_per_kwh: float | None
    energy_kwh: float | None
    operational_gco2e: float | None
    list_cost_usd: Decimal | None
    quality: dict[str, str]


def hour_lines(user: User, instance: Instance, period: Period, *, now: datetime) -> list[HourLine]:
    """The hours of `instance` that start in `period`, oldest first; an hour without a ledger row is left out."""
    snapshots = CostSnapshot.objects.visible_to(user).filter(instance=instance).during(period).order_by("day")
    return lines_of(snapshots, period, now=now)


def lines_of(snapshots: Iterable[CostSnapshot], period: Period, *, now: datetime) -> list[HourLine]:
    """The hours of `snapshots` (by day) that start in `period` and before `now`."""
    return [
        line
        for snapshot in snapshots
        for line in _hours(snapshot, now=now)
        if period.holds(line.starts_at) and line.starts_at < now
    ]


def _hours(snapshot: CostSnapshot, *, now: datetime) -> Iterable[HourLine]:
    codes = {part: quality_of(part, snapshot.quality_by_hour).tolist() for part in QUALITIES}
    midnight = start_of_day(snapshot.day)
    columns = (
        snapshot.running_seconds_by_hour.tolist(),
        snapshot.cpu_utilization_by_hour.tolist(),
        snapshot.gco2e_per_kwh_by_hour.tolist(),
        snapshot.energy_kwh_by_hour.tolist(),
        snapshot.operational_gco2e_by_hour.tolist(),
        snapshot.list_cost_usd_by_hour.tolist(),
    )
    for hour, (seconds, cpu, intensity, energy, operational, cost) in enumerate(zip(*columns, strict=True)):
        starts_at = midnight + hour * HOUR
        yield HourLine(
            starts_at=starts_at,
            is_over=starts_at + HOUR <= now,
            running_seconds=_known(seconds),
            cpu_utilization=_known(cpu),
            gco2e_per_kwh=_known(intensity),
            energy_kwh=_known(energy),
            operational_gco2e=_known(operational),
            list_cost_usd=None if isnan(cost) else Decimal(cost).quantize(_PLACES),
            quality={part: name_of(part, codes[part][hour]) for part in QUALITIES},
        )


def name_of(part: str, code: int) -> str:
    """A quality code in words, such as "measured" or "same_hour_last_week"."""
    kinds = QUALITIES[part]
    return kinds(code).name.lower() if code in {kind.value for kind in kinds} else "unknown"


def _known(value: float) -> float | None:
    """Hours are packed as 32-bit floats, which have seven digits that mean anything."""
    return None if isnan(value) else float(f"{value:.7g}")
