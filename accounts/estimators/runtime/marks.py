"""Marks: instants at which something is known of whether the instance ran, before and after."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import IntEnum
from itertools import groupby
from operator import attrgetter

from .facts import RuntimeEvent
from .states import State, state_of

SAME_INSTANT_SECONDS = 120.0
"""An event is stamped when the call came in, LaunchTime and the transition date when EC2 acted on it. What lies
this close together is one start or one stop; the event's time is kept, for it does not move with the next start."""


class Source(IntEnum):
    """Who says so; of marks at one instant, the order in which they are read."""

    FIRST_LAUNCH = 0
    LAUNCH_TIME = 1
    EVENT = 2
    TRANSITION = 3
    INVENTORY = 4
    ABSENCE = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known at one instant. None: it does not say, so nothing changed as far as it knows."""

    at: float  # seconds since 1970
    before: State | None
    after: State | None
    source: Source
    words: str
    is_launch: bool = False  # before it the instance was not there
    ends_for_good: bool = False
    is_interruption: bool = False  # EC2 took a spot instance back
    hibernates: bool = False

    def __str__(self) -> str:
        """For a person: what happened and when."""
        return f"{self.words} at {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What an event of a name means where it does not tell the states itself; its rank orders equal times."""

    rank: int
    before: State | None
    after: State | None
    tells_states: bool = True
    is_launch: bool = False
    ends_for_good: bool = False
    is_interruption: bool = False


_MEANINGS = {
    "RunInstances": _Meaning(0, State.NOT_RUNNING, State.RUNNING, tells_states=False, is_launch=True),
    "StopInstances": _Meaning(1, None, State.NOT_RUNNING),
    # Only what runs is evicted.
    "BidEvictedEvent": _Meaning(2, State.RUNNING, State.NOT_RUNNING, tells_states=False, is_interruption=True),
    # EC2 changes the type of a stopped instance only, so this is a sign of standing still.
    "ModifyInstanceAttribute": _Meaning(3, State.NOT_RUNNING, State.NOT_RUNNING, tells_states=False),
    "StartInstances": _Meaning(4, None, State.RUNNING),
    # Stays running; EC2 refuses to reboot what does not run, but may be late to notice.
    "RebootInstances": _Meaning(5, None, None, tells_states=False),
    "TerminateInstances": _Meaning(6, None, State.NOT_RUNNING, ends_for_good=True),
}


# astuple() would copy every value, and this is called for each event of each instance.
_values = attrgetter(*(field.name for field in fields(RuntimeEvent)))


def meaningful_events(events: Iterable[RuntimeEvent]) -> tuple[list[RuntimeEvent], Counter[str]]:
    """The events that can have changed something, each once, oldest first; and how many others, by reason."""
    ignored: Counter[str] = Counter()
    kept: dict[object, RuntimeEvent] = {}
    for event in sorted(events, key=_order):
        if event.error_code:
            ignored["failed or a dry run"] += 1
        elif event.name not in _MEANINGS or (event.name == "ModifyInstanceAttribute" and not event.instance_type):
            ignored["not about running"] += 1
        else:
            key = event.event_id or _values(event)
            ignored["told twice"] += key in kept
            kept[key] = event
    return sorted(kept.values(), key=_order), +ignored


def _order(event: RuntimeEvent) -> tuple[object, ...]:
    rank = _MEANINGS[event.name].rank if event.name in _MEANINGS else len(_MEANINGS)
    return event.occurred_at, rank, _values(event)


def event_marks(events: Iterable[RuntimeEvent]) -> list[Mark]:
    """The events (of `meaningful_events`) as marks. Those of one second come in the order that makes sense."""
    marks: list[Mark] = []
    state: State | None = None
    for _, together in groupby(map(_mark, events), key=lambda mark: mark.at):
        waiting = list(together)
        while waiting:
            mark = waiting.pop(_next(waiting, state) if len(waiting) > 1 else 0)
            state = mark.after or state
            marks.append(mark)
    return marks


def _mark(event: RuntimeEvent) -> Mark:
    meaning = _MEANINGS[event.name]
    before, after = meaning.before, meaning.after
    if meaning.tells_states:
        before = state_of(event.previous_state) or before
        told = state_of(event.current_state)
        # What is pending is about to run, unless a later mark knows better.
        after = State.RUNNING if told is State.PENDING else told or after
    return Mark(
        at=event.occurred_at.timestamp(),
        before=before,
        after=after,
        source=Source.EVENT,
        words=f"{event.name} by {event.actor}" if event.actor else event.name,
        is_launch=meaning.is_launch,
        ends_for_good=meaning.ends_for_good,
        is_interruption=meaning.is_interruption,
        hibernates=event.hibernates,
    )


def _next(waiting: Sequence[Mark], state: State | None) -> int:
    """Which of several marks of one instant came first: one that fits the state, else one that changes it."""
    fits: list[Callable[[Mark], bool]] = [
        lambda mark: mark.before is state,
        lambda mark: mark.before is None and mark.after is not state,
        lambda mark: mark.before is None,
    ]
    if state is not None:
        for fit in fits:
            for index, mark in enumerate(waiting):
                if fit(mark):
                    return index
    return 0
