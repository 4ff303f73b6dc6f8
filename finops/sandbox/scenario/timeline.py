"""The truth about one simulated instance: when it ran, as which type, and why it started and stopped.

All that the sandbox tells (inventory, events, metrics, bills) is derived from timelines, so the stories agree
with each other. What they leave out is left out on purpose, as AWS leaves it out.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from finops.core.periods import HOUR, Period

PENDING = timedelta(seconds=20)  # billing starts with `running`; the simulation counts it from the start of `pending`
STOPPING = timedelta(seconds=40)
LISTED_AFTER_TERMINATION = timedelta(minutes=55)
SHORTEST_BILLED_RUN = timedelta(seconds=60)


class Start(StrEnum):
    """How a run began."""

    LAUNCH = "launch"
    USER_START = "user_start"
    SPOT_RESTART = "spot_restart"  # EC2 starts a persistent spot request again; no event tells


class End(StrEnum):
    """How a run ended."""

    USER_STOP = "user_stop"
    USER_HIBERNATE = "user_hibernate"
    USER_TERMINATE = "user_terminate"
    OS_SHUTDOWN = "os_shutdown"  # `shutdown -h`: no event tells
    OS_SHUTDOWN_DATED = "os_shutdown_dated"  # the same, but DescribeInstances gives the date
    RETIREMENT = "retirement"  # AWS stops it: no event tells
    SPOT_TERMINATION = "spot_termination"
    SPOT_STOP = "spot_stop"


ENDS_FOR_GOOD = frozenset({End.USER_TERMINATE, End.SPOT_TERMINATION})
ENDED_BY_SPOT = frozenset({End.SPOT_TERMINATION, End.SPOT_STOP})


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch in the state `running`; `end` is None while nothing is planned to end it."""

    start: datetime
    end: datetime | None
    instance_type: str
    started_by: Start = Start.USER_START
    ended_by: End | None = None
    type_set_at: datetime | None = None  # when ModifyInstanceAttribute gave it this type, if it did

    def __post_init__(self) -> None:
        """Refuse a run that ends before it starts, or that ends without a reason."""
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"A run cannot end ({self.end}) before it starts ({self.start}).")
        if (self.end is None) != (self.ended_by is None):
            raise ValueError("A run that ends needs to say how, and one that does not cannot.")

    def clipped_to(self, period: Period) -> Period | None:
        """The part of the run that lies in `period`, or None."""
        start, end = max(self.start, period.start), min(self.end or period.end, period.end)
        return Period(start, end) if start < end else None

    def billed_until(self, *, full_hours: bool) -> datetime | None:
        """Where the billed time of the run ends: at least 60 s after its start, or at a full hour of it.

        A run that spot ended in its first hour is free, which the caller must look after.
        """
        if self.end is None:
            return None
        if full_hours:
            return self.start - (self.start - self.end) // HOUR * HOUR
        return max(self.end, self.start + SHORTEST_BILLED_RUN)

    @property
    def is_free(self) -> bool:
        """Whether AWS waives the run: spot interrupted it within its first hour."""
        return self.ended_by in ENDED_BY_SPOT and self.end is not None and self.end - self.start < HOUR


@dataclass(frozen=True, slots=True)
class State:
    """An instance's state at an instant, in AWS's words, and since when."""

    name: str
    since: datetime

    @property
    def code(self) -> int:
        """AWS's number for the state."""
        return {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}[
            self.name
        ]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All runs of an instance, in order. A launch that failed has none."""

    launched_at: datetime
    launched_as: str  # an instance type
    runs: tuple[Run, ...]
    terminated_at: datetime | None = None  # by a user or by spot; also long after the last run
    launch_failure: str = ""  # a StateReason code: it went from pending to terminated and never ran
    calls_without_effect: tuple[tuple[datetime, str], ...] = ()  # such as StartInstances while it runs
    _starts: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse runs that overlap."""
        for earlier, later in zip(self.runs, self.runs[1:], strict=False):
            if earlier.end is None or later.start < earlier.end:
                raise ValueError(f"Run {later} begins before {earlier} has ended.")
        object.__setattr__(self, "_starts", tuple(run.start for run in self.runs))

    def last_run(self, at: datetime) -> Run | None:
        """The run that began last, up to `at`."""
        position = bisect_right(self._starts, at)
        return self.runs[position - 1] if position else None

    def state(self, at: datetime) -> State | None:
        """Its state at an instant; None before its launch."""
        if at < self.launched_at:
            return None
        if self.terminated_at is not None and self.terminated_at <= at:
            return self._ending("shutting-down", "terminated", since=self.terminated_at, at=at)
        run = self.last_run(at)
        if run is None:
            return State("pending", self.launched_at)
        if run.end is None or at < run.end:
            return State("pending" if at < run.start + PENDING else "running", run.start)
        return self._ending("stopping", "stopped", since=run.end, at=at)

    def _ending(self, first: str, then: str, *, since: datetime, at: datetime) -> State:
        return State(first if at < since + STOPPING else then, since)

    def is_listed(self, at: datetime) -> bool:
        """Whether DescribeInstances still shows it: terminated ones vanish within an hour."""
        if at < self.launched_at:
            return False
        return self.terminated_at is None or at < self.terminated_at + LISTED_AFTER_TERMINATION

    def instance_type(self, at: datetime) -> str:
        """The type it has at an instant, which may change while it is stopped."""
        kind = self.launched_as
        for run in self.runs:
            if run.start <= at or (run.type_set_at is not None and run.type_set_at <= at):
                kind = run.instance_type
        return kind

    def changes(self) -> Iterator[datetime]:
        """Every instant at which its description may change."""
        yield self.launched_at
        for run in self.runs:
            yield run.start
            yield run.start + PENDING
            if run.type_set_at is not None:
                yield run.type_set_at
            if run.end is not None:
                yield run.end
                yield run.end + STOPPING
        if self.terminated_at is not None:
            yield self.terminated_at
            yield self.terminated_at + STOPPING
            yield self.terminated_at + LISTED_AFTER_TERMINATION

    def running(self, period: Period) -> list[Period]:
        """The stretches in `running` that lie in `period`."""
        return [part for run in self._runs_near(period) if (part := run.clipped_to(period)) is not None]

    def _runs_near(self, period: Period) -> tuple[Run, ...]:
        """The runs that may reach into `period`, with one before: billed time may outlast its run."""
        first = max(0, bisect_right(self._starts, period.start) - 2)
        return self.runs[first : bisect_right(self._starts, period.end)]

    def running_seconds(self, period: Period) -> int:
        """How long it ran in `period`."""
        return sum(int(part.length.total_seconds()) for part in self.running(period))

    def billed(self, period: Period, *, full_hours: bool, known_until: datetime) -> list[tuple[Run, Period]]:
        """What of each run is billed in `period`, as known at `known_until`."""
        parts = []
        for run in self._runs_near(period):
            if run.is_free or run.start >= known_until:
                continue
            until = run.billed_until(full_hours=full_hours)
            if until is None or until > known_until:
                until = known_until
            part = Period(run.start, until).clipped_to(period)
            if part is not None:
                parts.append((run, part))
        return parts

    def ended(self, at: datetime, by: End) -> "Timeline":
        """The same, but the run that is on at `at` ends then, and later runs never happen."""
        runs = [run for run in self.runs if run.start < at]
        if runs and (runs[-1].end is None or runs[-1].end > at):
            runs[-1] = replace(runs[-1], end=at, ended_by=by)
        return replace(self, runs=tuple(runs), terminated_at=at if by in ENDS_FOR_GOOD else self.terminated_at)
