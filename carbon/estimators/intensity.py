"""The carbon intensity of each hour of a zone: what was read, and what may stand in where nothing was."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAD_HOURS = 7 * 24  # read before a range, so that its first hours too can look back a week
CARRY_HOURS = 2
LEAST_COVERED_SHARE = 0.5
_MINUTES = 60


class IntensityQuality(IntEnum):
    """How the carbon intensity of an hour is known, best first."""

    NONE = 0
    MEASURED = 1
    ESTIMATED_BY_SOURCE = 2
    CARRIED = 3
    SAME_HOUR_LAST_WEEK = 4
    YEARLY_MEAN = 5


def fill_hours(
    gco2e_per_kwh: npt.ArrayLike,
    is_estimated: npt.ArrayLike,
    *,
    yearly_mean_gco2e_per_kwh: npt.ArrayLike | None = None,
) -> tuple[Floats, npt.NDArray[np.uint8]]:
    """The intensity and IntensityQuality of each hour of a range, from readings that begin 168 hours before it.

    Arrays are [..., LEAD_HOURS + hours] (zones first, if many), NaN where nothing was read; the yearly mean is
    None, a number, or one for each zone (NaN for none). The answer leaves the lead out. In this order:
    the reading itself; the last one up to 2 hours before; the reading of the same hour a week before; the
    yearly mean; NaN. Only readings are carried on, never a value that was filled in.
    """
    read = np.asarray(gco2e_per_kwh, np.float64)
    estimated = np.broadcast_to(np.asarray(is_estimated, np.bool_), read.shape)
    if read.shape[-1] < LEAD_HOURS:
        raise ValueError(f"Readings begin {LEAD_HOURS} hours before the range; there are only {read.shape[-1]} hours.")
    hours = read.shape[-1] - LEAD_HOURS
    filled = read[..., LEAD_HOURS:].copy()
    quality = np.where(estimated[..., LEAD_HOURS:], IntensityQuality.ESTIMATED_BY_SOURCE, IntensityQuality.MEASURED)
    quality = np.where(np.isnan(filled), IntensityQuality.NONE, quality).astype(np.uint8)

    def stand_in(values: Floats, code: IntensityQuality) -> None:
        used = np.isnan(filled) & ~np.isnan(values)
        filled[used] = values[used]
        quality[used] = code

    for back in range(1, CARRY_HOURS + 1):
        stand_in(read[..., LEAD_HOURS - back : LEAD_HOURS - back + hours], IntensityQuality.CARRIED)
    stand_in(read[..., :hours], IntensityQuality.SAME_HOUR_LAST_WEEK)
    if yearly_mean_gco2e_per_kwh is not None:
        mean = np.asarray(yearly_mean_gco2e_per_kwh, np.float64)[..., np.newaxis]
        stand_in(np.broadcast_to(mean, filled.shape), IntensityQuality.YEARLY_MEAN)
    return filled, quality


@dataclass(frozen=True, slots=True)
class HourlyMeans:
    """Readings of any granularity brought to hours. NaN where less than half an hour was covered."""

    gco2e_per_kwh: Floats
    is_estimated: npt.NDArray[np.bool_]  # any part of the hour was
    covered_share: Floats  # of the hour, 0 to 1


def hourly_means(
    start_minute: npt.ArrayLike,
    duration_minutes: npt.ArrayLike,
    gco2e_per_kwh: npt.ArrayLike,
    is_estimated: npt.ArrayLike,
    *,
    hours: int,
) -> HourlyMeans:
    """Readings of one zone, in any order, as the time-weighted mean of each of `hours` hours.

    `start_minute` counts from the start of the first hour (before it: negative); a reading covers its minutes
    from there to start + duration, of which the parts outside the range are left out. NaN readings count as
    not there.
    """
    start, length, value, estimated = (
        np.atleast_1d(array)
        for array in np.broadcast_arrays(
            np.asarray(start_minute, np.int64),
            np.asarray(duration_minutes, np.int64),
            np.asarray(gco2e_per_kwh, np.float64),
            np.asarray(is_estimated, np.bool_),
        )
    )
    if (length <= 0).any():
        raise ValueError("A reading lasts longer than 0 minutes.")
    minutes, weighted, estimated_minutes = np.zeros(hours), np.zeros(hours), np.zeros(hours)
    first_hour = start // _MINUTES
    last_hour = (start + length - 1) // _MINUTES
    for step in range(int((last_hour - first_hour).max(initial=-1)) + 1):
        hour = first_hour + step
        overlap = np.minimum(start + length, (hour + 1) * _MINUTES) - np.maximum(start, hour * _MINUTES)
        used = (overlap > 0) & (hour >= 0) & (hour < hours) & ~np.isnan(value)
        np.add.at(minutes, hour[used], overlap[used])
        np.add.at(weighted, hour[used], overlap[used] * value[used])
        np.add.at(estimated_minutes, hour[used], overlap[used] * estimated[used])
    enough = minutes >= LEAST_COVERED_SHARE * _MINUTES
    mean = np.divide(weighted, minutes, out=np.full(hours, np.nan), where=enough)
    return HourlyMeans(mean, enough & (estimated_minutes > 0), np.minimum(minutes / _MINUTES, 1.0))
