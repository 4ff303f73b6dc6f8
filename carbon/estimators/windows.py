"""Every window of a forecast in which a job could run, and the mean carbon intensity of each."""

from dataclasses import dataclass

import numpy as np

from .average import STEPS_PER_MICROSECOND
from .selection import Floats, Ints

MOST_WINDOWS = 200_000
_LARGEST_EXACT = float(2**62)


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one length, by start."""

    starts_at: Ints
    gco2e_per_kwh: Floats
    over_gaps: int  # windows left out because the forecast has a gap in them


def windows(starts_at: Ints, duration: Ints, gco2e_per_kwh: Floats, *, start: int, end: int, length: int) -> Windows:
    """The windows of `length` from `start` on that end at `end` or before; points by start, microseconds.

    The first begins at `start`, or with the first point where that is later; each next one begins one step
    later, a step being the duration of the first point. The value is the time-weighted mean, summed in the
    steps of 100 ns of the Carbon Aware SDK, so that equal windows are equal to the last digit.
    A window with a gap (or an overlap) inside is left out and counted. Work grows with points and windows.

    Raises ValueError where the length or a step is not positive, and above MOST_WINDOWS windows.
    """
    if not len(starts_at):
        return Windows(np.array([], np.int64), np.array([], np.float64), 0)
    step = int(duration[0])
    if step <= 0 or length <= 0:
        raise ValueError("A window and the points of the forecast last longer than nothing.")
    ends_at = starts_at + duration
    first = max(start, int(starts_at[0]))
    count = (min(end, int(ends_at[-1])) - length - first) // step + 1
    if count > MOST_WINDOWS:
        raise ValueError(f"The period holds {count} windows; {MOST_WINDOWS} is the most that is computed.")
    begins = first + step * np.arange(max(count, 0), dtype=np.int64)
    closes = begins + length
    opening, closing = _point_at(begins, starts_at, ends_at), _point_at(closes - 1, starts_at, ends_at)

    breaks = np.concatenate([[0], np.cumsum(starts_at[1:] != ends_at[:-1])])
    whole = (begins < ends_at[opening]) & (closes <= ends_at[closing]) & (breaks[opening] == breaks[closing])
    begins, closes, opening, closing = begins[whole], closes[whole], opening[whole], closing[whole]

    weighted = np.rint(gco2e_per_kwh * (duration * STEPS_PER_MICROSECOND))
    if weighted.sum() < _LARGEST_EXACT:
        weighted = weighted.astype(np.int64)
    before = np.concatenate([weighted[:1] * 0, np.cumsum(weighted)])

    def part(points: Ints, lengths: Ints) -> Floats | Ints:
        return np.rint(gco2e_per_kwh[points] * (lengths * STEPS_PER_MICROSECOND)).astype(weighted.dtype)

    several = part(opening, ends_at[opening] - begins) + part(closing, closes - starts_at[closing])
    several += before[closing] - before[np.minimum(opening + 1, closing)]
    total = np.where(opening == closing, part(opening, closes - begins), several)
    return Windows(begins, total / (length * STEPS_PER_MICROSECOND), int((~whole).sum()))


def _point_at(instants: Ints, starts_at: Ints, ends_at: Ints) -> Ints:
    """The last point that begins at each instant or before; all ascending, no instant before the first point.

    Points of one length without gaps, as nearly all forecasts have them, are counted off.
    """
    length = int(ends_at[0] - starts_at[0])
    if int(starts_at[-1] - starts_at[0]) == length * (len(starts_at) - 1) and bool(
        (np.diff(starts_at) == length).all()
    ):
        return np.asarray(np.minimum((instants - starts_at[0]) // length, len(starts_at) - 1))
    return np.asarray(np.searchsorted(starts_at, instants, side="right") - 1)
