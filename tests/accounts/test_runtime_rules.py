"""When an instance ran, as logged: each rule with its sum."""

from __future__ import annotations

from datetime import timedelta

import pytest

from finops.core.periods import Period
from tests.accounts.runtime_histories import (
    FEBRUARY,
    HOURS_OF_MARCH,
    JANUARY,
    MARCH,
    at,
    dated,
    event,
    facts,
    launch,
    march,
    spans,
    start,
    stop,
    terminate,
)

STOPPED = facts("stopped", launched_at=at("10 08:00"), state_transition_reason=dated("10 18:00"))


def test_a_logged_start_and_stop_bound_the_running():
    runtime = march(STOPPED, start("10 08:00"), stop("10 18:00"))

    # 08:00 to 18:00 = 10 h
    assert (runtime.is_exact, runtime.running_hours) == (True, 10)
    assert spans(runtime) == [(at("10 08:00"), at("10 18:00"))]
    assert "StartInstances" in runtime.intervals[0].because
    assert "StopInstances at 2026-03-10 18:00:00 UTC" in runtime.intervals[0].because


def test_several_days_of_starts_and_stops_add_up():
    instance = facts("stopped", launched_at=at("12 08:00"), first_launched_at=JANUARY)
    events = [e for day in (10, 11, 12) for e in (start(f"{day} 08:00"), stop(f"{day} 17:30"))]

    # 3 days × 9.5 h
    assert march(instance, *events).running_hours == 28.5


def test_no_events_mean_unchanged_not_always_on():
    long_running = facts(launched_at=JANUARY, first_launched_at=JANUARY)
    long_stopped = facts(
        "stopped", launched_at=JANUARY, state_transition_reason="User initiated (2026-02-03 09:00:00 GMT)"
    )

    assert march(long_running).running_hours == HOURS_OF_MARCH
    assert march(long_stopped).running_hours == 0


def test_launch_time_is_the_last_start_not_the_first():
    instance = facts(launched_at=at("20 00:00"), first_launched_at=JANUARY)

    runtime = march(instance, start("20 00:00"))

    # LaunchTime alone would be right for the end: 12 days × 24 h; "now − first launch" would be wrong.
    assert runtime.running_hours == 288


def test_an_instance_first_launched_in_the_window_ran_since_then():
    # AWS attaches the interface a second later.
    instance = facts(launched_at=at("20 00:00"), first_launched_at=at("20 00:00:01"))

    assert march(instance).running_hours == 288


def test_a_launch_in_the_window_begins_it():
    instance = facts(launched_at=at("30 12:00"), first_launched_at=at("30 12:00"))

    # 30 March noon to 1 April = 36 h
    assert march(instance, launch("30 12:00")).running_hours == 36


def test_the_instant_of_the_event_counts_where_launch_time_is_seconds_later():
    instance = facts("stopped", launched_at=at("10 08:00:03"), state_transition_reason=dated("10 18:00:02"))

    assert march(instance, start("10 08:00"), stop("10 18:00")).running_hours == 10


@pytest.mark.parametrize("state", ["pending", "stopping", "stopped", "shutting-down", "terminated"])
def test_only_running_counts(state):
    now = at("10 08:01")
    instance = facts(state, launched_at=at("10 08:00"), first_launched_at=at("10 08:00"), state_transition_reason="")

    runtime = march(instance, launch("10 08:00"), stop("10 08:00"), now=now)

    assert runtime.running_hours == 0


def test_pending_is_not_running_yet():
    instance = facts("pending", launched_at=at("10 08:00"), first_launched_at=JANUARY)

    runtime = march(instance, stop("9 18:00"), start("10 08:00"), now=at("10 08:01"))

    # 1 March 00:00 to 9 March 18:00 = 8 × 24 + 18 = 210 h; since 10 March 08:00 it is pending.
    assert runtime.running_hours == 210


def test_what_was_terminated_while_pending_never_ran():
    runtime = march(None, launch("10 08:00"), terminate("10 08:00:20", was="pending"))

    assert (runtime.running_hours, runtime.billed_hours, runtime.intervals) == (0, 0, ())


@pytest.mark.parametrize("state", ["stopping", "shutting-down"])
def test_what_is_ending_stopped_running_when_the_call_came(state):
    call = stop("10 18:00") if state == "stopping" else terminate("10 18:00")
    instance = facts(state, launched_at=FEBRUARY, state_transition_reason=dated("10 18:00"))

    # 9 × 24 + 18
    assert march(instance, call, now=at("10 18:01")).running_hours == 234


def test_a_reboot_stays_running():
    instance = facts(launched_at=at("10 08:00"), first_launched_at=at("10 08:00"))

    runtime = march(instance, launch("10 08:00"), event("RebootInstances", "10 12:00"), now=at("10 20:00"))

    assert runtime.running_hours == 12
    assert len(runtime.intervals) == 1


def test_the_window_ends_now_at_the_latest():
    instance = facts(launched_at=JANUARY)

    # 1 to 11 March = 240 h
    assert march(instance, now=at("11 00:00")).running_hours == 240


def test_a_window_that_has_not_begun_holds_nothing():
    runtime = march(facts(launched_at=JANUARY), now=FEBRUARY)

    assert (runtime.running_hours, runtime.billed_hours, runtime.is_exact) == (0, 0, True)


def test_a_window_without_length_holds_nothing():
    for instance in (facts(launched_at=JANUARY), facts(launched_at=at("20 00:00")), None):
        runtime = march(instance, window=Period(MARCH.start, MARCH.start))

        assert (runtime.running_hours, runtime.billed_hours, runtime.intervals) == (0, 0, ())


def test_events_before_the_window_tell_the_state_to_begin_with():
    instance = facts("stopped", launched_at=at("2-20 08:00"), state_transition_reason=dated("3 12:00"))

    runtime = march(instance, start("2-20 08:00"), stop("3 12:00"))

    # 1 March 00:00 to 3 March 12:00 = 60 h
    assert runtime.running_hours == 60
    assert spans(runtime) == [(MARCH.start, at("3 12:00"))]


def test_the_first_event_tells_the_state_before_it():
    stopping_first = march(facts("stopped", launched_at=JANUARY), stop("3 12:00"))
    starting_first = march(facts(launched_at=at("3 12:00"), first_launched_at=JANUARY), start("3 12:00"))

    assert stopping_first.running_hours == 60
    assert starting_first.running_hours == HOURS_OF_MARCH - 60


def test_an_event_that_does_not_tell_the_state_before_is_taken_to_have_changed_it():
    events = [event("StartInstances", "10 08:00"), event("StopInstances", "10 18:00")]

    assert march(STOPPED, *events).running_hours == 10


def test_events_after_the_window_tell_of_the_state_within():
    runtime = march(facts("stopped", launched_at=JANUARY), stop("4-02 10:00"))

    assert runtime.running_hours == HOURS_OF_MARCH


def test_starting_what_runs_changes_nothing():
    instance = facts("stopped", launched_at=at("10 08:00"), state_transition_reason=dated("10 18:00"))

    runtime = march(instance, start("10 08:00"), start("10 12:00", was="running"), stop("10 18:00"))

    assert runtime.running_hours == 10
    assert len(runtime.intervals) == 1


def test_stopping_what_is_stopped_changes_nothing():
    runtime = march(STOPPED, start("10 08:00"), stop("10 18:00"), stop("10 19:00", was="stopped"))

    assert runtime.running_hours == 10


def test_failed_calls_and_dry_runs_change_nothing():
    instance = facts("stopped", launched_at=at("10 08:00"), state_transition_reason=dated("10 18:00"))

    runtime = march(
        instance,
        start("10 08:00"),
        event("StopInstances", "10 12:00", error_code="Client.UnauthorizedOperation"),
        event("StopInstances", "10 13:00", error_code="Client.DryRunOperation"),
        stop("10 18:00"),
    )

    assert runtime.running_hours == 10
    assert runtime.events_ignored == {"failed or a dry run": 2}


def test_an_event_told_twice_counts_once():
    started, stopped = start("10 08:00", event_id="a"), stop("10 18:00", event_id="b")

    runtime = march(STOPPED, started, stopped, started, stopped)

    assert runtime.running_hours == 10
    assert runtime.events_ignored == {"told twice": 2}


def test_events_may_come_newest_first():
    instance = facts("stopped", launched_at=at("12 08:00"))
    events = [e for day in (12, 11, 10) for e in (stop(f"{day} 18:00"), start(f"{day} 08:00"))]

    assert march(instance, *events).running_hours == 30


@pytest.mark.parametrize("newest_first", [False, True])
def test_events_of_one_second_come_in_the_order_their_states_tell(newest_first):
    instance = facts(launched_at=at("10 12:00"), first_launched_at=JANUARY)
    events = [start("10 08:00"), stop("10 12:00"), start("10 12:00")]

    runtime = march(instance, *(reversed(events) if newest_first else events), now=at("10 20:00"))

    # Stopped and started again within the second: 08:00 to 20:00.
    assert runtime.running_hours == 12


def test_a_start_and_a_stop_of_one_second_end_stopped_where_they_found_it_stopped():
    instance = facts("stopped", launched_at=at("10 12:00"), first_launched_at=JANUARY)

    runtime = march(instance, stop("9 00:00"), stop("10 12:00"), start("10 12:00"))

    assert runtime.running_hours == 192


def test_microseconds_survive():
    begin = at("10 08:00") + timedelta(microseconds=123457)
    instance = facts(launched_at=begin, first_launched_at=begin)

    assert march(instance).intervals[0].start == begin
