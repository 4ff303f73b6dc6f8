"""Rules over hourly series: each takes n resources × hours, oldest first, NaN where nothing was measured."""

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .rules import ENOUGH_HOURS, HOURS_LOOKED_AT
from .verdict import Bools, Floats, Hours, Verdicts

Series = npt.NDArray[np.float32] | npt.NDArray[np.float64]

_FEWEST_IN_WINDOW = 3
_FRESH_HOURS = 24
_NOWHERE = -1


def has_enough(values: Series) -> Bools:
    """Whether 30 hours or more of the last 14 days were measured: below that nothing is said, good or bad."""
    return np.asarray(np.isfinite(values[:, -HOURS_LOOKED_AT:]).sum(axis=1) >= ENOUGH_HOURS)


def busy(
    values: Series, *, mean_percent: float, hours_in_a_row: float, p95_percent: float, window_hours: float
) -> Verdicts:
    """Busy for hours: so many hourly means in a row from `mean_percent`, or their 95th percentile from its own.

    A gap ends a row. `longest_hours` is the longest row; the finding began with the first row that is long enough.
    """
    window, offset = _tail(values, window_hours)
    rows = _lengths_of_rows(window >= mean_percent)
    is_long = rows >= max(1, int(hours_in_a_row))
    p95 = _quantile(window, 0.95)
    has_row = is_long.any(axis=1)
    began = np.argmax(is_long, axis=1) - int(hours_in_a_row) + 1
    # Without a row it is the share of busy hours; that began with the first of them.
    first_busy = np.argmax(window >= p95_percent, axis=1)
    is_judged = has_enough(values) & _is_measured_in(window)
    return Verdicts(
        is_judged=is_judged,
        is_found=is_judged & (has_row | (p95 >= p95_percent)),
        since_hour=np.where(has_row, began, first_busy) + offset,
        measured={
            "longest_hours": rows.max(axis=1, initial=0).astype(np.float64),
            "p95_percent": p95,
            "maximum_percent": _over(np.nanmax, window),
        },
    )


def lately(values: Series, *, limit: float, hours_in_a_row: float, is_below: bool) -> Verdicts:
    """How it stands now: the latest measured hours, so many at least, are all below the limit, or all from it on.

    Gaps neither end nor lengthen the stretch. Nothing measured within a day: nothing is said.
    """
    is_measured = np.isfinite(values)
    is_beyond = np.asarray((values < limit) if is_below else (values >= limit)) & is_measured
    width = values.shape[1]
    places = np.arange(width)
    last_other = np.where(is_measured & ~is_beyond, places, _NOWHERE).max(axis=1, initial=_NOWHERE)
    in_stretch = is_beyond & (places > last_other[:, None])
    latest = np.where(is_measured, places, _NOWHERE).max(axis=1, initial=_NOWHERE)
    is_judged = has_enough(values) & (latest >= width - _FRESH_HOURS)
    value = np.take_along_axis(values, np.maximum(latest, 0)[:, None], axis=1)[:, 0].astype(np.float64)
    return Verdicts(
        is_judged=is_judged,
        is_found=is_judged & (in_stretch.sum(axis=1) >= max(1, int(hours_in_a_row))),
        since_hour=np.argmax(in_stretch, axis=1),
        measured={"latest": value},
    )


def peak(values: Series, *, maximum_percent: float, window_hours: float) -> Verdicts:
    """The plain rule of a first look: the highest maximum of the window is above the limit."""
    window, offset = _tail(values, window_hours)
    is_judged = has_enough(values) & _is_measured_in(window)
    highest = _over(np.nanmax, window)
    return Verdicts(
        is_judged=is_judged,
        is_found=is_judged & (highest > maximum_percent),
        since_hour=np.argmax(window > maximum_percent, axis=1) + offset,
        measured={"maximum_percent": highest},
    )


def mean_below(values: Series, *, mean_percent: float, window_hours: float) -> Verdicts:
    """The plain rule of a first look: the mean of the window is below the limit."""
    window, offset = _tail(values, window_hours)
    is_judged = has_enough(values) & _is_measured_in(window)
    mean = _over(np.nanmean, window)
    return Verdicts(is_judged, is_judged & (mean < mean_percent), _first(window, offset), {"mean_percent": mean})


def idle_machine(
    cpu_percent: Series,
    network_bytes: Series,
    *,
    limit_cpu_percent: float,
    limit_bytes_per_second: float,
    window_hours: float,
) -> Verdicts:
    """CPU up to a mean and network up to a rate; `network_bytes` are in and out together, of an hour each."""
    cpu, offset = _tail(cpu_percent, window_hours)
    network, _ = _tail(network_bytes, window_hours)
    is_judged = has_enough(cpu_percent) & has_enough(network_bytes) & _is_measured_in(cpu) & _is_measured_in(network)
    mean, rate = _over(np.nanmean, cpu), _over(np.nanmean, network) / 3600
    return Verdicts(
        is_judged=is_judged,
        is_found=is_judged & (mean <= limit_cpu_percent) & (rate <= limit_bytes_per_second),
        since_hour=_first(cpu, offset),
        measured={"mean_cpu_percent": mean, "network_bytes_per_second": rate},
    )


def idle_database(
    connections: Series, cpu_percent: Series, *, limit_connections: float, limit_cpu_percent: float, window_hours: float
) -> Verdicts:
    """Fewer connections than a limit and CPU below another, on the mean of the window."""
    used, offset = _tail(connections, window_hours)
    cpu, _ = _tail(cpu_percent, window_hours)
    is_judged = has_enough(connections) & has_enough(cpu_percent) & _is_measured_in(used) & _is_measured_in(cpu)
    mean_used, mean_cpu = _over(np.nanmean, used), _over(np.nanmean, cpu)
    return Verdicts(
        is_judged=is_judged,
        is_found=is_judged & (mean_used < limit_connections) & (mean_cpu < limit_cpu_percent),
        since_hour=_first(used, offset),
        measured={"mean_connections": mean_used, "mean_cpu_percent": mean_cpu},
    )


def failing(errors: Series, invocations: Series, *, error_percent: float, window_hours: float) -> Verdicts:
    """Errors as a share of invocations over the window. Hours in which nothing ran are not measured."""
    failed, offset = _tail(errors, window_hours)
    ran, _ = _tail(invocations, window_hours)
    is_both = np.isfinite(failed) & np.isfinite(ran)
    runs = np.where(is_both, ran, 0).sum(axis=1, dtype=np.float64)
    wrong = np.where(is_both, failed, 0).sum(axis=1, dtype=np.float64)
    share = 100 * wrong / np.maximum(runs, 1)
    is_judged = has_enough(invocations) & (is_both.sum(axis=1) >= _FEWEST_IN_WINDOW) & (runs > 0)
    return Verdicts(
        is_judged=is_judged,
        is_found=is_judged & (share > error_percent),
        since_hour=np.argmax(is_both & (failed > 0), axis=1) + offset,
        measured={"error_percent": share, "errors": wrong, "invocations": runs},
    )


def throttled(throttles: Series, *, more_than: float, window_hours: float) -> Verdicts:
    """More throttled invocations in the window than so many."""
    window, offset = _tail(throttles, window_hours)
    is_judged = has_enough(throttles) & _is_measured_in(window)
    count = np.asarray(np.nansum(window, axis=1, dtype=np.float64))
    return Verdicts(
        is_judged, is_judged & (count > more_than), np.argmax(window > 0, axis=1) + offset, {"throttles": count}
    )


def near_timeout(
    longest_ms: Series, timeout_seconds: Floats, *, timeout_percent: float, window_hours: float
) -> Verdicts:
    """In most hours of the window the longest run came near the time-out: the median of the hourly maxima."""
    window, offset = _tail(longest_ms, window_hours)
    share = window / (10 * timeout_seconds[:, None])  # ms of s, in per cent
    median = _quantile(share, 0.5)
    is_judged = has_enough(longest_ms) & _is_measured_in(window) & np.isfinite(timeout_seconds)
    return Verdicts(
        is_judged=is_judged,
        is_found=is_judged & (median >= timeout_percent),
        since_hour=np.argmax(share >= timeout_percent, axis=1) + offset,
        measured={"timeout_percent": median},
    )


def never_invoked(invocations: Series, *, known_days: Floats, days: float) -> Verdicts:
    """Not one invocation in so many days. `known_days`: since when each function is known to be as it is.

    A day is let off, for the latest hours have not settled yet.
    """
    window, offset = _tail(invocations, days * 24)
    count = np.asarray(np.nansum(window, axis=1, dtype=np.float64))
    measured_days = np.isfinite(window).sum(axis=1) / 24
    is_judged = (measured_days >= max(days - 1, ENOUGH_HOURS / 24)) & (known_days >= days)
    return Verdicts(
        is_judged=is_judged,
        is_found=is_judged & (count == 0),
        since_hour=np.full(len(window), offset, dtype=np.int64),
        measured={"invocations": count, "days": np.full(len(window), float(days))},
    )


def _tail(values: Series, hours: float) -> tuple[Series, int]:
    """The last so many hours, and how many stand before them."""
    offset = max(0, values.shape[1] - max(1, int(hours)))
    return values[:, offset:], offset


def _is_measured_in(window: Series) -> Bools:
    return np.asarray(np.isfinite(window).sum(axis=1) >= _FEWEST_IN_WINDOW)


def _first(window: Series, offset: int) -> Hours:
    return np.asarray(np.argmax(np.isfinite(window), axis=1) + offset, dtype=np.int64)


def _lengths_of_rows(is_beyond: Bools) -> Hours:
    """At each hour, of how many hours up to it the row of such hours consists; 0 where it is none."""
    counted = np.cumsum(is_beyond, axis=1)
    before = np.maximum.accumulate(np.where(is_beyond, 0, counted), axis=1)
    return np.asarray(counted - before, dtype=np.int64)


def _over(of: Callable[..., Floats], window: Series) -> Floats:
    """`of` each row, NaN for a row without any value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # "All-NaN slice": that is an answer here
        return np.asarray(of(window, axis=1), dtype=np.float64)


def _quantile(window: Series, share: float) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanquantile(window.astype(np.float64), share, axis=1), dtype=np.float64)
