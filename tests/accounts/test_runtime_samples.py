"""CloudWatch's minutes narrow what events leave open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.estimators.runtime import Certainty, history_of
from finops.core.periods import HOUR, Period
from tests.accounts.runtime_histories import (
    APRIL_10,
    HOURS_OF_MARCH,
    JANUARY,
    MARCH,
    at,
    facts,
    hours,
    launch,
    march,
    start,
    stop,
)

SHUT_DOWN = facts(
    "stopped",
    launched_at=at("10 08:00"),
    first_launched_at=at("10 08:00"),
    state_reason_code="Client.InstanceInitiatedShutdown",
)


def minutes(first, *counts):
    """By start of hour, from `first` on."""
    return {at(first) + number * HOUR: count for number, count in enumerate(counts)}


def test_minutes_narrow_an_undated_shutdown_to_five_minutes():
    seen = minutes("10 08:00", 60, 60, 60, 25, 0, 0)

    runtime = march(SHUT_DOWN, launch("10 08:00"), now=at("10 14:00"), cpu_sample_minutes=seen)

    # Full hours: 8 (may lack 5 min, 7 is unknown), 9, 10 (next to the stop: may lack 5 min); 25 ± 5 min; then up to
    # 5 min unseen in 12, and in 13, for 14 is unknown.
    assert runtime.estimated_hours == pytest.approx(3 + 25 / 60)
    assert runtime.lower_hours == pytest.approx(3 + (25 - 5 - 5 - 5) / 60)
    assert runtime.upper_hours == pytest.approx(3 + (25 + 5 + 5 + 5) / 60)
    assert "samples narrow" in runtime.intervals[0].because


def test_hours_that_are_not_measured_stay_open():
    runtime = march(SHUT_DOWN, launch("10 08:00"), now=at("10 14:00"), cpu_sample_minutes=minutes("10 08:00", 60, 60))

    # Two hours seen (each may lack 5 min), four open
    assert hours(runtime) == (pytest.approx(2 - 10 / 60), pytest.approx(4), 6)


def test_what_stood_still_for_an_hour_stands_still_while_nothing_tells_of_a_start():
    seen = minutes("10 08:00", 60, 0, 0)

    runtime = march(SHUT_DOWN, launch("10 08:00"), cpu_sample_minutes=seen)

    # 60 minutes, and of each hour near the stop or beyond the samples up to five that went unseen; nothing after 11:00.
    assert runtime.estimated_hours == pytest.approx(1)
    assert hours(runtime) == (pytest.approx(55 / 60), pytest.approx(1), pytest.approx(1 + 10 / 60))


def test_what_runs_after_an_unmeasured_hour_ran_through_it():
    seen = minutes("10 12:00", 60, 0, 0)

    runtime = march(SHUT_DOWN, launch("10 08:00"), cpu_sample_minutes=seen)

    # 8 to 12 o'clock unmeasured, but it ran before and after
    assert hours(runtime) == (pytest.approx(4 + 55 / 60), pytest.approx(5), pytest.approx(5 + 10 / 60))


def test_an_untold_start_is_narrowed_the_other_way_round():
    instance = facts("stopped", launched_at=None)
    seen = minutes("10 12:00", 0, 60)

    runtime = march(instance, stop("10 08:00"), stop("10 18:00"), cpu_sample_minutes=seen)

    # Still until 12:00, 60 minutes in 13, then running until it was stopped: 224 h of the month before, and 5 h.
    assert runtime.estimated_hours == pytest.approx(224 + 5)
    assert runtime.upper_hours - runtime.lower_hours == pytest.approx(10 / 60)


def test_minutes_that_leave_nothing_open_make_it_exact():
    instance = facts(launched_at=at("20 00:00"), first_launched_at=JANUARY)
    hour_by_hour = dict.fromkeys((at("2-28 00:00") + number * HOUR for number in range(24 * 40)), 60)

    runtime = march(instance, cpu_sample_minutes=hour_by_hour)

    # A restart so quick that no five minutes are missing
    assert (runtime.is_exact, runtime.running_hours) == (True, HOURS_OF_MARCH)


def test_minutes_that_certainly_ran_are_not_counted_twice():
    instance = facts("stopped", launched_at=at("10 10:30"), first_launched_at=JANUARY)
    seen = minutes("10 08:00", 0, 0, 40, 0)

    runtime = march(
        instance, start("10 08:00"), start("10 10:30"), stop("10 11:00"), now=at("10 12:00"), cpu_sample_minutes=seen
    )

    # 10:30 to 11:00 is certain: of the 40 minutes of that hour 10 lie in the open half hour before, give or take 5.
    # Of the hours before, up to 5 unseen minutes each: 7 is unknown and 10 is none without any.
    assert runtime.lower_hours == pytest.approx((30 + 10 - 5) / 60)
    assert runtime.estimated_hours == pytest.approx(40 / 60)
    assert runtime.upper_hours == pytest.approx((30 + 10 + 5 + 5 + 5) / 60)


def test_minutes_reveal_a_stop_that_no_event_tells():
    # Retired by AWS some time before a person started it on the 20th; the events alone found it stopped.
    instance = facts(launched_at=at("20 00:00"), first_launched_at=JANUARY)
    seen = dict.fromkeys((MARCH.start - HOUR + number * HOUR for number in range(24 * 10 + 1)), 60)
    seen |= dict.fromkeys((at("11 00:00") + number * HOUR for number in range(24 * 21)), 0)

    without = march(instance, start("20 00:00"))
    runtime = march(instance, start("20 00:00"), cpu_sample_minutes=seen)

    # 10 days more than the 12 that are certain, give or take the five minutes at their end
    assert without.running_hours == 288
    assert runtime.estimated_hours == pytest.approx(288 + 240)
    assert runtime.upper_hours - runtime.lower_hours == pytest.approx(15 / 60, abs=0.1)


def test_minutes_reveal_a_start_that_no_event_tells():
    instance = facts("stopped", launched_at=None)
    seen = dict.fromkeys((MARCH.start - HOUR + number * HOUR for number in range(24 * 5 + 1)), 0)
    seen |= dict.fromkeys((at("6 00:00") + number * HOUR for number in range(24 * 5)), 60)

    runtime = march(instance, stop("11 00:00"), cpu_sample_minutes=seen)

    assert runtime.estimated_hours == pytest.approx(120)
    assert not runtime.is_exact


def test_minutes_that_agree_change_nothing():
    instance = facts("stopped", launched_at=at("10 08:07"), first_launched_at=JANUARY)
    seen = minutes("10 07:00", 0, 53, 60, 20, 0)

    runtime = march(instance, start("10 08:07"), stop("10 10:20"), cpu_sample_minutes=seen)

    assert runtime.running_hours == pytest.approx(2 + 13 / 60)


def test_minutes_are_worth_asking_for_where_something_is_open_or_inferred():
    def history(instance, *events):
        return history_of(instance, events, now=APRIL_10, events_since=MARCH.start)

    since_january = history(facts(launched_at=JANUARY, first_launched_at=JANUARY))
    shut_down = history(SHUT_DOWN, launch("10 08:00"))
    found_stopped = history(facts(launched_at=at("20 00:00"), first_launched_at=JANUARY), start("20 00:00"))

    assert not since_january.may_gain_by_samples(MARCH)
    assert shut_down.may_gain_by_samples(MARCH)
    assert not shut_down.may_gain_by_samples(Period(MARCH.start, at("10 08:00")))
    assert found_stopped.may_gain_by_samples(MARCH)
    assert not found_stopped.may_gain_by_samples(Period(at("20 00:00"), MARCH.end))


def test_hours_know_each_their_certainty():
    seen = minutes("10 08:00", 60, 60, 60, 25)
    history = history_of(
        SHUT_DOWN, [launch("10 08:00")], now=at("10 14:00"), events_since=MARCH.start, cpu_sample_minutes=seen
    )

    by_hour = history.by_hour(at("10 07:00"), 8)

    assert by_hour.running_seconds.tolist() == pytest.approx([0, 3600, 3600, 3600, 1500, 1800, 1800, 0])
    assert by_hour.lower_seconds.tolist() == pytest.approx([0, 3300, 3600, 3300, 1200, 0, 0, 0])
    assert by_hour.upper_seconds.tolist() == pytest.approx([0, 3600, 3600, 3600, 1800, 3600, 3600, 0])
    assert by_hour.certainty.tolist() == [0, 2, 1, 2, 2, 2, 2, 0]
    assert Certainty.BOUNDED == 2


def test_hours_after_now_and_full_hours_of_a_bill_have_their_place():
    instance = facts("stopped", launched_at=at("10 08:10"), platform_details="SUSE Linux")
    history = history_of(instance, [start("10 08:10"), stop("10 10:05")], now=at("10 11:30"), events_since=MARCH.start)

    by_hour = history.by_hour(at("10 08:00"), 5)

    # Hours of the bill begin at 8:10 and 9:10.
    assert by_hour.running_seconds.tolist() == [3000, 3600, 300, 0, 0]
    assert by_hour.billed_seconds.tolist() == [3600, 3600, 0, 0, 0]
    assert by_hour.certainty.tolist() == [1, 1, 1, 0, 0]


def test_an_hour_of_hibernation_is_billed_with_certainty_though_nothing_ran():
    instance = facts("stopping", launched_at=at("10 08:00"), state_reason_code="Client.UserInitiatedHibernate")
    history = history_of(instance, [start("10 08:00"), stop("10 08:59")], now=at("10 09:02"), events_since=MARCH.start)

    by_hour = history.by_hour(at("10 08:00"), 2)

    assert by_hour.running_seconds.tolist() == [59 * 60, 0]
    assert by_hour.billed_seconds.tolist() == [3600, 120]
    assert by_hour.certainty.tolist() == [1, 1]


def test_an_hour_has_the_type_that_ran_longest_in_it():
    instance = facts("stopped", launched_at=at("10 08:40"), instance_type="m5.xlarge")
    events = [
        launch("10 06:00", instance_type="m5.large"),
        stop("10 08:10"),
        launch("10 08:00", instance_type="ignored", error_code="Client.DryRunOperation"),
    ]
    from_old_to_new = [*events, start("10 08:40"), stop("10 10:00")]

    by_hour = history_of(instance, from_old_to_new, now=APRIL_10, events_since=MARCH.start).by_hour(at("10 07:00"), 4)

    names = [by_hour.instance_types[index] for index in by_hour.type_index.tolist()]
    # 8 o'clock: 10 minutes of the one, 20 of the other; 10 o'clock: stopped, still of the other
    assert names == ["m5.large", "m5.xlarge", "m5.xlarge", "m5.xlarge"]


def test_many_hours_are_asked_at_once():
    history = history_of(facts(launched_at=JANUARY), [], now=APRIL_10, events_since=MARCH.start)

    by_hour = history.by_hour(MARCH.start, 31 * 24)

    assert by_hour.running_seconds.sum() / 3600 == HOURS_OF_MARCH
    assert by_hour.starts_at + timedelta(hours=len(by_hour.certainty)) == MARCH.end


UNSEEN_SINCE = facts(launched_at=at("1 00:00"), first_launched_at=at("1 00:00"), seen_at=at("10 00:00"))


def test_minutes_tell_that_it_ran_on_though_nobody_looked():
    # Two hours hold by themselves; 02:00 to 06:00 is measured, the first and last hour but for five minutes.
    runtime = march(UNSEEN_SINCE, now=at("10 06:00"), cpu_sample_minutes=minutes("10 02:00", 60, 60, 60, 60))

    lower, best, upper = hours(runtime)
    assert (best, upper) == (222, 222)
    assert lower == pytest.approx(222 - 2 * 5 / 60)


def test_what_stood_still_when_last_measured_is_not_taken_to_run_on():
    # Measured at 02:00 (ran) and 03:00 (did not); the four hours to 08:00 may hold a start that nobody saw.
    runtime = march(UNSEEN_SINCE, now=at("10 08:00"), cpu_sample_minutes=minutes("10 02:00", 60, 0))

    lower, best, upper = hours(runtime)
    assert lower == pytest.approx(219 - 5 / 60)
    assert best == pytest.approx(219)
    assert upper == pytest.approx(219 + 5 / 60 + 4)
    assert runtime.intervals[-1].because.endswith("CloudWatch's samples narrow it.")
