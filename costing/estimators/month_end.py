"""What a month will come to: its days so far, and the rest foreseen from the days behind, with an 80 % band."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

NEEDED_DAYS = 14  # two of each weekday, or a weekday's mean would be a single day
LOOK_BACK_DAYS = 28  # older days tell of another fleet
BAND_SHARE = 0.8

_WEEKDAYS = 7
_Z = 1.2815515655446004  # 10 % of a normal distribution lie above it, and 10 % below its negative
_MOST_AUTOCORRELATION = 0.9


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """The month's total: most likely, and between which two values it lies four times of five."""

    expected: float
    low: float
    high: float


def month_end(*, so_far: float, daily: Iterable[tuple[date, float]], rest: Sequence[date]) -> MonthEnd | None:
    """`so_far` and each day of `rest` as the mean of its weekday among the latest LOOK_BACK_DAYS of `daily`.

    The band is so_far + rest ± t × s. The variance of the rest's sum is v × Σ over weekdays of (k + k²/n),
    for k days to come and n seen: the days' own scatter, and that of the mean they are foreseen by. v is the variance
    about the weekdays' means, widened by (1 + r)/(1 − r) where neighbouring days err alike (r, their
    autocorrelation), for such errors do not cancel out. None below NEEDED_DAYS known days.
    """
    seen = sorted(daily)[-LOOK_BACK_DAYS:]
    if not rest:
        return MonthEnd(so_far, so_far, so_far)
    if len(seen) < NEEDED_DAYS:
        return None
    by_weekday: defaultdict[int, list[float]] = defaultdict(list)
    for day, value in seen:
        by_weekday[day.weekday()].append(value)
    overall = [value for _, value in seen]
    errors = [value - _mean(by_weekday[day.weekday()]) for day, value in seen]
    freedom = max(1, len(seen) - len(by_weekday))
    variance = sum(error**2 for error in errors) / freedom * _widening(errors)

    expected = spread = 0.0
    for weekday in range(_WEEKDAYS):
        to_come = sum(day.weekday() == weekday for day in rest)
        alike = by_weekday.get(weekday) or overall  # a weekday nobody has seen counts as any day
        expected += to_come * _mean(alike)
        spread += to_come + to_come**2 / len(alike)
    margin = _quantile(freedom) * math.sqrt(variance * spread)
    return MonthEnd(so_far + expected, so_far + max(0.0, expected - margin), so_far + expected + margin)


def _widening(errors: Sequence[float]) -> float:
    squares = sum(error**2 for error in errors)
    if squares == 0:
        return 1.0
    alike = sum(one * next_one for one, next_one in pairwise(errors)) / squares
    alike = min(max(alike, 0.0), _MOST_AUTOCORRELATION)
    return (1 + alike) / (1 - alike)


def _quantile(freedom: int) -> float:
    """Student's t for the band, by the first term of its expansion: few days make it wider."""
    return _Z + (_Z**3 + _Z) / (4 * freedom)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
