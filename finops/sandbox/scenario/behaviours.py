"""What machines do: from a group of the plan to the timelines of its machines.

Each behaviour is a function of group and window. Chance hangs on names and dates, never on the present, so
the past does not change when the sandbox is started again.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

from finops.core.periods import DAY
from finops.sandbox.scenario.chance import dice
from finops.sandbox.scenario.fleet import Group, Window
from finops.sandbox.scenario.regions import REGIONS
from finops.sandbox.scenario.timeline import End, Run, Start, Timeline

Behaviour = Callable[[Group, Window], list[Timeline]]
_SATURDAY, _SUNDAY = 5, 6
_FORGOTTEN_EVENINGS = 0.06
_DAYS_OFF, _REBOOTS, _SECOND_STOPS = 0.3, 0.1, 0.1
_SHORT_SPOT_LIVES, _TAKEN_BACK_BY_SPOT = 0.12, 0.75

_Pairs = list[tuple[datetime, datetime]]


def _local(group: Group, day: date, hour: float) -> datetime:
    """An instant on the wall clock of the group's region, in UTC."""
    midnight = datetime.combine(day, time(), tzinfo=REGIONS[group.region].time_zone)
    return (midnight + timedelta(hours=hour)).astimezone(UTC).replace(microsecond=0)


def _days(window: Window, *, before: int = 0) -> Iterator[date]:
    day = window.origin.date() - before * DAY
    while day < window.end.date():
        yield day
        day += DAY


def _launched(group: Group, pairs: _Pairs, ended_by: End) -> Timeline:
    """A machine launched at the first pair's start and started by hand at the others'."""
    runs = [
        Run(start, end, group.instance_type, Start.USER_START if number else Start.LAUNCH, ended_by)
        for number, (start, end) in enumerate(pairs)
    ]
    return Timeline(runs[0].start, group.instance_type, tuple(runs))


def _old(group: Group, window: Window, index: int) -> Timeline:
    """A machine launched 10 to 400 days before the window and running ever since."""
    roll = dice(group.account_id, group.name, index, "launch")
    at = window.origin - timedelta(days=roll.randint(10, 400), seconds=roll.randint(0, 86_399))
    return Timeline(at, group.instance_type, (Run(at, None, group.instance_type, Start.LAUNCH),))


def always_on(group: Group, window: Window) -> list[Timeline]:
    """Running since long ago, without an end."""
    return [_old(group, window, index) for index in range(group.count)]


def office_hours(group: Group, window: Window) -> list[Timeline]:
    """Started and stopped together by a scheduler, Monday to Friday, 8 to 18 o'clock local time.

    On some evenings the stop fails and they run on: the next morning's start finds them running.
    """
    pairs: _Pairs = []
    needless = []
    forgotten_since: datetime | None = None
    for day in _days(window, before=3):
        if day.weekday() >= _SATURDAY:
            continue
        roll = dice(group.account_id, group.name, day)
        start = _local(group, day, 8 + roll.randint(0, 300) / 3600)
        end = _local(group, day, 18 + roll.randint(0, 900) / 3600)
        is_forgotten = bool(pairs) and roll.random() < _FORGOTTEN_EVENINGS
        if forgotten_since is not None:
            needless.append((start, "StartInstances"))
            start = forgotten_since
        forgotten_since = start if is_forgotten else None
        if forgotten_since is None:
            pairs.append((start, end))
    timeline = _launched(group, pairs, End.USER_STOP)
    return [
        Timeline(timeline.launched_at, group.instance_type, timeline.runs, calls_without_effect=tuple(needless))
        for _ in range(group.count)
    ]


def nightly_batch(group: Group, window: Window) -> list[Timeline]:
    """Started together at 1 o'clock local time, every night but Sunday's, for two to four hours."""
    pairs: _Pairs = []
    for day in _days(window, before=1):
        if day.weekday() == _SUNDAY and pairs:
            continue
        roll = dice(group.account_id, group.name, day)
        start = _local(group, day, 1 + roll.randint(0, 60) / 3600)
        pairs.append((start, start + timedelta(seconds=roll.randint(7_200, 14_400))))
    return [_launched(group, pairs, End.USER_STOP) for _ in range(group.count)]


def by_hand(group: Group, window: Window) -> list[Timeline]:
    """A person's machine: on some weekdays, at odd hours, rebooted now and then."""
    timelines = []
    for index in range(group.count):
        pairs: _Pairs = []
        needless = []
        for day in _days(window, before=3):
            roll = dice(group.account_id, group.name, index, day)
            if day.weekday() >= _SATURDAY or (pairs and roll.random() < _DAYS_OFF):
                continue
            start = _local(group, day, roll.uniform(7.5, 11))
            end = _local(group, day, roll.uniform(15, 21))
            pairs.append((start, end))
            if roll.random() < _REBOOTS:
                needless.append((start + timedelta(hours=2), "RebootInstances"))
            if roll.random() < _SECOND_STOPS:
                needless.append((end + timedelta(minutes=45), "StopInstances"))
        made = _launched(group, pairs, End.USER_STOP)
        timelines.append(
            Timeline(made.launched_at, group.instance_type, made.runs, calls_without_effect=tuple(needless))
        )
    return timelines


def hibernated(group: Group, window: Window) -> list[Timeline]:
    """Like a person's machine, but put to sleep instead of stopped."""
    return [
        _launched(group, [(run.start, run.end) for run in timeline.runs if run.end], End.USER_HIBERNATE)
        for timeline in by_hand(group, window)
    ]


def shut_down_from_inside(group: Group, window: Window) -> list[Timeline]:
    """Started by a person, ended by `shutdown -h`, which no event tells."""
    return [
        _launched(group, [(run.start, run.end) for run in timeline.runs if run.end], End.OS_SHUTDOWN)
        for timeline in by_hand(group, window)
    ]


def shut_down_for_good(group: Group, window: Window) -> list[Timeline]:
    """Long-running, until its operating system was shut down; stopped since."""
    return [
        _old(group, window, index).ended(window.at(24 + 3 * index, 13.4), End.OS_SHUTDOWN_DATED)
        for index in range(group.count)
    ]


def autoscaled(group: Group, window: Window) -> list[Timeline]:
    """Launched several at once when the day gets busy, terminated when it calms down; `count` at most a wave."""
    timelines = []
    for day in _days(window):
        hours = (7.2, 13.1, 18.8) if day.weekday() < _SATURDAY else (11.3, 18.4)
        for hour in hours:
            roll = dice(group.account_id, group.name, day, hour)
            start = _local(group, day, hour + roll.uniform(0, 0.6))
            end = start + timedelta(seconds=roll.randint(4_000, 30_000))
            for _ in range(roll.randint(1, group.count)):
                run = Run(start, end, group.instance_type, Start.LAUNCH, End.USER_TERMINATE)
                timelines.append(Timeline(start, group.instance_type, (run,), terminated_at=end))
    return timelines


def spot_workers(group: Group, window: Window) -> list[Timeline]:
    """One after the other in each of `count` places: spot takes most of them back, some in their first hour."""
    timelines = []
    for index in range(group.count):
        roll = dice(group.account_id, group.name, index)
        start = window.origin + timedelta(seconds=roll.randint(0, 40_000))
        while start < window.end:
            is_short = roll.random() < _SHORT_SPOT_LIVES
            length = roll.randint(900, 3_300) if is_short else roll.randint(30_000, 300_000)
            ended_by = End.SPOT_TERMINATION if is_short or roll.random() < _TAKEN_BACK_BY_SPOT else End.USER_TERMINATE
            end = start + timedelta(seconds=length)
            run = Run(start, end, group.instance_type, Start.LAUNCH, ended_by)
            timelines.append(Timeline(start, group.instance_type, (run,), terminated_at=end))
            start = end + timedelta(seconds=roll.randint(90, 600))
    return timelines


def spot_persistent(group: Group, window: Window) -> list[Timeline]:
    """Stopped by spot now and then and started again by EC2, which no event tells."""
    timelines = []
    for index in range(group.count):
        roll = dice(group.account_id, group.name, index)
        start = launched_at = window.origin - timedelta(days=5, seconds=roll.randint(0, 80_000))
        runs: list[Run] = []
        while start < window.end:
            end = start + timedelta(seconds=roll.randint(120_000, 400_000))
            started_by = Start.SPOT_RESTART if runs else Start.LAUNCH
            runs.append(Run(start, end, group.instance_type, started_by, End.SPOT_STOP))
            start = end + timedelta(seconds=roll.randint(3_000, 30_000))
        timelines.append(Timeline(launched_at, group.instance_type, tuple(runs)))
    return timelines


def resized(group: Group, window: Window) -> list[Timeline]:
    """Stopped, given another type, started again."""
    timelines = []
    for index in range(group.count):
        stop = window.at(9 + 5 * index, 20.2)
        before = _old(group, window, index).ended(stop, End.USER_STOP)
        start = stop + timedelta(minutes=7)
        after = Run(start, None, group.resized_to, type_set_at=stop + timedelta(minutes=4))
        timelines.append(Timeline(before.launched_at, group.instance_type, (*before.runs, after)))
    return timelines


def retired(group: Group, window: Window) -> list[Timeline]:
    """Stopped by AWS because its host was retired, which no event tells, and started by a person later."""
    timelines = []
    for index in range(group.count):
        stop = window.at(15 + 6 * index, 3.1)
        before = _old(group, window, index).ended(stop, End.RETIREMENT)
        after = Run(stop + timedelta(hours=5, minutes=12), None, group.instance_type)
        timelines.append(Timeline(before.launched_at, group.instance_type, (*before.runs, after)))
    return timelines


def given_up(group: Group, window: Window) -> list[Timeline]:
    """Long-running, terminated by a person within the window."""
    return [
        _old(group, window, index).ended(window.at(6 + 5 * index, 15.3), End.USER_TERMINATE)
        for index in range(group.count)
    ]


def newly_launched(group: Group, window: Window) -> list[Timeline]:
    """Launched within the window and running since."""
    launches = [window.at(18 + 4 * index, 9.7) for index in range(group.count)]
    return [Timeline(at, group.instance_type, (Run(at, None, group.instance_type, Start.LAUNCH),)) for at in launches]


def launch_failures(group: Group, window: Window) -> list[Timeline]:
    """Launches that AWS accepted and that came to nothing: RunInstances is told, no end ever is."""
    reasons = ["Client.VolumeLimitExceeded", "Server.InternalError"]
    timelines = []
    for index in range(group.count):
        at = window.at(2 + 4 * index, 6.4)
        timelines.append(
            Timeline(
                at,
                group.instance_type,
                (),
                terminated_at=at + timedelta(seconds=6),
                launch_failure=reasons[index % len(reasons)],
            )
        )
    return timelines


BEHAVIOURS: dict[str, Behaviour] = {
    behaviour.__name__: behaviour
    for behaviour in [
        always_on,
        office_hours,
        nightly_batch,
        by_hand,
        hibernated,
        shut_down_from_inside,
        shut_down_for_good,
        autoscaled,
        spot_workers,
        spot_persistent,
        resized,
        retired,
        given_up,
        newly_launched,
        launch_failures,
    ]
}
