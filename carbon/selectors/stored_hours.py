"""The stored readings of zones by full hours, each source for itself."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from carbon.estimators.intensity import hourly_means
from carbon.estimators.series import SeriesKey
from carbon.models import CarbonReading
from finops.core.periods import HOUR, MICROSECOND, MINUTE, Period

Floats = npt.NDArray[np.float64]


def stored_hours(zones: Iterable[str], period: Period, *, licensees: Iterable[int | None]) -> dict[SeriesKey, Floats]:
    """g/kWh of each hour of `period` (which starts on an hour), NaN where less than half of it was told.

    By series, of which those licensed to others than `licensees` are left out. One query.
    """
    hours = round(period.length / HOUR)
    allowed = set(licensees)
    readings = (
        CarbonReading.objects.during(Period(period.start - HOUR, period.end))
        .filter(zone__in=sorted(set(zones)), duration_microseconds__gte=MINUTE // MICROSECOND)
        .order_by("zone", "starts_at")
        .values_list(
            "zone_id",
            "source",
            "signal",
            "licensee_id",
            "starts_at",
            "duration_microseconds",
            "gco2e_per_kwh",
        )
    )
    columns: dict[SeriesKey, list[tuple[float, int, float, bool]]] = {}
    for zone, source, signal, licensee, starts_at, length, value in readings.iterator():
        if licensee in allowed:
            columns.setdefault(SeriesKey(zone, source, signal, licensee), []).append(
                ((starts_at - period.start) / MINUTE, length * MICROSECOND // MINUTE, value, False)
            )
    return {
        key: hourly_means(*zip(*rows, strict=True), hours=hours).gco2e_per_kwh
        for key, rows in sorted(columns.items(), key=str)
    }
