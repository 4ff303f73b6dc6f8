"""What any source of grid carbon intensity tells, in our words."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CarbonIntensityPoint:
    """The average carbon intensity of one zone over one interval, lifecycle factors, imports included."""

    zone: str
    starts_at: datetime
    duration_minutes: int
    gco2e_per_kwh: float
    is_estimated: bool
    estimation_method: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IntensitySeries:
    """The points of one zone, oldest first, and how many intervals came without a usable value."""

    zone: str
    points: tuple[CarbonIntensityPoint, ...]
    missing_values: int = 0
    refused_values: int = 0


@dataclass(frozen=True, slots=True)
class ZoneAccess:
    """A zone that a key may ask for, and what of it, such as "carbon-intensity/history"."""

    zone: str
    name: str
    access: frozenset[str]
