"""Which points of carbon intensity answer a question about a period, and which of them are the best.

One rule for every source: a point answers when it ends after the start and begins at the end or before. So a
point that ends exactly with the start is out, and one that begins exactly with the end is in.
"""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def answers(starts_at: Ints, duration: Ints, *, start: int, end: int) -> Mask:
    """Which points answer a question about `start` to `end`, in any one unit of time."""
    return np.asarray((starts_at + duration > start) & (starts_at <= end))


def competes(starts_at: Ints, duration: Ints, *, start: int, end: int) -> Mask:
    """Which points may be the best of `start` to `end`: those that answer and share more than an instant with it.

    A point that begins exactly with the end has no part in the period, unless the period is an instant itself.
    """
    chosen = answers(starts_at, duration, start=start, end=end)
    return chosen & (starts_at < end) if start < end else chosen


def lowest(values: Floats) -> Mask:
    """Every value that equals the smallest, exactly; of none, none."""
    return np.asarray(values == values.min(initial=np.inf))
