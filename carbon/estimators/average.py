"""The mean carbon intensity over a period, weighted by how long each point was in force."""

from dataclasses import dataclass

import numpy as np

from .selection import Floats, Ints

# The Carbon Aware SDK sums rating × time in steps of 100 ns; doing the same gives its figures to the last digit.
STEPS_PER_MICROSECOND = 10.0


class NotContinuousError(ValueError):
    """Between two points nothing is known, or two points claim the same time."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far points reach over a period, and the mean of the part they cover."""

    share: float  # of the period, 0 to 1
    gco2e_per_kwh: float  # NaN where nothing is covered
    gaps: tuple[tuple[int, int], ...]  # from, to; in order


class NotCoveredError(ValueError):
    """The points do not reach over the whole period."""


def average_over(starts_at: Ints, duration: Ints, gco2e_per_kwh: Floats, *, start: int, end: int) -> float:
    """The time-weighted mean over `start` to `end`; points by start, times in microseconds, at least one point.

    Raises NotContinuousError unless each point begins where the one before it ends, and NotCoveredError unless
    they reach from `start` to `end`. Both as the Carbon Aware SDK has it.
    """
    ends_at = starts_at + duration
    if not np.array_equal(starts_at[1:], ends_at[:-1]):
        raise NotContinuousError
    if not (((starts_at <= start) & (start < ends_at)).any() and ((starts_at < end) & (end <= ends_at)).any()):
        raise NotCoveredError
    overlap = np.minimum(ends_at, end) - np.maximum(starts_at, start)
    weighted = np.rint(gco2e_per_kwh * (np.maximum(overlap, 0) * STEPS_PER_MICROSECOND))
    return float(weighted.sum()) / ((end - start) * STEPS_PER_MICROSECOND)


def coverage_of(starts_at: Ints, duration: Ints, gco2e_per_kwh: Floats, *, start: int, end: int) -> Coverage:
    """What the points tell of `start` to `end` where they do not tell all; points by start.

    Where two points claim the same time, the one that begins first counts.
    """
    reached = np.maximum.accumulate(np.concatenate([[start], np.minimum(starts_at + duration, end)]))
    begins = np.clip(starts_at, start, end)
    counted = np.maximum(reached[1:] - np.maximum(begins, reached[:-1]), 0)
    covered = float(counted.sum())
    gaps = [
        (int(before), int(after))
        for before, after in zip(reached, np.append(begins, end), strict=True)
        if after > before
    ]
    mean = float((gco2e_per_kwh * counted).sum()) / covered if covered else float("nan")
    return Coverage(covered / (end - start), mean, tuple(gaps))
