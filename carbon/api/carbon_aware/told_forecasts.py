"""The points of a forecast as an answer tells them; the same question about the same points is worked out once."""

from dataclasses import dataclass, field
from functools import lru_cache

from carbon.api.carbon_aware.writers import forecast_points
from carbon.estimators.scoped_forecast import scoped
from carbon.estimators.series import IntensityPoints

# Some 100 kB each. Schedulers ask about few forecasts, again and again until the next is issued.
_MOST_HELD = 64


@dataclass(frozen=True, slots=True)
class ToldPoints:
    """Points or windows as JSON, and what else an answer says of them; microseconds."""

    written: str  # joined by commas
    best: tuple[str, ...]  # those with the lowest value, by start
    start: int | None  # None where there are no points
    end: int | None
    duration: int  # of the first, or else of the first of the forecast
    over_gaps: int


@dataclass(frozen=True, slots=True)
class _Points:
    """Points that are equal when their numbers are."""

    numbers: tuple[bytes, ...]
    points: IntensityPoints = field(compare=False)


def told_points(
    points: IntensityPoints, *, location: str, start: int | None, end: int | None, length: int
) -> ToldPoints:
    """The points between the bounds, or the windows of `length` where that is not 0, as `scoped` lays them out.

    Raises its ValueError.
    """
    columns = (points.starts_at, points.duration, points.gco2e_per_kwh)
    return _told(_Points(tuple(column.tobytes() for column in columns), points), location, start, end, length)


@lru_cache(maxsize=_MOST_HELD)
def _told(points: _Points, location: str, start: int | None, end: int | None, length: int) -> ToldPoints:
    kept = scoped(points.points, start=start, end=end, length=length)
    rows = forecast_points(location, kept.starts_at, kept.duration, kept.gco2e_per_kwh)
    return ToldPoints(
        written=",".join(rows),
        best=tuple(rows[row] for row in kept.is_best.nonzero()[0].tolist()),
        start=kept.start if rows else None,
        end=kept.end if rows else None,
        duration=int((kept.duration if rows else points.points.duration)[0]),
        over_gaps=kept.over_gaps,
    )
