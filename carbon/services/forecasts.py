"""Stores forecasts as they were issued."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Max

from carbon.clients.intensity import IssuedForecast
from carbon.estimators.series import SeriesKey, instant_of, microseconds
from carbon.models import CarbonForecast
from carbon.models.packed import BAND, POINTS
from finops.core.bulk import upsert
from finops.core.periods import MICROSECOND, MINUTE

_COLUMNS = [
    "zone_id",
    "source",
    "signal",
    "licensee_id",
    "generated_at",
    "starts_at",
    "ends_at",
    "points",
    "band",
    "is_latest",
    "retrieved_at",
]
_KEY = ["zone_id", "signal", "source", "COALESCE(licensee_id, 0)", "generated_at"]


@dataclass(frozen=True, slots=True)
class Issue:
    """A forecast to be stored: rows of carbon.models.packed.POINTS by start, and of BAND or None."""

    generated_at: datetime
    points: npt.NDArray[Any]
    band: npt.NDArray[Any] | None = None


def issue_of(forecast: IssuedForecast, *, now: datetime) -> Issue | None:
    """What a client told, as it is stored; None where it told no point. Without a time of its own it is `now`'s."""
    points = forecast.series.points
    if not points:
        return None
    rows = np.array(
        [
            (microseconds(point.starts_at), point.duration_minutes * MINUTE // MICROSECOND, point.gco2e_per_kwh)
            for point in points
        ],
        dtype=POINTS,
    )
    return Issue(forecast.generated_at or now, rows)


def packed_points(starts_at: npt.ArrayLike, duration: npt.ArrayLike, gco2e_per_kwh: npt.ArrayLike) -> npt.NDArray[Any]:
    """Three columns as rows to be stored."""
    columns = np.broadcast_arrays(np.asarray(starts_at), np.asarray(duration), np.asarray(gco2e_per_kwh))
    return _rows(dict(zip((name for name, _ in POINTS), columns, strict=True)), POINTS)


def packed_band(low: npt.ArrayLike, high: npt.ArrayLike) -> npt.NDArray[Any]:
    """Two columns as rows to be stored."""
    return _rows({"low": np.asarray(low), "high": np.asarray(high)}, BAND)


def _rows(columns: dict[str, npt.NDArray[Any]], dtype: list[tuple[str, str]]) -> npt.NDArray[Any]:
    rows = np.empty(len(next(iter(columns.values()))), dtype=dtype)
    for name, values in columns.items():
        rows[name] = values
    return rows


def store_issues(series: SeriesKey, issues: Iterable[Issue], *, now: datetime) -> int:
    """Store issues of one series; return how many were new or differ from what was told before.

    Belongs in a transaction. The youngest issue is marked as the latest, and as heard of at `now`.
    """
    rows = [
        [
            series.zone,
            series.source,
            series.signal,
            series.licensee_id,
            issue.generated_at,
            instant_of(int(issue.points["starts_at"][0])),
            instant_of(int((issue.points["starts_at"] + issue.points["duration"]).max())),
            issue.points,
            issue.band,
            False,
            now,
        ]
        for issue in issues
    ]
    if not rows:
        return 0
    written = upsert(CarbonForecast, rows, columns=_COLUMNS, key=_KEY, unless_equal=["points", "band"])
    same = CarbonForecast.objects.filter(
        zone_id=series.zone, source=series.source, signal=series.signal, licensee_id=series.licensee_id
    )
    youngest = same.aggregate(at=Max("generated_at"))["at"]
    same.filter(is_latest=True).exclude(generated_at=youngest).update(is_latest=False)
    same.filter(generated_at=youngest).update(is_latest=True)
    if youngest in {row[4] for row in rows}:
        same.filter(generated_at=youngest).update(retrieved_at=now)
    return written
