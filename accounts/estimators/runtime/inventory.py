"""What the inventory knows of the past, put between the events: last start, first launch, last stop, state."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .facts import INVENTORY_START, InstanceFacts, RuntimeEvent
from .marks import SAME_INSTANT_SECONDS, Mark, Source
from .states import (
    ENDING_STATES,
    LAUNCH_FAILURES,
    SPOT_INTERRUPTIONS,
    State,
    reason_code,
    state_of,
    transition_date,
)

SIGHT_HOLDS = timedelta(hours=2)
"""How long an instance last known to run is taken to run on without a doubt. The inventory is read every hour, so
that within two hours one reading may fail or come late; after that nobody has looked."""


def known_marks(
    facts: InstanceFacts | None, events: Sequence[Mark], *, now: datetime, sights: Sequence[RuntimeEvent] = ()
) -> list[Mark]:
    """The marks of events and inventory together, in order, ending with what is known at `now`.

    An instance that the inventory does not have is gone: whatever ran before had ended by `now`. One whose
    state nobody told is treated alike, for nothing says that it still runs. `sights` are the starts and stops that
    earlier inventories told; they count as much as those of the last one.
    """
    state = state_of(facts.state) if facts else None
    marks = _with_sights(list(events), sights)
    if facts is not None:
        marks = _with_last_start(marks, facts)
        marks = _with_last_stop(marks, facts) if state is State.NOT_RUNNING else marks
        marks = _with_first_launch(marks, facts)
        marks = _without_failed_launch(marks, facts) if state is State.NOT_RUNNING else marks
    if facts is None or state is None:
        return [*marks, _absence(now, "the inventory does not have it" if facts is None else "its state is not told")]
    if not _is_older_than_events(facts, state, marks):
        marks = _put(marks, _last_sight(facts, state, now=now))
    if facts.gone_at is not None and facts.gone_at <= now:
        marks = _put(marks, _absence(facts.gone_at, "the inventory no longer had it"))
    return marks


def known_until(facts: InstanceFacts | None, marks: Sequence[Mark]) -> float:
    """Until when what `marks` end with is taken to hold: no longer than somebody looked, but for `SIGHT_HOLDS`."""
    if facts is None or facts.seen_at is None:
        return math.inf
    latest = max((mark.at for mark in marks), default=-math.inf)
    return max(facts.seen_at.timestamp(), latest) + SIGHT_HOLDS.total_seconds()


def _absence(at: datetime, words: str) -> Mark:
    return Mark(at.timestamp(), State.NOT_RUNNING, State.NOT_RUNNING, Source.ABSENCE, words)


def _put(marks: Sequence[Mark], mark: Mark) -> list[Mark]:
    """In order; stable, so that events of one second keep the order that makes sense of them."""
    return sorted([*marks, mark], key=lambda each: (each.at, each.source))


def _with_sights(marks: list[Mark], sights: Sequence[RuntimeEvent]) -> list[Mark]:
    for sight in sights:
        at = sight.occurred_at.timestamp()
        is_start = sight.name == INVENTORY_START
        marks = _with_start(marks, at) if is_start else _with_stop(marks, at, sight.actor)
    return marks


def _with_last_start(marks: list[Mark], facts: InstanceFacts) -> list[Mark]:
    """LaunchTime names the start of an event, or else one that no event told (spot, a restart by AWS)."""
    return marks if facts.launched_at is None else _with_start(marks, facts.launched_at.timestamp())


def _with_start(marks: list[Mark], at: float) -> list[Mark]:
    for index in _nearest(marks, at):
        event = marks[index]
        first, last = sorted((at, event.at))
        is_start = event.after is State.RUNNING and event.before is not State.RUNNING
        if is_start and not any(m.after is State.NOT_RUNNING and first < m.at < last for m in marks):
            marks[index] = replace(event, before=State.NOT_RUNNING)
            return marks
    if _nearest(marks, at, Source.LAUNCH_TIME):
        return marks
    return _put(marks, Mark(at, State.NOT_RUNNING, State.RUNNING, Source.LAUNCH_TIME, "a start known by LaunchTime"))


def _with_last_stop(marks: list[Mark], facts: InstanceFacts) -> list[Mark]:
    """The date in StateTransitionReason names the stop of an event, or else one that no event told."""
    date = dated_stop(facts)
    return marks if date is None else _with_stop(marks, date.timestamp(), reason_code(facts))


def dated_stop(facts: InstanceFacts) -> datetime | None:
    """When the last run stopped, by the date in StateTransitionReason; None where that tells of no or another one."""
    date = transition_date(facts.state_transition_reason)
    if date is None or state_of(facts.state) is not State.NOT_RUNNING:
        return None
    if facts.launched_at is not None and (date - facts.launched_at).total_seconds() < -SAME_INSTANT_SECONDS:
        return None  # The date of an earlier stop: it says nothing of the last one.
    return date


def _with_stop(marks: list[Mark], at: float, code: str) -> list[Mark]:
    if _nearest(marks, at, Source.TRANSITION) or any(
        marks[index].after is State.NOT_RUNNING and marks[index].before is not State.NOT_RUNNING
        for index in _nearest(marks, at)
    ):
        return marks
    words = f"a stop dated by StateTransitionReason ({code or 'no code'})"
    stop = Mark(at, None, State.NOT_RUNNING, Source.TRANSITION, words, is_interruption=code in SPOT_INTERRUPTIONS)
    return _put(marks, stop)


def _is_interruption(facts: InstanceFacts) -> bool:
    return reason_code(facts) in SPOT_INTERRUPTIONS


def _nearest(marks: Sequence[Mark], at: float, source: Source = Source.EVENT) -> list[int]:
    """The events (or marks of another `source`) that may be told of at `at`, nearest first."""
    close = [
        (abs(mark.at - at), index)
        for index, mark in enumerate(marks)
        if mark.source is source and abs(mark.at - at) <= SAME_INSTANT_SECONDS
    ]
    return [index for _, index in sorted(close)]


def _with_first_launch(marks: list[Mark], facts: InstanceFacts) -> list[Mark]:
    """Before its first launch an instance was not there. A first launch after other signs of it is not believed."""
    if facts.first_launched_at is None:
        return marks
    at = facts.first_launched_at.timestamp()
    first = marks[0] if marks else None
    if (
        first
        and first.before is State.NOT_RUNNING
        and first.after is State.RUNNING
        and abs(first.at - at) <= SAME_INSTANT_SECONDS
    ):
        return [replace(first, is_launch=True), *marks[1:]]
    if first and first.at <= at:
        return marks
    return [
        Mark(at, State.NOT_RUNNING, State.RUNNING, Source.FIRST_LAUNCH, "its first launch", is_launch=True),
        *marks,
    ]


def _without_failed_launch(marks: list[Mark], facts: InstanceFacts) -> list[Mark]:
    """A last start that failed never ran; one that ended in `terminated` was the only one there was."""
    code = reason_code(facts)
    if code not in LAUNCH_FAILURES:
        return marks
    if not marks and facts.state in ENDING_STATES:
        words = f"a launch that failed ({code})"
        return [Mark(0.0, State.NOT_RUNNING, State.NOT_RUNNING, Source.FIRST_LAUNCH, words, is_launch=True)]
    last = max((index for index, mark in enumerate(marks) if mark.after is State.RUNNING), default=None)
    if last is None or any(mark.before is State.RUNNING for mark in marks[last:]):
        return marks
    start = marks[last]
    failed = replace(
        start,
        after=State.NOT_RUNNING,
        words=f"a start that failed ({code})",
        is_launch=start.is_launch or facts.state in ENDING_STATES,
    )
    return [*marks[:last], failed, *marks[last + 1 :]]


def _is_older_than_events(facts: InstanceFacts, state: State, marks: Sequence[Mark]) -> bool:
    """Whether the inventory was read before the last event took effect: LaunchTime has not moved with it.

    EC2's answers lag behind its calls, and one refresh reads the inventory before the events.
    """
    if facts.launched_at is None or facts.state in ENDING_STATES:
        return False
    launched_at = facts.launched_at.timestamp()
    stopped_at = max((mark.at for mark in marks if mark.source is Source.TRANSITION), default=launched_at)
    seen_at = facts.seen_at.timestamp() if facts.seen_at else None
    was: State | None = None
    for mark in marks:
        before = mark.before or was
        if mark.source is Source.EVENT and (seen_at is None or mark.at <= seen_at):
            is_stop = mark.after is State.NOT_RUNNING and before is not State.NOT_RUNNING
            is_start = mark.after is State.RUNNING and before is State.NOT_RUNNING
            if state is not State.NOT_RUNNING and is_stop and mark.at > launched_at:
                return True
            if (
                state is State.NOT_RUNNING
                and is_start
                and mark.at > max(launched_at + SAME_INSTANT_SECONDS, stopped_at)
            ):
                return True
        was = mark.after or was
    return False


def _last_sight(facts: InstanceFacts, state: State, *, now: datetime) -> Mark:
    """The state when the inventory was read; not before what it knows already to have happened."""
    known = (facts.seen_at or now, facts.launched_at, transition_date(facts.state_transition_reason))
    return Mark(
        at=max(instant for instant in known if instant is not None).timestamp(),
        before=state,
        after=State.NOT_RUNNING if state is State.NOT_RUNNING else State.RUNNING,
        source=Source.INVENTORY,
        words=f"seen {facts.state}",
        is_interruption=state is State.NOT_RUNNING and _is_interruption(facts),
        ends_for_good=facts.state in ENDING_STATES,
    )
