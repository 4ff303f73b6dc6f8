"""What AWS bills of the runs: by the second with a minimum, or by full hours; interrupted spot less.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-for-interrupted-spot-instances.html
https://repost.aws/knowledge-center/ec2-instance-hour-billing

Every billed second has one instant, so the billed seconds of adjacent windows add up to those of the whole:
seconds that run are billed as they run; what the minimum adds, at the instant of the start; and of an instance
billed by full hours, each hour at the instant it begins, counted from the start (from the clock's full hour
where the start is not known). Where the running is known within bounds, the bill follows the best estimate.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .runs import HOUR_SECONDS, Run, Share

SHORTEST_BILLED_SECONDS = 60.0
_ROUNDING_HOURS = 1e-9  # a float's error on an instant must not begin another hour

Floats = npt.NDArray[np.float64]


def is_billed_by_full_hours(platform_details: str) -> bool:
    """Whether each begun hour is billed whole: of today's platforms only SUSE's."""
    return "suse" in platform_details.lower()


@dataclass(frozen=True, slots=True)
class _FullHours:
    """Hours counted from `anchor`; those that begin in [first, until) are billed with `weight`."""

    anchor: float
    first: float
    until: float
    weight: float


@dataclass(slots=True)
class Bill:
    """What is billed, and when: stretches by the second, single amounts, and full hours."""

    by_the_second: list[tuple[float, float, float]] = field(default_factory=list)  # start, end, weight
    amounts: list[tuple[float, float]] = field(default_factory=list)  # instant, seconds
    full_hours: list[_FullHours] = field(default_factory=list)

    def seconds_between(self, edges: Floats) -> Floats:
        """The billed seconds of each of the consecutive windows that `edges` (sorted) bound."""
        total = np.zeros(len(edges) - 1)
        for start, end, weight in self.by_the_second:
            place, seconds = overlap(edges, start, end)
            total[place] += weight * seconds
        first, last = float(edges[0]), float(edges[-1])
        for at, amount in self.amounts:
            if first <= at < last:
                total[int(edges.searchsorted(at, side="right")) - 1] += amount
        for hours in self.full_hours:
            if hours.first < last and hours.until > first:
                clipped = edges.clip(max(hours.first, first), min(hours.until, last))
                begun = np.ceil((clipped - hours.anchor) / HOUR_SECONDS - _ROUNDING_HOURS)
                total += hours.weight * HOUR_SECONDS * np.diff(begun)
        return total


def overlap(edges: Floats, start: float, end: float) -> tuple[slice, Floats]:
    """Which of the consecutive windows that `edges` bound [start, end) touches, and its seconds in each."""
    first = max(int(edges.searchsorted(start, side="right")) - 1, 0)
    until = min(int(edges.searchsorted(end, side="left")), len(edges) - 1)
    if first >= until:
        return slice(0, 0), np.zeros(0)
    # Ufuncs rather than clip() and diff(): on the few hours of a run their own overhead is most of the time.
    inside = np.minimum(np.maximum(edges[first : until + 1], start), end)
    return slice(first, until), inside[1:] - inside[:-1]


def bill_of(runs: Iterable[Run], *, by_full_hours: bool) -> Bill:
    """The bill of `runs`."""
    bill = Bill()
    for run in runs:
        if not run.stretches or _is_free(run):
            continue
        if by_full_hours:
            _charge_full_hours(bill, run)
        else:
            _charge_seconds(bill, run)
    return bill


def _is_free(run: Run) -> bool:
    """A spot instance that EC2 interrupted within the first hour, whenever in its bounds it started and ended."""
    return _is_interrupted(run) and run.latest - run.earliest < HOUR_SECONDS * (1 - _ROUNDING_HOURS)


def _is_interrupted(run: Run) -> bool:
    return run.ended_by is not None and run.ended_by.is_interruption


def _shares(run: Run) -> list[Share]:
    shares = [share for stretch in run.stretches for share in stretch.shares if share.best > 0]
    if run.billed_until is not None and run.billed_until > run.latest:
        shares.append(Share(run.latest, run.billed_until, 1.0, 1.0, 1.0))
    return shares


def _charge_seconds(bill: Bill, run: Run) -> None:
    shares = _shares(run)
    bill.by_the_second.extend((share.start, share.end, share.best) for share in shares)
    ran = sum((share.end - share.start) * share.best for share in shares)
    if run.started_at is not None and ran < SHORTEST_BILLED_SECONDS:
        bill.amounts.append((run.started_at, SHORTEST_BILLED_SECONDS - ran))


def _charge_full_hours(bill: Bill, run: Run) -> None:
    shares = _shares(run)
    anchor = run.earliest if math.isfinite(run.earliest) else 0.0
    last = math.inf
    if _is_interrupted(run) and run.ended_at is not None:
        # The hour in which EC2 interrupts is free.
        last = anchor + math.floor((run.ended_at - anchor) / HOUR_SECONDS + _ROUNDING_HOURS) * HOUR_SECONDS
    bill.full_hours.extend(
        _FullHours(anchor, share.start, min(share.end, last), share.best) for share in shares if share.start < last
    )
    first = _first_weight(shares, run.started_at)
    if run.started_at is not None and first < 1:
        # It did start, so its first hour is certain, however soon it may have stopped.
        bill.amounts.append((run.started_at, (1 - first) * HOUR_SECONDS))


def _first_weight(shares: Sequence[Share], started_at: float | None) -> float:
    return next((share.best for share in shares if share.start == started_at), 0.0)
