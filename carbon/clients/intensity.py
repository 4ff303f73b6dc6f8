"""What any source of grid carbon intensity tells, in our words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

HIGHEST_PLAUSIBLE_GCO2E_PER_KWH = 2000


@dataclass(frozen=True, slots=True)
class CarbonIntensityPoint:
    """The carbon intensity of one zone over one interval. Which signal and basis that is, the source says."""

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
class IssuedForecast:
    """A forecast as it was given out; `generated_at` is None where the source does not say when."""

    generated_at: datetime | None
    series: IntensitySeries


@dataclass(frozen=True, slots=True)
class ZoneAccess:
    """A zone that a key may ask for, and what of it, such as "carbon-intensity/history"."""

    zone: str
    name: str
    access: frozenset[str]


def plausible_series(zone: str, told: Iterable[CarbonIntensityPoint | None]) -> IntensitySeries:
    """The points in order, one for each start; None counts as missing, what no grid emits as refused."""
    points: dict[datetime, CarbonIntensityPoint] = {}
    missing = refused = 0
    for point in told:
        if point is None:
            missing += 1
        elif not 0 <= point.gco2e_per_kwh <= HIGHEST_PLAUSIBLE_GCO2E_PER_KWH:
            refused += 1
        else:
            points[point.starts_at] = point
    return IntensitySeries(zone, tuple(points[at] for at in sorted(points)), missing, refused)


def joined(zone: str, pieces: Iterable[IntensitySeries], *, start: datetime, end: datetime) -> IntensitySeries:
    """Several answers as one, of which only what starts in [start, end) is kept: the ends of answers overlap."""
    pieces = list(pieces)
    by_start = {p.starts_at: p for piece in pieces for p in piece.points if start <= p.starts_at < end}
    return IntensitySeries(
        zone,
        tuple(by_start[at] for at in sorted(by_start)),
        missing_values=sum(piece.missing_values for piece in pieces),
        refused_values=sum(piece.refused_values for piece in pieces),
    )


def instant_from(text: Any) -> datetime:
    """An ISO date and time with its offset, in UTC; ValueError for anything else."""
    try:
        instant = datetime.fromisoformat(text)
        in_utc = instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("a point in it has no date that can be read") from None
    if instant.tzinfo is None:
        raise ValueError("a point in it has no time zone")
    return in_utc


def number_or_none(value: Any) -> float | None:
    """A number, None for null; ValueError for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a value in it is no number")  # noqa: TRY004 (what an upstream told is a value)
    return float(value)
