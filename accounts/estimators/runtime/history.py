"""The history of one instance: put together once, asked for any window."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from finops.core.periods import Period

from .answers import Floats, HourlyRuntime, RunningInterval, Runtime
from .billing import Bill, bill_of, is_billed_by_full_hours, overlap
from .facts import INVENTORY_START, INVENTORY_STOP, InstanceFacts, RuntimeEvent
from .instance_types import TypeHistory, type_history
from .inventory import known_marks, known_until
from .marks import Source, event_marks, meaningful_events
from .runs import HOUR_SECONDS, Certainty, Run, Stretch, always, runs_between
from .samples import narrow_by_samples
from .sentences import because
from .states import HIBERNATED, reason_code

_SIGHTS = frozenset({INVENTORY_START, INVENTORY_STOP})


def runtime_of(
    instance: InstanceFacts | None,
    events: Iterable[RuntimeEvent],
    *,
    window: Period,
    now: datetime,
    events_since: datetime | None = None,
    cpu_sample_minutes: Mapping[datetime, float] | None = None,
) -> Runtime:
    """How long `instance` ran within `window`, up to `now`; see `history_of`.

    Events are taken to be complete since the start of the window unless `events_since` says otherwise.
    """
    history = history_of(
        instance,
        events,
        now=now,
        events_since=events_since or window.start,
        cpu_sample_minutes=cpu_sample_minutes,
    )
    return history.during(window)


def history_of(
    instance: InstanceFacts | None,
    events: Iterable[RuntimeEvent],
    *,
    now: datetime,
    events_since: datetime | None,
    cpu_sample_minutes: Mapping[datetime, float] | None = None,
) -> "History":
    """When an instance ran, as its inventory, its events (in any order) and CloudWatch's minutes know it.

    `instance` None: the inventory does not have it, so it had ended by `now`. `events_since`: since when
    events are known without a gap (the start of the period one will ask for, if all its events are there;
    None: not known, so since the oldest of them); older events tell the state to begin with.
    `cpu_sample_minutes`: running minutes by start of hour (the SampleCount of CPUUtilization at a period of an
    hour); 0 says that it did not run, an hour that is missing says nothing.
    """
    told = list(events)
    sights = [event for event in told if event.name in _SIGHTS]
    known, ignored = meaningful_events([event for event in told if event.name not in _SIGHTS] if sights else told)
    marks = known_marks(instance, event_marks(known), now=now, sights=sights)
    until = now.timestamp()
    oldest = [event.occurred_at for event in known[:1]]
    since = min([events_since, *oldest] if events_since else oldest, default=now).timestamp()
    if all(mark.source is Source.ABSENCE for mark in marks):
        runs = always(until)
    else:
        runs = runs_between(marks, events_since=since, known_until=known_until(instance, marks), until=until)
        narrow_by_samples(runs, {hour.timestamp(): minutes for hour, minutes in (cpu_sample_minutes or {}).items()})
    _bill_hibernation(runs, instance, now)
    by_full_hours = is_billed_by_full_hours(instance.platform_details) if instance else False
    return History(
        until=until,
        runs=tuple(runs),
        types=type_history(instance, known, marks),
        bill=bill_of(runs, by_full_hours=by_full_hours),
        events_ignored=dict(ignored),
    )


def _bill_hibernation(runs: list[Run], instance: InstanceFacts | None, now: datetime) -> None:
    """`stopping` is billed where it writes memory to disk, as long as the inventory sees it going on."""
    if not runs or instance is None or instance.state != "stopping":
        return
    last = runs[-1]
    ended_by = last.ended_by
    if ended_by is None or last.ended_at is None:
        return
    if reason_code(instance) == HIBERNATED or ended_by.hibernates:
        last.billed_until = min(instance.seen_at or now, now).timestamp()


@dataclass(frozen=True, slots=True)
class History:
    """When one instance ran and what of it is billed, up to a now; `during` and `by_hour` ask it."""

    until: float
    runs: tuple[Run, ...]
    types: TypeHistory
    bill: Bill
    events_ignored: Mapping[str, int]

    def during(self, window: Period) -> Runtime:
        """The runtime within `window` up to now. What adjacent windows answer adds up to the whole."""
        start = window.start.timestamp()
        end = max(start, min(window.end.timestamp(), self.until))
        lower = best = upper = 0.0
        by_type: dict[str, float] = {}
        for stretch in self._stretches(start, end):
            name = self.types.at(stretch.start)
            for share in stretch.shares:
                seconds = min(share.end, end) - max(share.start, start)
                if seconds > 0:
                    lower += seconds * share.lower
                    best += seconds * share.best
                    upper += seconds * share.upper
                    by_type[name] = by_type.get(name, 0.0) + seconds * share.best
        billed = float(self.bill.seconds_between(np.array([start, end]))[0]) if start < end else 0.0
        return Runtime(
            intervals=tuple(self._intervals(start, end)),
            lower_hours=lower / HOUR_SECONDS,
            estimated_hours=best / HOUR_SECONDS,
            upper_hours=upper / HOUR_SECONDS,
            billed_hours=billed / HOUR_SECONDS,
            hours_by_type={name: seconds / HOUR_SECONDS for name, seconds in sorted(by_type.items()) if seconds > 0},
            events_ignored=self.events_ignored,
        )

    def may_gain_by_samples(self, window: Period) -> bool:
        """Whether CloudWatch's minutes could say more of `window`: something is open, or only inferred."""
        return any(
            stretch.certainty is Certainty.BOUNDED or stretch.is_inferred
            for stretch in self._stretches(window.start.timestamp(), window.end.timestamp())
        )

    def by_hour(self, first_hour: datetime, hours: int = 24) -> HourlyRuntime:
        """The runtime of `hours` hours from `first_hour` on (a full hour); hours after now are 0."""
        starts: Floats = first_hour.timestamp() + HOUR_SECONDS * np.arange(hours + 1, dtype=np.float64)
        edges = np.minimum(starts, self.until)
        answer = HourlyRuntime(
            starts_at=first_hour.astimezone(UTC),
            running_seconds=np.zeros(hours),
            lower_seconds=np.zeros(hours),
            upper_seconds=np.zeros(hours),
            billed_seconds=self.bill.seconds_between(edges),
            certainty=np.zeros(hours, np.uint8),
            instance_types=self.types.names,
            type_index=self.types.indexes_at(starts[:-1]),
        )
        longest = np.zeros(hours)
        for stretch in self._stretches(float(edges[0]), float(edges[-1])):
            _fill(answer, edges, stretch, self.types.index_at(stretch.start), longest)
        # A full hour or a hibernation may be billed in an hour that did not run.
        answer.certainty[(answer.certainty == Certainty.NOT_RUNNING) & (answer.billed_seconds > 0)] = Certainty.EXACT
        return answer

    def _stretches(self, start: float, end: float) -> Iterator[Stretch]:
        for run in self.runs:
            for stretch in run.stretches:
                if max(stretch.start, start) < min(stretch.end, end):
                    yield stretch

    def _intervals(self, start: float, end: float) -> Iterator[RunningInterval]:
        """The stretches, those that certainly ran joined to one where only a sign of running parts them."""
        last: Stretch | None = None
        for stretch in self._stretches(start, end):
            if last and last.is_whole and stretch.is_whole and last.end == stretch.start and not stretch.begins_a_run:
                last = replace(last, end=stretch.end, closed_by=stretch.closed_by, shares=last.shares + stretch.shares)
                continue
            if last:
                yield from self._interval(last, start, end)
            last = stretch
        if last:
            yield from self._interval(last, start, end)

    def _interval(self, stretch: Stretch, start: float, end: float) -> Iterator[RunningInterval]:
        possible = [share for share in stretch.shares if share.upper > 0 and share.start < end and share.end > start]
        if possible:
            yield RunningInterval(
                start=_instant(max(possible[0].start, start)),
                end=_instant(min(possible[-1].end, end)),
                because=because(stretch),
                instance_type=self.types.at(stretch.start),
                certainty=stretch.certainty,
            )


def _fill(answer: HourlyRuntime, edges: Floats, stretch: Stretch, type_index: int, longest: Floats) -> None:
    """Add a stretch to the hours; `longest` keeps how long the type ran that each hour has now."""
    for share in stretch.shares:
        if share.upper <= 0:
            continue
        place, seconds = overlap(edges, share.start, share.end)
        best = share.best * seconds
        answer.running_seconds[place] += best
        answer.lower_seconds[place] += share.lower * seconds
        answer.upper_seconds[place] += share.upper * seconds
        code = Certainty.EXACT if share.lower == share.upper else stretch.certainty
        answer.certainty[place] = np.maximum(answer.certainty[place], np.where(seconds > 0, code, 0))
        if len(answer.instance_types) == 1:
            continue
        longer = best > longest[place]
        answer.type_index[place] = np.where(longer, type_index, answer.type_index[place])
        longest[place] = np.where(longer, best, longest[place])


def _instant(seconds: float) -> datetime:
    """To the microsecond, as the instants came in."""
    return _EPOCH + timedelta(seconds=seconds)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
