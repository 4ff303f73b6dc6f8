"""What `carbon_aware` prints: the members of the Carbon Aware SDK's own command line, in its PascalCase."""

from collections.abc import Iterable
from typing import Any

from carbon.api.carbon_aware.durations import duration_text
from carbon.api.carbon_aware.times import ClientTime, utc_text
from carbon.estimators.scoped_forecast import ScopedForecast
from carbon.estimators.selection import Floats, Ints
from carbon.estimators.series import IntensityPoints
from carbon.selectors.locations import KnownLocation

_MICROSECONDS_PER_MINUTE = 60_000_000


def emissions(location: str, starts_at: Ints, duration: Ints, gco2e_per_kwh: Floats) -> list[dict[str, Any]]:
    """Points of one location."""
    rows = zip(starts_at.tolist(), duration.tolist(), gco2e_per_kwh.tolist(), strict=True)
    return [
        {"Location": location, "Time": utc_text(start), "Rating": rating, "Duration": duration_text(length)}
        for start, length, rating in rows
    ]


def average(location: str, *, start: int, end: int, gco2e_per_kwh: float) -> dict[str, Any]:
    """The mean of one location over a time."""
    return {
        "Location": location,
        "Time": utc_text(start),
        "Rating": gco2e_per_kwh,
        "Duration": duration_text(end - start),
    }


def forecast(
    location: str, issue: IntensityPoints, kept: ScopedForecast, *, requested_at: ClientTime, window_minutes: int
) -> dict[str, Any]:
    """A forecast with its best windows."""
    points = emissions(location, kept.starts_at, kept.duration, kept.gco2e_per_kwh)
    return {
        "GeneratedAt": str(ClientTime.of(issue.generated_at or issue.as_of)),
        "RequestedAt": str(requested_at),
        "Location": location,
        "DataStartAt": utc_text(kept.start),
        "DataEndAt": utc_text(kept.end),
        "WindowSize": window_minutes or int(kept.duration[0]) // _MICROSECONDS_PER_MINUTE,
        "OptimalDataPoints": [points[row] for row in kept.is_best.nonzero()[0].tolist()],
        "ForecastData": points,
    }


def locations(known: Iterable[KnownLocation]) -> dict[str, Any]:
    """Every name that may be asked for."""
    return {
        each.key: {"Latitude": each.latitude, "Longitude": each.longitude, "Name": each.name or None} for each in known
    }
