from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.periods import Period
from finops.sandbox.scenario.timeline import End, Run, Start, Timeline

EIGHT = datetime(2026, 3, 16, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ran(start, end, kind="m5.large", *, by=End.USER_STOP, **more):
    return Run(start, end, kind, ended_by=None if end is None else by, **more)


def timeline(*runs, **more):
    return Timeline(runs[0].start, runs[0].instance_type, runs, **more)


def test_a_stopped_instance_was_stopping_first():
    stopped = timeline(ran(EIGHT, EIGHT + HOUR))

    names = [stopped.state(EIGHT + offset).name for offset in (timedelta(0), HOUR / 2, HOUR, 2 * HOUR)]

    assert names == ["pending", "running", "stopping", "stopped"]
    assert stopped.state(EIGHT - HOUR) is None
    assert stopped.state(EIGHT + 2 * HOUR).since == EIGHT + HOUR


def test_a_terminated_instance_is_listed_for_not_quite_an_hour():
    end = EIGHT + HOUR
    gone = timeline(ran(EIGHT, end, by=End.USER_TERMINATE), terminated_at=end)

    assert gone.is_listed(end + timedelta(minutes=50))
    assert not gone.is_listed(end + HOUR)
    assert gone.state(end + HOUR).name == "terminated"


def test_a_type_changes_when_it_was_modified_not_when_it_starts():
    changed = EIGHT + HOUR + timedelta(minutes=5)
    resized = timeline(ran(EIGHT, EIGHT + HOUR), ran(EIGHT + 2 * HOUR, None, "m5.xlarge", type_set_at=changed))

    assert resized.instance_type(changed - timedelta(seconds=1)) == "m5.large"
    assert resized.instance_type(changed) == "m5.xlarge"


def test_runs_must_not_overlap():
    with pytest.raises(ValueError, match="begins before"):
        timeline(ran(EIGHT, EIGHT + HOUR), ran(EIGHT + HOUR / 2, None))


@pytest.mark.parametrize(
    ("seconds", "by", "full_hours", "billed"),
    [
        (10, End.USER_STOP, False, 60),  # a minute at least
        (90, End.USER_STOP, False, 90),  # then by the second
        (90, End.USER_STOP, True, 3600),  # SUSE: by the hour
        (3601, End.USER_STOP, True, 7200),
        (1800, End.SPOT_TERMINATION, False, 0),  # taken back in its first hour: free
        (3600, End.SPOT_TERMINATION, False, 3600),
        (1800, End.USER_TERMINATE, False, 1800),
    ],
)
def test_billed_time_follows_the_rules_of_ec2(seconds, by, full_hours, billed):
    end = EIGHT + timedelta(seconds=seconds)
    short = timeline(ran(EIGHT, end, by=by), terminated_at=end if by is not End.USER_STOP else None)

    parts = short.billed(Period(EIGHT, EIGHT + 24 * HOUR), full_hours=full_hours, known_until=EIGHT + 24 * HOUR)

    assert sum(part.length.total_seconds() for _, part in parts) == billed


def test_what_is_not_known_yet_is_not_billed_yet():
    on = timeline(Run(EIGHT, None, "m5.large", Start.LAUNCH))

    parts = on.billed(Period(EIGHT, EIGHT + 24 * HOUR), full_hours=False, known_until=EIGHT + 3 * HOUR)

    assert [part for _, part in parts] == [Period(EIGHT, EIGHT + 3 * HOUR)]


@given(
    st.lists(st.integers(min_value=1, max_value=50_000), min_size=2, max_size=40),
    st.integers(0, 40),
    st.integers(1, 40),
)
def test_running_time_of_parts_adds_up_to_that_of_the_whole(gaps, from_hour, hours):
    instants = [EIGHT + timedelta(seconds=sum(gaps[: number + 1])) for number in range(len(gaps))]
    runs = [ran(start, end) for start, end in zip(instants[::2], instants[1::2], strict=False)]
    made = timeline(*runs)
    whole = Period(EIGHT + from_hour * HOUR, EIGHT + (from_hour + hours) * HOUR)

    by_hour = [Period(whole.start + n * HOUR, whole.start + (n + 1) * HOUR) for n in range(hours)]

    assert made.running_seconds(whole) == sum(made.running_seconds(hour) for hour in by_hour)
    plainly = sum(max(0, (min(run.end, whole.end) - max(run.start, whole.start)).total_seconds()) for run in runs)
    assert made.running_seconds(whole) == plainly
