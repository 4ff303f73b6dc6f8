"""What no event tells: dated by the inventory, or known within bounds; each rule with its sum."""

from __future__ import annotations

import pytest

from accounts.estimators.runtime import Certainty, InstanceFacts, forgotten_sights
from finops.core.periods import Period
from tests.accounts.runtime_histories import (
    FEBRUARY,
    HOURS_OF_MARCH,
    JANUARY,
    at,
    dated,
    event,
    evict,
    facts,
    hours,
    inventory_start,
    inventory_stop,
    launch,
    march,
    spans,
    start,
    stop,
    terminate,
)


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


def test_what_the_inventory_knows_from_before_the_events_says_nothing_against_them():
    instance = facts(launched_at=at("20 00:00"), first_launched_at=JANUARY)

    known_since_march = march(instance, start("20 00:00"))
    known_since_the_tenth = march(instance, start("20 00:00"), events_since=at("10 00:00"))

    # No event of March says that it stopped, so it was stopped all along.
    assert known_since_march.running_hours == 288
    # Of the first nine days no event could say it: 216 h are open.
    assert hours(known_since_the_tenth) == (288, 288 + 108, 288 + 216)


SEEN_LAST = facts(launched_at=at("1 00:00"), first_launched_at=at("1 00:00"), seen_at=at("10 00:00"))


def test_what_nobody_has_looked_at_for_two_hours_may_have_stopped():
    at_once = march(SEEN_LAST, now=at("10 02:00"))
    later = march(SEEN_LAST, now=at("13 00:00"))

    assert at_once.running_hours == 9 * 24 + 2
    # Seen on the 10th at 00:00, so it ran for 216 + 2 h; of the 70 h since nobody knows, and most of what runs runs on.
    assert hours(later) == (218, 288, 288)
    assert later.billed_hours == 288
    assert [interval.certainty for interval in later.intervals] == [Certainty.EXACT, Certainty.BOUNDED]
    assert later.intervals[1].because == (
        "May have run. It ran at: seen running at 2026-03-10 00:00:00 UTC; nobody has looked since, "
        "so it is taken to run on."
    )


def test_an_event_since_the_last_sight_is_a_sight_as_well():
    runtime = march(SEEN_LAST, event("RebootInstances", "12 00:00"), now=at("13 00:00"))

    assert hours(runtime) == (11 * 24 + 2, 288, 288)


def test_a_state_told_without_a_time_holds_until_now():
    assert march(facts(launched_at=at("1 00:00"), first_launched_at=at("1 00:00")), now=at("13 00:00")).is_exact


def test_a_stop_that_an_earlier_inventory_dated_counts_after_the_next_start_too():
    before = facts("stopped", launched_at=at("10 08:00"), state_transition_reason=dated("14 20:00"))
    after = facts(launched_at=at("17 08:00"))
    window = Period(at("10 00:00"), at("17 00:00"))

    told = march(before, window=window, now=at("17 00:00"))
    kept = march(after, inventory_start("10 08:00"), inventory_stop("14 20:00"), window=window, now=at("17 09:00"))

    # 108 h for sure, and of the 8 h before the tenth's start nobody knows
    assert hours(told) == hours(kept) == (108, 112, 116)
    assert spans(told) == spans(kept)


def test_what_an_earlier_inventory_told_is_no_news_beside_the_event_of_the_same():
    events = [launch("10 08:00"), stop("10 18:00"), start("12 08:00")]
    instance = facts(launched_at=at("12 08:00"), first_launched_at=at("10 08:00"))

    runtime = march(instance, *events, inventory_start("10 08:01"), inventory_stop("10 18:01"), now=at("13 08:00"))

    assert runtime == march(instance, *events, now=at("13 08:00"))


def test_what_an_earlier_inventory_told_is_no_news_beside_what_the_last_one_tells():
    instance = facts("stopped", launched_at=at("10 08:00"), state_transition_reason=dated("14 20:00"))

    runtime = march(instance, inventory_start("10 08:00"), inventory_stop("14 20:00"))

    assert runtime == march(instance)


def test_a_spot_interruption_is_one_in_an_earlier_inventory_too():
    sights = [inventory_start("10 08:00"), inventory_stop("10 08:30", actor="Server.SpotInstanceShutdown")]

    runtime = march(
        facts(launched_at=at("12 08:00"), lifecycle="spot"),
        *sights,
        now=at("12 09:00"),
        window=Period(at("10 08:00"), at("12 08:00")),
    )

    # Taken back within its first hour: half an hour ran and none is billed.
    assert (runtime.running_hours, runtime.billed_hours) == (0.5, 0)


# What the next start makes EC2 forget ------------------------------------------------------------------------

RUNNING_AGAIN = facts(launched_at=at("17 08:00"))
SHUT_DOWN = facts("stopped", launched_at=at("10 08:00"), state_transition_reason=dated("14 20:00"))


@pytest.mark.parametrize(
    ("before", "after", "forgotten"),
    [
        (SHUT_DOWN, RUNNING_AGAIN, [("InventoryStart", "10 08:00"), ("InventoryStop", "14 20:00")]),
        (SHUT_DOWN, SHUT_DOWN, []),
        (
            SHUT_DOWN,
            facts("terminated", launched_at=at("10 08:00"), state_transition_reason=dated("16 00:00")),
            [("InventoryStop", "14 20:00")],
        ),
        (facts(launched_at=at("10 08:00")), RUNNING_AGAIN, [("InventoryStart", "10 08:00")]),
        (RUNNING_AGAIN, facts(launched_at=at("10 08:00")), []),
        (facts(launched_at=at("17 07:59")), RUNNING_AGAIN, []),
        (
            facts("stopped", launched_at=at("10 08:00"), state_transition_reason="User initiated"),
            RUNNING_AGAIN,
            [("InventoryStart", "10 08:00")],
        ),
        (
            facts("stopped", launched_at=at("10 08:00"), state_transition_reason=dated("9 20:00")),
            RUNNING_AGAIN,
            [("InventoryStart", "10 08:00")],
        ),
        (
            facts("running", launched_at=at("10 08:00"), state_transition_reason=dated("14 20:00")),
            RUNNING_AGAIN,
            [("InventoryStart", "10 08:00")],
        ),
        (facts("stopped", launched_at=at("10 08:00"), state_reason_code="Server.InternalError"), RUNNING_AGAIN, []),
    ],
    ids=[
        "restarted", "unchanged", "terminated while stopped", "restarted between two sights", "an answer that lags",
        "the same start", "a stop without a date", "the date of an earlier stop", "a date while running",
        "a start that failed",
    ],
)  # fmt: skip
def test_what_ec2_forgets_is_what_it_told_for_sure_and_tells_no_more(before, after, forgotten):
    sights = forgotten_sights(before, after)

    assert [(sight.name, sight.occurred_at) for sight in sights] == [(name, at(when)) for name, when in forgotten]
