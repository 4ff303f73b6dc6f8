"""Narrows what may have run by the minutes in which CloudWatch saw the instance."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .runs import HOUR_SECONDS, Certainty, Run, Share, Stretch
from .states import State

MINUTE_SECONDS = 60.0
_MINUTES = 60.0
GRAIN_SECONDS = 300.0
"""Under basic monitoring CloudWatch counts in steps of five minutes, and the first and last step may be missing."""


def narrow_by_samples(runs: Sequence[Run], minutes_by_hour: Mapping[float, float]) -> None:
    """Replace each bounded stretch by what the minutes of its hours (start of hour → 0 to 60) leave open.

    An hour that is not in `minutes_by_hour` is unknown and stays as it is; an hour with 0 did not run. What is
    only inferred gives way where the minutes contradict it by more than their grain.
    """
    if not minutes_by_hour:
        return
    stretches = [stretch for run in runs for stretch in run.stretches]
    for run in runs:
        run.stretches = [_narrowed(stretch, minutes_by_hour, stretches) for stretch in run.stretches]


def _narrowed(stretch: Stretch, minutes_by_hour: Mapping[float, float], stretches: Sequence[Stretch]) -> Stretch:
    if stretch.certainty is not Certainty.BOUNDED and not stretch.is_inferred:
        return stretch
    (whole,) = stretch.shares
    hours = sorted(h for h in minutes_by_hour if h < stretch.end and h + HOUR_SECONDS > stretch.start)
    shares: list[Share] = []
    reached = stretch.start
    for number, hour in enumerate(hours):
        start, end = max(hour, stretch.start), min(hour + HOUR_SECONDS, stretch.end)
        if reached < start:
            share = _unmeasured(stretch, hours[:number], hours[number:], minutes_by_hour)
            shares.append(replace(share, start=reached, end=start))
        shares.append(_share(start, end, hour, minutes_by_hour, stretches))
        reached = end
    is_contradicted = any(not share.lower <= whole.best <= share.upper for share in shares)
    if not hours or (stretch.is_inferred and not is_contradicted):
        return stretch
    if reached < stretch.end:
        shares.append(replace(_unmeasured(stretch, hours, [], minutes_by_hour), start=reached))
    is_settled = all(share.lower == share.upper for share in shares)
    return replace(
        stretch,
        shares=tuple(_joined(shares)),
        certainty=Certainty.EXACT if is_settled else Certainty.BOUNDED,
        is_inferred=False,
    )


def _unmeasured(
    stretch: Stretch, earlier: Sequence[float], later: Sequence[float], minutes_by_hour: Mapping[float, float]
) -> Share:
    """What measured hours before and after say of hours between them, where one untold change parts the two.

    What stood still for an hour before it is known to stand still did so all the time between, and what ran
    after it is known to have run ran all the time between; for a start that nobody told the other way round.
    Since nobody looked it may have changed more than once: it goes on as the last measured hour ended.
    """
    (whole,) = stretch.shares
    if stretch.is_inferred or stretch.opened_by is None:
        return whole
    if stretch.closed_by is None:
        return replace(whole, best=0.0) if earlier and minutes_by_hour[earlier[-1]] == 0 else whole
    on_the_running_side, on_the_other = (
        (later, earlier) if stretch.opened_by.after is State.RUNNING else (earlier, later)
    )
    ran = any(minutes_by_hour[hour] > 0 for hour in on_the_running_side)
    stood_still = any(minutes_by_hour[hour] == 0 for hour in on_the_other)
    if ran == stood_still:
        return whole
    share = 1.0 if ran else 0.0
    return replace(whole, lower=share, best=share, upper=share)


def _share(
    start: float, end: float, hour: float, minutes_by_hour: Mapping[float, float], stretches: Sequence[Stretch]
) -> Share:
    """What the samples of `hour` say of its part [start, end), a part of one of `stretches`."""
    length = end - start
    certain = open_elsewhere = 0.0
    if length < HOUR_SECONDS:  # Other stretches share the hour.
        certain = _seconds((stretch for stretch in stretches if stretch.is_whole and not stretch.is_inferred), hour)
        open_elsewhere = _seconds(stretches, hour) - certain - length
    seen = min(max(minutes_by_hour[hour], 0.0), _MINUTES) * MINUTE_SECONDS - certain
    grain = 0.0 if _is_amid(hour, minutes_by_hour) else GRAIN_SECONDS
    lower, upper = _within(seen - open_elsewhere - grain, length), _within(seen + grain, length)
    best = min(max(seen - open_elsewhere / 2, lower), upper)
    return Share(start, end, lower / length, best / length, upper / length)


def _is_amid(hour: float, minutes_by_hour: Mapping[float, float]) -> bool:
    """Whether the hour and both its neighbours ran in full, or not at all: no start or stop lies near."""
    near = [minutes_by_hour.get(hour + step) for step in (-HOUR_SECONDS, 0.0, HOUR_SECONDS)]
    return all(minutes is not None and minutes >= _MINUTES for minutes in near) or all(minutes == 0 for minutes in near)


def _within(seconds: float, length: float) -> float:
    return min(max(seconds, 0.0), length)


def _seconds(stretches: Iterable[Stretch], hour: float) -> float:
    return sum(max(0.0, min(stretch.end, hour + HOUR_SECONDS) - max(stretch.start, hour)) for stretch in stretches)


def _joined(shares: Iterable[Share]) -> Iterator[Share]:
    """Neighbours of the same shares as one."""
    last: Share | None = None
    for share in shares:
        same = last and (last.lower, last.best, last.upper) == (share.lower, share.best, share.upper)
        if last and same:
            last = replace(last, end=share.end)
            continue
        if last:
            yield last
        last = share
    if last:
        yield last
