"""What AWS bills of the running: each rule with its sum, in hours."""

from __future__ import annotations

import pytest

from finops.core.periods import Period
from tests.accounts.runtime_histories import (
    HOURS_OF_MARCH,
    JANUARY,
    MARCH,
    at,
    dated,
    evict,
    facts,
    hours,
    launch,
    march,
    start,
    stop,
    terminate,
)

SUSE = "SUSE Linux"
MINUTE = 1 / 60


def test_running_is_billed_by_the_second():
    runtime = march(None, launch("10 08:00"), terminate("10 09:30:01"))

    # 1 h 30 min 1 s = 5401 s
    assert runtime.billed_hours == pytest.approx(5401 / 3600)


def test_each_start_is_billed_a_minute_at_least():
    instance = facts("stopped", launched_at=at("10 10:00"), first_launched_at=JANUARY)
    events = [e for hour in ("08", "09", "10") for e in (start(f"10 {hour}:00"), stop(f"10 {hour}:00:20"))]

    runtime = march(instance, *events)

    # 3 starts of 20 s: 3 × 60 s
    assert runtime.running_hours == pytest.approx(1 * MINUTE)
    assert runtime.billed_hours == pytest.approx(3 * MINUTE)


def test_a_run_of_a_minute_is_billed_a_minute():
    assert march(None, launch("10 08:00"), terminate("10 08:01")).billed_hours == pytest.approx(MINUTE)


def test_the_minimum_is_billed_with_the_instant_of_the_start():
    events = [launch("10 08:00"), terminate("10 08:00:20")]
    before, after = Period(MARCH.start, at("10 08:00:10")), Period(at("10 08:00:10"), MARCH.end)

    # 10 s and the 40 s that the minimum adds; then the other 10 s
    assert march(None, *events, window=before).billed_hours == pytest.approx(50 / 3600)
    assert march(None, *events, window=after).billed_hours == pytest.approx(10 / 3600)


def test_what_started_seconds_ago_is_billed_its_minute_already():
    instance = facts(launched_at=at("10 08:00"), first_launched_at=at("10 08:00"))

    runtime = march(instance, launch("10 08:00"), now=at("10 08:00:15"))

    assert (runtime.running_hours, runtime.billed_hours) == (pytest.approx(15 / 3600), pytest.approx(MINUTE))


@pytest.mark.parametrize("platform", [SUSE, "SUSE Linux Enterprise Server", "Linux with SUSE"])
def test_suse_is_billed_by_full_hours_of_each_start(platform):
    instance = facts(
        "stopped", launched_at=at("10 12:00"), state_transition_reason=dated("10 12:05"), platform_details=platform
    )

    runtime = march(instance, start("10 08:10"), stop("10 10:20"), start("10 12:00"), stop("10 12:05"))

    # 2 h 10 min → 3 h, and 5 min → 1 h
    assert runtime.running_hours == pytest.approx(2 + 15 * MINUTE)
    assert runtime.billed_hours == 4


@pytest.mark.parametrize("platform", ["Linux/UNIX", "Windows", "Red Hat Enterprise Linux", "Ubuntu Pro", ""])
def test_other_platforms_are_billed_by_the_second(platform):
    instance = facts("stopped", launched_at=at("10 08:10"), platform_details=platform)

    assert march(instance, start("10 08:10"), stop("10 10:20")).billed_hours == pytest.approx(2 + 10 * MINUTE)


def test_a_full_hour_of_suse_is_one_hour():
    instance = facts("stopped", launched_at=at("10 08:10"), platform_details=SUSE)

    assert march(instance, start("10 08:10"), stop("10 11:10")).billed_hours == 3


def test_each_full_hour_of_suse_is_billed_where_it_begins():
    instance = facts("stopped", launched_at=at("10 07:30"), platform_details=SUSE)
    events = [start("10 07:30"), stop("10 09:45")]

    # Hours begin at 7:30, 8:30 and 9:30.
    def billed(begin, end):
        return march(instance, *events, window=Period(at(begin), at(end))).billed_hours

    assert billed("10 07:00", "10 08:00") == 1
    assert billed("10 08:00", "10 09:00") == 1
    assert billed("10 09:00", "10 10:00") == 1
    assert billed("10 10:00", "10 11:00") == 0


def test_suse_always_on_is_billed_as_it_runs():
    assert march(facts(launched_at=JANUARY, platform_details=SUSE)).billed_hours == HOURS_OF_MARCH


def test_suse_with_an_unknown_start_counts_the_hours_of_the_clock():
    instance = facts("stopped", launched_at=None, platform_details=SUSE)

    # 1 March 00:00 to 10:20
    assert march(instance, stop("1 10:20")).billed_hours == 11


SPOT = facts("terminated", launched_at=at("10 08:00"), lifecycle="spot", instance_type="c5.large")


def test_spot_that_ec2_interrupts_in_its_first_hour_is_free():
    runtime = march(SPOT, launch("10 08:00"), evict("10 08:59:59"))

    assert (runtime.running_hours, runtime.billed_hours) == (pytest.approx(3599 / 3600), 0)


@pytest.mark.parametrize(("until", "hours_billed"), [("10 09:00", 1.0), ("10 09:45", 1.75)])
def test_spot_that_ec2_interrupts_later_is_billed_by_the_second(until, hours_billed):
    assert march(SPOT, launch("10 08:00"), evict(until)).billed_hours == pytest.approx(hours_billed)


def test_spot_that_its_user_ends_is_billed():
    assert march(SPOT, launch("10 08:00"), terminate("10 08:30")).billed_hours == pytest.approx(0.5)


def test_each_start_of_spot_has_its_first_hour():
    instance = facts("stopped", launched_at=at("11 08:00"), lifecycle="spot")

    runtime = march(instance, launch("10 08:00"), evict("10 12:00"), evict("11 08:30"))

    # 4 h billed; the restart that LaunchTime names ran half an hour for nothing.
    assert (runtime.running_hours, runtime.billed_hours) == (4.5, 4)


@pytest.mark.parametrize("code", ["Server.SpotInstanceTermination", "Server.SpotInstanceShutdown"])
def test_an_interruption_is_known_by_its_reason_where_no_event_tells_it(code):
    instance = facts(
        "stopped",
        launched_at=at("10 08:00"),
        lifecycle="spot",
        state_reason_code=code,
        state_transition_reason=f"{code} (2026-03-10 08:40:00 GMT)",
    )

    runtime = march(instance, launch("10 08:00"))

    assert (runtime.running_hours, runtime.billed_hours) == (pytest.approx(40 * MINUTE), 0)


def test_suse_spot_is_free_for_the_hour_that_ec2_interrupts():
    instance = facts("terminated", launched_at=at("10 08:00"), lifecycle="spot", platform_details=SUSE)

    runtime = march(instance, launch("10 08:00"), evict("10 10:40"))

    # 2 h 40 min: two full hours, the third is free
    assert runtime.billed_hours == 2


def test_suse_spot_that_its_user_ends_is_billed_the_begun_hour():
    instance = facts("terminated", launched_at=at("10 08:00"), lifecycle="spot", platform_details=SUSE)

    assert march(instance, launch("10 08:00"), terminate("10 10:40")).billed_hours == 3


def test_hibernating_is_billed_though_it_does_not_run():
    instance = facts(
        "stopping",
        launched_at=at("10 08:00"),
        state_reason_code="Client.UserInitiatedHibernate",
        state_transition_reason=dated("10 09:00"),
    )

    runtime = march(instance, launch("10 08:00"), stop("10 09:00"), now=at("10 09:03"))

    # 1 h of running and 3 minutes of writing memory to disk
    assert (runtime.running_hours, runtime.billed_hours) == (1, pytest.approx(1 + 3 * MINUTE))


def test_a_stop_that_asks_to_hibernate_is_billed_alike():
    instance = facts("stopping", launched_at=at("10 08:00"))

    runtime = march(instance, launch("10 08:00"), stop("10 09:00", hibernates=True), now=at("10 09:03"))

    assert runtime.billed_hours == pytest.approx(1 + 3 * MINUTE)


def test_stopping_is_not_billed_otherwise():
    instance = facts("stopping", launched_at=at("10 08:00"), state_reason_code="Client.UserInitiatedShutdown")

    assert march(instance, launch("10 08:00"), stop("10 09:00"), now=at("10 09:03")).billed_hours == 1


def test_the_bill_follows_the_best_estimate_where_running_is_known_within_bounds():
    runtime = march(facts("stopped", launched_at=at("10 00:00")), launch("10 00:00"))

    assert hours(runtime) == (0, 264, 528)
    assert runtime.billed_hours == 264


def test_suse_within_bounds_is_billed_its_first_hour_at_least():
    instance = facts("stopped", launched_at=at("10 00:00"), platform_details=SUSE)

    runtime = march(instance, launch("10 00:00"), now=at("10 10:00"))

    # The first hour is certain, of the nine after it one half.
    assert runtime.billed_hours == 5.5


def test_a_start_that_ended_who_knows_when_is_billed_a_minute_at_least():
    runtime = march(facts("stopped", launched_at=at("10 00:00")), launch("10 00:00"), now=at("10 00:01"))

    assert runtime.estimated_hours == pytest.approx(MINUTE / 2)
    assert runtime.billed_hours == pytest.approx(MINUTE)
