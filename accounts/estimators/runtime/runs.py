"""Runs: the stretches between marks in which the instance ran, or may have run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import pairwise

from .marks import SAME_INSTANT_SECONDS, Mark, Source
from .states import State

HOUR_SECONDS = 3600.0


class Certainty(IntEnum):
    """How well the running of an hour or an interval is known. The ledger keeps the same numbers."""

    NOT_RUNNING = 0
    EXACT = 1
    BOUNDED = 2
    ASSUMED = 3


@dataclass(frozen=True, slots=True)
class Share:
    """Which share of a stretch the instance ran: at least, as the best estimate, and at most; spread evenly."""

    start: float
    end: float
    lower: float
    best: float
    upper: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Between two marks. `opened_by` None: since before anything is known; `closed_by` None: still so."""

    start: float  # seconds since 1970; -inf for "as long as we know"
    end: float
    certainty: Certainty
    opened_by: Mark | None
    closed_by: Mark | None
    shares: tuple[Share, ...]
    is_inferred: bool = False
    """Only from how an event found it, back to the start of the events: no event says that it changed since."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it certainly ran."""
        return all(share.lower == 1 for share in self.shares)

    @property
    def begins_a_run(self) -> bool:
        """Whether it begins with a start, rather than with a sign of running on."""
        return self.opened_by is not None and self.opened_by.before is not State.RUNNING


@dataclass(slots=True)
class Run:
    """Stretches without a known stop between them: what AWS bills as one start.

    `started_at` and `ended_at` are None where they are not known, or (the end) where it still runs.
    """

    started_at: float | None
    stretches: list[Stretch] = field(default_factory=list)
    ended_at: float | None = None
    ended_by: Mark | None = None
    billed_until: float | None = None  # a hibernating instance is billed until it has stopped

    @property
    def earliest(self) -> float:
        """The first instant it can have run."""
        return self.stretches[0].start

    @property
    def latest(self) -> float:
        """The last instant it can have run."""
        return self.stretches[-1].end


_HALF = 0.5


def _surely(start: float, end: float, opened_by: Mark | None, closed_by: Mark | None) -> Stretch:
    return Stretch(start, end, Certainty.EXACT, opened_by, closed_by, (Share(start, end, 1.0, 1.0, 1.0),))


def _as_found(start: float, opened_by: Mark | None, found_by: Mark) -> Stretch:
    """From `start` on in the state in which an event found it: nothing else is known, and no event says otherwise."""
    share = 1.0 if found_by.before is State.RUNNING else 0.0
    shares = (Share(start, found_by.at, share, share, share),)
    return Stretch(start, found_by.at, Certainty.EXACT, opened_by, found_by, shares, is_inferred=True)


def _perhaps(start: float, end: float, opened_by: Mark | None, closed_by: Mark | None) -> Stretch:
    """From not at all to all of it; half of it errs least, whichever was true."""
    return Stretch(start, end, Certainty.BOUNDED, opened_by, closed_by, (Share(start, end, 0.0, _HALF, 1.0),))


def _running_on(start: float, end: float, opened_by: Mark) -> Stretch:
    """What ran when it was last known of, and nobody has looked since: perhaps not at all, at best all of it.

    Not half of it, for no mark at its end says that it stopped: a login that expires must not halve a fleet.
    """
    return Stretch(start, end, Certainty.BOUNDED, opened_by, None, (Share(start, end, 0.0, 1.0, 1.0),))


def always(until: float) -> list[Run]:
    """What is assumed where nothing is known: always on, and perhaps not at all."""
    share = Share(-math.inf, until, 0.0, 1.0, 1.0)
    return [Run(None, [Stretch(-math.inf, until, Certainty.ASSUMED, None, None, (share,))])]


def runs_between(
    marks: Sequence[Mark], *, events_since: float, until: float, known_until: float = math.inf
) -> list[Run]:
    """The runs that follow from `marks`, oldest first.

    `events_since`: before it events may be missing, so that what the inventory knows from earlier says nothing
    against an event that found the instance in the other state. `known_until`: after it nobody has looked.
    """
    marks = _settled(marks)
    if not marks:
        return []
    walk = _Walk(events_since)
    walk.open(marks[0])
    for earlier, later in pairwise(marks):
        walk.step(earlier, later)
    last = marks[-1]
    walk.arrive(last)
    if last.after is State.RUNNING:
        until = max(until, last.at)
        sure_until = max(last.at, min(known_until, until))
        walk.add(_surely(last.at, sure_until, last, None))
        if sure_until < until:
            walk.add(_running_on(sure_until, until, last))
        walk.close(None)
    return walk.runs


def _settled(marks: Sequence[Mark]) -> list[Mark]:
    """Each mark with a before and an after; none after the last end."""
    settled: list[Mark] = []
    state: State | None = None
    stopped_at = -math.inf
    for mark in marks:
        before = mark.before or state or _opposite(mark)
        if mark.is_interruption and state is State.NOT_RUNNING and mark.at - stopped_at <= SAME_INSTANT_SECONDS:
            before = state  # An interruption that met a stop already going on.
        after = mark.after or before
        if mark.after is None and before is State.NOT_RUNNING:
            continue  # Says that it goes on running: to what stands still it says nothing.
        if after is State.NOT_RUNNING and before is State.RUNNING:
            stopped_at = mark.at
        state = after
        is_settled = mark.before is before and mark.after is after
        settled.append(mark if is_settled else replace(mark, before=before, after=after))
        if mark.ends_for_good:
            break
    return settled


def _opposite(mark: Mark) -> State:
    """A first event that does not tell the state before is taken to have changed it."""
    return State.NOT_RUNNING if mark.after is State.RUNNING else State.RUNNING


class _Walk:
    """Goes from mark to mark and keeps the run it is in."""

    def __init__(self, events_since: float) -> None:
        self.runs: list[Run] = []
        self._run: Run | None = None
        self._events_since = events_since

    def open(self, first: Mark) -> None:
        """What lies before the first mark: as an event found it, else unknown; nothing before the first launch."""
        if first.is_launch:
            return
        if first.source is Source.EVENT:
            self.add(_as_found(-math.inf, None, first))
        else:
            self.add(_perhaps(-math.inf, first.at, None, first))

    def add(self, stretch: Stretch, *, started_at: float | None = None) -> None:
        """Put a stretch to the run it belongs to; with none open, one begins at an unknown instant."""
        if self._run is None:
            self._run = Run(started_at)
            self.runs.append(self._run)
        if stretch.start < stretch.end:
            self._run.stretches.append(stretch)

    def close(self, mark: Mark | None, *, is_known: bool = True) -> None:
        """The run ends with `mark`, at its instant if that is known."""
        if self._run is not None:
            self._run.ended_by = mark
            self._run.ended_at = mark.at if mark and is_known else None
            if not self._run.stretches:
                self.runs.remove(self._run)
            self._run = None

    def arrive(self, mark: Mark) -> None:
        """At a mark a run ends, begins, or goes on."""
        if mark.before is not State.RUNNING and self._run is not None:
            self.close(mark, is_known=False)
        if mark.after is not State.RUNNING:
            self.close(mark)
        elif self._run is None:
            self._run = Run(mark.at if mark.before is not State.RUNNING else None)
            self.runs.append(self._run)

    def step(self, earlier: Mark, later: Mark) -> None:
        """From one mark to the next."""
        self.arrive(earlier)
        start, end = earlier.at, later.at
        ran, runs = earlier.after is State.RUNNING, later.before is State.RUNNING
        if later.before is State.PENDING and ran and earlier.before is not State.RUNNING:
            self._forget_start()  # It was pending all the time: it has not run yet.
        elif ran and runs:
            self.add(_surely(start, end, earlier, later))
        elif ran != runs:
            known = self._known_since(earlier, later)
            self.add(_perhaps(start, known, earlier, later))
            if known < end:
                self.add(_as_found(known, earlier, later))

    def _known_since(self, earlier: Mark, later: Mark) -> float:
        """Until when it is open what happened between two marks that contradict each other."""
        if later.source is Source.EVENT and earlier.source is not Source.EVENT and earlier.at < self._events_since:
            return min(self._events_since, later.at)
        return later.at

    def _forget_start(self) -> None:
        if self._run is not None:
            self.runs.remove(self._run)
            self._run = None
