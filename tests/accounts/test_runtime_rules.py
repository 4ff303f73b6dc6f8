"""When an instance ran: each rule with its sum."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.estimators.runtime import Certainty, InstanceFacts
from finops.core.periods import Period
from tests.accounts.runtime_histories import (
    FEBRUARY,
    HOURS_OF_MARCH,
    JANUARY,
    MARCH,
    at,
    dated,
    event,
    evict,
    facts,
    hours,
    launch,
    march,
    retype,
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


def test_before_a_launch_time_within_the_window_nobody_knows_since_the_first_launch():
    instance = facts(launched_at=at("20 00:00"), first_launched_at=at("5 00:00"))

    runtime = march(instance)

    # Certain: 20 to 31 March, 12 days. Open: 5 to 20 March, 15 days. Before the first launch: nothing.
    assert hours(runtime) == (288, 288 + 180, 288 + 360)
    assert runtime.running_hours is None
    assert [i.certainty for i in runtime.intervals] == [Certainty.BOUNDED, Certainty.EXACT]
    assert spans(runtime)[0] == (at("5 00:00"), at("20 00:00"))


def test_before_a_launch_time_nobody_knows_anything_where_the_first_launch_is_not_told():
    runtime = march(facts(launched_at=at("20 00:00")))

    # Certain: 12 days. Open: 1 to 20 March, 19 days.
    assert hours(runtime) == (288, 288 + 228, HOURS_OF_MARCH)


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


def test_an_undated_shutdown_from_inside_is_open_from_the_last_sign_of_running_until_now():
    instance = facts(
        "stopped",
        launched_at=at("10 08:00"),
        state_reason_code="Client.InstanceInitiatedShutdown",
        state_transition_reason="",
    )

    runtime = march(instance, start("10 08:00"), start("12 08:00", was="running"))

    # It surely ran 10 to 12 March (48 h); until 1 April it may have run another 472 h.
    assert hours(runtime) == (48, 48 + 236, 48 + 472)
    assert runtime.running_hours is None
    assert "no record says when it stopped" in runtime.intervals[1].because


def test_a_dated_shutdown_from_inside_is_exact():
    instance = facts(
        "stopped",
        launched_at=at("10 08:00"),
        state_reason_code="Client.InstanceInitiatedShutdown",
        state_transition_reason="Instance initiated (2026-03-14 20:00:00 UTC)",
    )

    runtime = march(instance, start("10 08:00"))

    # 4 days and 12 h
    assert runtime.running_hours == 108
    assert "Client.InstanceInitiatedShutdown" in runtime.intervals[0].because


@pytest.mark.parametrize(
    "reason",
    ["", "User initiated", "Server.ScheduledStop: Stopped due to scheduled retirement", "User initiated (soon)"],
)
def test_a_stop_reason_without_a_date_leaves_open_when_it_stopped(reason):
    runtime = march(facts("stopped", launched_at=at("10 00:00"), state_transition_reason=reason), launch("10 00:00"))

    assert hours(runtime) == (0, 264, 528)


@pytest.mark.parametrize("zone", ["GMT", "UTC"])
def test_a_stop_reason_dates_in_gmt_or_utc(zone):
    reason = f"User initiated (2026-03-10 18:00:00 {zone})"

    assert march(facts("stopped", launched_at=FEBRUARY, state_transition_reason=reason)).running_hours == 234


def test_the_date_of_an_earlier_stop_says_nothing_of_the_last_one():
    instance = facts("stopped", launched_at=at("20 00:00"), state_transition_reason=dated("10 18:00"))

    runtime = march(instance, stop("10 18:00"), start("20 00:00"))

    # Until the 10th 234 h; since the 20th 0 to 288 h.
    assert hours(runtime) == (234, 234 + 144, 234 + 288)


def test_a_running_instance_may_still_carry_the_date_of_its_last_stop():
    instance = facts(
        launched_at=at("20 00:00"), first_launched_at=at("20 00:00"), state_transition_reason=dated("10 18:00")
    )

    assert march(instance, launch("20 00:00")).running_hours == 288


def test_a_start_that_found_it_stopped_reveals_an_unlogged_stop():
    instance = facts(launched_at=at("12 08:00"), first_launched_at=JANUARY)

    runtime = march(instance, start("10 08:00"), start("12 08:00"), now=at("13 08:00"))

    # Sure: 24 h since the second start. Open: the 48 h between the starts.
    assert hours(runtime) == (24, 48, 72)
    assert runtime.intervals[0].certainty is Certainty.BOUNDED


def test_a_stop_that_found_it_running_reveals_an_unlogged_start():
    instance = facts("stopped", launched_at=None, state_transition_reason=dated("12 08:00"))

    runtime = march(instance, stop("10 08:00"), stop("12 08:00"))

    # Sure: 1 to 10 March 08:00 = 224 h. Open: the 48 h between the stops.
    assert hours(runtime) == (224, 248, 272)
    assert "no record says when it started" in runtime.intervals[1].because


def test_launch_time_dates_an_unlogged_start():
    instance = facts("stopped", launched_at=at("11 08:00"), state_transition_reason=dated("12 08:00"))

    runtime = march(instance, stop("10 08:00"), stop("12 08:00"))

    # 224 h, and 24 h since LaunchTime
    assert runtime.running_hours == 248


def test_spot_starts_again_without_an_event():
    instance = facts(launched_at=at("12 00:00"), lifecycle="spot")

    runtime = march(instance, launch("10 00:00"), evict("11 00:00"), now=at("13 00:00"))

    # 24 h until it was evicted, 24 h since LaunchTime
    assert runtime.running_hours == 48
    assert "LaunchTime" in runtime.intervals[1].because


def test_a_launch_time_after_the_last_known_start_leaves_open_when_it_stopped_between():
    instance = facts(launched_at=at("12 00:00"), lifecycle="spot")

    runtime = march(instance, launch("10 00:00"), now=at("13 00:00"))

    assert hours(runtime) == (24, 48, 72)


def test_an_eviction_ends_it_like_a_stop():
    runtime = march(None, launch("10 00:00"), evict("11 06:00"))

    assert runtime.running_hours == 30


def test_an_eviction_of_what_seemed_stopped_reveals_an_unlogged_start():
    runtime = march(None, launch("10 00:00"), evict("11 00:00"), evict("12 00:00"))

    assert hours(runtime) == (24, 36, 48)


def test_an_eviction_just_after_a_stop_is_the_same_end():
    runtime = march(None, launch("10 00:00"), stop("11 00:00"), evict("11 00:01"))

    assert runtime.running_hours == 24


def test_what_was_terminated_while_stopped_ended_with_its_stop():
    instance = facts("terminated", launched_at=at("10 08:00"), state_transition_reason=dated("15 00:00"))

    runtime = march(instance, start("10 08:00"), stop("10 18:00"), terminate("15 00:00", was="stopped"))

    assert runtime.running_hours == 10


def test_a_termination_that_found_it_stopped_reveals_an_unlogged_stop():
    runtime = march(None, launch("10 08:00"), terminate("12 08:00", was="stopped"))

    assert hours(runtime) == (0, 24, 48)


def test_nothing_runs_after_a_termination():
    runtime = march(
        facts("running", launched_at=at("10 08:00")), launch("10 08:00"), terminate("12 08:00"), evict("13 00:00")
    )

    assert runtime.running_hours == 48


def test_an_instance_that_left_the_inventory_is_known_by_its_events():
    assert march(None, launch("10 08:00"), terminate("11 08:00")).running_hours == 24


def test_an_instance_that_left_the_inventory_has_ended_though_no_event_says_when():
    runtime = march(None, launch("10 00:00"))

    assert hours(runtime) == (0, 264, 528)


@pytest.mark.parametrize("code", ["Server.InternalError", "Client.VolumeLimitExceeded"])
@pytest.mark.parametrize("place", ["state_reason_code", "state_transition_reason", "state_reason_message"])
def test_a_failed_launch_never_ran(code, place):
    instance = facts("terminated", launched_at=at("10 08:00"), **{place: f"{code}: the launch failed"})

    for events in ([launch("10 08:00")], []):
        runtime = march(instance, *events)

        assert (runtime.running_hours, runtime.billed_hours) == (0, 0)


def test_a_failed_restart_takes_nothing_from_the_runs_before():
    instance = facts("stopped", launched_at=at("12 08:00"), state_reason_code="Server.InternalError")

    assert march(instance, launch("10 08:00"), stop("10 18:00"), start("12 08:00")).running_hours == 10


def test_a_failure_code_does_not_undo_what_a_stop_found_running():
    instance = facts("terminated", launched_at=at("10 08:00"), state_reason_code="Server.InternalError")

    assert march(instance, launch("10 08:00"), terminate("10 18:00")).running_hours == 10


def test_without_events_and_inventory_always_on_is_assumed_and_flagged():
    runtime = march(None)

    assert hours(runtime) == (0, HOURS_OF_MARCH, HOURS_OF_MARCH)
    assert (runtime.is_exact, runtime.running_hours, runtime.billed_hours) == (False, None, HOURS_OF_MARCH)
    assert runtime.hours_by_type == {"": HOURS_OF_MARCH}
    assert runtime.intervals[0].certainty is Certainty.ASSUMED
    assert runtime.intervals[0].because.startswith("Assumed")


def test_failed_calls_alone_are_no_knowledge():
    runtime = march(None, event("StartInstances", "10 08:00", error_code="Client.IncorrectInstanceState"))

    assert runtime.intervals[0].certainty is Certainty.ASSUMED


def test_an_inventory_that_tells_no_state_is_no_sign_of_running():
    assert march(InstanceFacts()).intervals[0].certainty is Certainty.ASSUMED
    assert hours(march(InstanceFacts(launched_at=at("10 00:00"), first_launched_at=at("10 00:00")))) == (0, 264, 528)


def test_an_inventory_read_before_the_stop_does_not_undo_it():
    instance = facts("running", launched_at=at("10 08:00"))

    assert march(instance, start("10 08:00"), stop("10 18:00")).running_hours == 10


def test_an_inventory_read_before_the_start_does_not_undo_it():
    instance = facts("stopped", launched_at=at("9 08:00"), state_transition_reason=dated("9 18:00"))

    runtime = march(instance, start("9 08:00"), stop("9 18:00"), start("10 08:00"), now=at("10 09:00"))

    assert runtime.running_hours == 11


def test_the_state_holds_for_when_it_was_seen():
    instance = facts(launched_at=at("10 00:00"), first_launched_at=at("10 00:00"), seen_at=at("12 00:00"))

    # A termination that came after, and that no event tells, lies between the last sight and the absence.
    gone = facts(
        launched_at=at("10 00:00"), first_launched_at=at("10 00:00"), seen_at=at("12 00:00"), gone_at=at("12 02:00")
    )

    assert march(instance, stop("13 00:00")).running_hours == 72
    assert hours(march(gone)) == (48, 49, 50)
    assert march(gone, terminate("12 01:00")).running_hours == 49


def test_a_changed_type_counts_from_the_next_start():
    instance = facts("stopped", launched_at=at("11 08:00"), instance_type="m5.xlarge")

    runtime = march(
        instance,
        launch("10 08:00", instance_type="m5.large"),
        stop("10 18:00"),
        retype("10 19:00", "m5.xlarge"),
        start("11 08:00"),
        stop("11 20:00"),
    )

    # 10 h as m5.large, 12 h as m5.xlarge
    assert runtime.hours_by_type == {"m5.large": 10, "m5.xlarge": 12}
    assert [interval.instance_type for interval in runtime.intervals] == ["m5.large", "m5.xlarge"]


def test_the_type_before_its_first_known_change_is_not_known():
    instance = facts("stopped", launched_at=at("11 08:00"), instance_type="m5.xlarge")

    runtime = march(
        instance,
        start("10 08:00"),
        stop("10 18:00"),
        retype("10 19:00", "m5.xlarge"),
        start("11 08:00"),
        stop("11 20:00"),
    )

    assert runtime.hours_by_type == {"": 10, "m5.xlarge": 12}


def test_an_untold_change_of_type_shows_in_the_inventory_of_the_last_start():
    instance = facts("stopped", launched_at=at("11 08:00"), instance_type="m5.xlarge")

    runtime = march(
        instance, launch("10 08:00", instance_type="m5.large"), stop("10 18:00"), start("11 08:00"), stop("11 20:00")
    )

    assert runtime.hours_by_type == {"m5.large": 10, "m5.xlarge": 12}


def test_a_change_of_type_while_it_seemed_running_shows_that_it_stood_still():
    instance = facts(launched_at=at("12 08:00"), instance_type="m5.xlarge")

    runtime = march(
        instance,
        launch("10 08:00", instance_type="m5.large"),
        retype("11 08:00", "m5.xlarge"),
        start("12 08:00"),
        now=at("13 08:00"),
    )

    # The stop lies in the 24 h before the change, not in the 48 h before the start.
    assert hours(runtime) == (24, 36, 48)
    assert runtime.hours_by_type == {"m5.large": 12, "m5.xlarge": 24}


def test_the_types_add_up_to_the_best_estimate():
    runtime = march(facts(launched_at=at("20 00:00"), first_launched_at=at("5 00:00")))

    assert sum(runtime.hours_by_type.values()) == runtime.estimated_hours == 468


def test_what_the_inventory_knows_from_before_the_events_says_nothing_against_them():
    instance = facts(launched_at=at("20 00:00"), first_launched_at=JANUARY)

    known_since_march = march(instance, start("20 00:00"))
    known_since_the_tenth = march(instance, start("20 00:00"), events_since=at("10 00:00"))

    # No event of March says that it stopped, so it was stopped all along.
    assert known_since_march.running_hours == 288
    # Of the first nine days no event could say it: 216 h are open.
    assert hours(known_since_the_tenth) == (288, 288 + 108, 288 + 216)


def test_microseconds_survive():
    begin = at("10 08:00") + timedelta(microseconds=123457)
    instance = facts(launched_at=begin, first_launched_at=begin)

    assert march(instance).intervals[0].start == begin
