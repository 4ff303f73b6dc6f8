"""Which type ran when."""

from __future__ import annotations

from tests.accounts.runtime_histories import (
    at,
    facts,
    hours,
    launch,
    march,
    retype,
    start,
    stop,
)


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
