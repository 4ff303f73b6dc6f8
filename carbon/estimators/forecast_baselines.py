"""Simpler forecasts, to see what the built-in one is worth. Each takes the hours up to now, [..., 672]."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from carbon.estimators.forecast import WEEK_HOURS, built_in_forecast

Floats = npt.NDArray[np.float64]
Method = Callable[[Floats, int], Floats]

PAST_HOURS = 4 * WEEK_HOURS
_DAY_HOURS = 24


def _persistence(past: Floats, hours: int) -> Floats:
    """As now."""
    return np.repeat(past[..., -1:], hours, axis=-1)


def _repeating(cycle: int) -> Method:
    """As one cycle ago."""

    def method(past: Floats, hours: int) -> Floats:
        return past[..., PAST_HOURS - cycle + np.arange(hours) % cycle]

    return method


def _mean_by(cycle: int, over: int) -> Method:
    """As the same hour of the cycle was on average over the last `over` hours."""

    def method(past: Floats, hours: int) -> Floats:
        last = past[..., -over:]
        means: Floats = last.reshape(*last.shape[:-1], -1, cycle).mean(axis=-2)
        return means[..., np.arange(hours) % cycle]

    return method


def _built_in(past: Floats, hours: int) -> Floats:
    return built_in_forecast(past[..., -WEEK_HOURS:], hours=hours)


METHODS: Mapping[str, Method] = {
    "persistence": _persistence,
    "naive-24 h": _repeating(_DAY_HOURS),
    "naive-168 h": _repeating(WEEK_HOURS),
    "hour of day (7 d)": _mean_by(_DAY_HOURS, WEEK_HOURS),
    "hour of week (4 w)": _mean_by(WEEK_HOURS, PAST_HOURS),
    "built-in": _built_in,
}
