"""The built-in forecast: the mean of each hour of the day, and how the last hour strayed from its own.

    f(h) = p7[hour of day of h] + (x_last − p7[hour of day of last]) · exp(−h / 48)

p7 is the mean by hour of day over the last seven days, h counts hours from the last known one. It needs 168
values and nothing else; docs/methodology.md says how it does against others.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WEEK_HOURS = 7 * 24
DECAY_HOURS = 48.0
LEAST_DAYS_OF_AN_HOUR = 4  # of seven, so that a mean by hour of day is one
LONGEST_SILENCE_HOURS = 3  # at the end of the week, over which the last known hour still counts as the last

_DAY_HOURS = 24


def built_in_forecast(last_week: npt.ArrayLike, *, hours: int) -> Floats:
    """Expected values of the `hours` hours after the last 168, g/kWh: [..., 168] to [..., hours].

    Missing hours are NaN. All NaN where the week is too thin to tell: an hour of the day known on fewer than
    four days, or nothing known in the last three hours.
    """
    week = np.asarray(last_week, np.float64)
    if week.shape[-1] != WEEK_HOURS:
        raise ValueError(f"The built-in forecast rests on {WEEK_HOURS} hours, not on {week.shape[-1]}.")
    days = week.reshape(*week.shape[:-1], -1, _DAY_HOURS)
    known = ~np.isnan(days)
    count = known.sum(axis=-2)
    profile = np.divide(
        np.where(known, days, 0.0).sum(axis=-2), count, out=np.full(count.shape, np.nan), where=count > 0
    )
    strayed, age = _last_deviation(week, profile)
    # The first hour ahead has the hour of day of the first in the week.
    ahead = np.arange(1, hours + 1)
    expected = profile[..., (ahead - 1) % _DAY_HOURS] + strayed[..., np.newaxis] * np.exp(
        -(ahead + age[..., np.newaxis]) / DECAY_HOURS
    )
    is_enough = (count >= LEAST_DAYS_OF_AN_HOUR).all(axis=-1)
    # No grid takes carbon out of the air, though a falling deviation may say so.
    return np.where(is_enough[..., np.newaxis], np.maximum(expected, 0.0), np.nan)


def _last_deviation(week: Floats, profile: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """How far the last known hour strayed from its mean, NaN where the last hours are silent; its age in hours."""
    strayed = np.full(week.shape[:-1], np.nan)
    age = np.zeros(week.shape[:-1], np.int64)
    for back in range(LONGEST_SILENCE_HOURS):
        value = week[..., WEEK_HOURS - 1 - back]
        found = np.isnan(strayed) & ~np.isnan(value)
        strayed = np.where(found, value - profile[..., _DAY_HOURS - 1 - back], strayed)
        age = np.where(found, back, age)
    return strayed, age
