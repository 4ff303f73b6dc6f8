"""Narrows what may have run by the minutes in which CloudWatch saw the instance."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .runs import HOUR_SECONDS, Certainty, Run, Share, Stretch

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
    shares: list[Share] = []
    reached = stretch.start
    is_contradicted = False
    for hour in sorted(h for h in minutes_by_hour if h < stretch.end and h + HOUR_SECONDS > stretch.start):
        start, end = max(hour, stretch.start), min(hour + HOUR_SECONDS, stretch.end)
        if reached < start:
            shares.append(replace(whole, start=reached, end=start))
        share = _share(start, end, hour, minutes_by_hour, stretches)
        is_contradicted = is_contradicted or not share.lower <= whole.best <= share.upper
        shares.append(share)
        reached = end
    if not shares or (stretch.is_inferred and not is_contradicted):
        return stretch
    if reached < stretch.end:
        shares.append(replace(whole, start=reached))
    is_settled = all(share.lower == share.upper for share in shares)
    return replace(
        stretch,
        shares=tuple(_joined(shares)),
        certainty=Certainty.EXACT if is_settled else Certainty.BOUNDED,
        is_inferred=False,
    )


def _share(
    start: float, end: float, hour: float, minutes_by_hour: Mapping[float, float], stretches: Sequence[Stretch]
) -> Share:
    """What the samples of `hour` say of its part [start, end), a part of one of `stretches`."""
    length = end - start
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
