"""A forecast as the Carbon Aware API tells it: within bounds, in windows of a job's length, with the best of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .selection import Floats, Ints, Mask, answers, lowest
from .series import IntensityPoints
from .windows import windows


@dataclass(frozen=True, slots=True)
class ScopedForecast:
    """Points or windows of a forecast, by start, in microseconds; at least one."""

    starts_at: Ints
    duration: Ints
    gco2e_per_kwh: Floats
    is_best: Mask  # every one with the lowest value
    over_gaps: int  # windows left out because the forecast has a gap in them

    def __len__(self) -> int:
        """How many there are."""
        return len(self.starts_at)

    @property
    def start(self) -> int:
        """Where the first one begins."""
        return int(self.starts_at[0])

    @property
    def end(self) -> int:
        """Where the last one ends."""
        return int(self.starts_at[-1] + self.duration[-1])


@dataclass(frozen=True, slots=True)
class BoundProblem:
    """A bound that the forecast does not know: "order" (start not before end) or "range"."""

    kind: str
    first: int
    last: int


def bound_problems(points: IntensityPoints, *, start: int | None, end: int | None) -> Mapping[str, list[BoundProblem]]:
    """What is wrong with the bounds, by "start" and "end"; the ends of the forecast themselves are allowed."""
    first, last = int(points.starts_at[0]), int(points.starts_at[-1] + points.duration[-1])
    start, end = first if start is None else start, last if end is None else end
    problems: dict[str, list[BoundProblem]] = {}
    if start >= end:
        problems.setdefault("start", []).append(BoundProblem("order", first, last))
    for name, bound in (("start", start), ("end", end)):
        if not first <= bound <= last:
            problems.setdefault(name, []).append(BoundProblem("range", first, last))
    return problems


def scoped(points: IntensityPoints, *, start: int | None, end: int | None, length: int) -> ScopedForecast:
    """The points between the bounds, or where `length` is not 0 all windows of that length that lie between them.

    Raises ValueError where a length is negative or no window can be laid over the points.
    """
    low = int(points.starts_at[0]) if start is None else start
    high = int(points.starts_at[-1] + points.duration[-1]) if end is None else end
    kept = points.chosen(answers(points.starts_at, points.duration, start=low, end=high))
    if length == 0:
        return ScopedForecast(
            kept.starts_at, kept.duration, kept.gco2e_per_kwh, lowest(kept.gco2e_per_kwh), over_gaps=0
        )
    found = windows(kept.starts_at, kept.duration, kept.gco2e_per_kwh, start=low, end=high, length=length)
    return ScopedForecast(
        found.starts_at,
        np.full(len(found.starts_at), length, np.int64),
        found.gco2e_per_kwh,
        lowest(found.gco2e_per_kwh),
        over_gaps=found.over_gaps,
    )
