"""The ledger's hours against what the simulated machines really did, hour by hour."""

from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from accounts.models import Instance, InstanceEvent
from costing.estimators.quality import RuntimeQuality, quality_of
from costing.models import CostSnapshot
from finops.core.periods import DAY, HOUR, Period, start_of_day
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH
from tests.journeys.conftest import NOW

FIRST_DAY = NOW.date() - 35 * DAY
DAYS = Period.of_days(FIRST_DAY, NOW.date())
SO_FAR = Period(DAYS.start, NOW)
# The hours of an exact row may be off by a second: events and LaunchTime are told in whole ones.
SECOND = 1.0
ROUNDING = 1e-9


def true_seconds(machine, day):
    """Running seconds of each hour of `day`, up to now."""
    hours = [Period(start_of_day(day) + n * HOUR, start_of_day(day) + (n + 1) * HOUR) for n in range(24)]
    known = [hour.clipped_to(SO_FAR) for hour in hours]
    return [machine.timeline.running_seconds(hour) if hour else 0 for hour in known]


def true_billed_seconds(machine, day):
    parts = machine.timeline.billed(
        Period.of_day(day), full_hours=machine.group.platform.is_billed_by_full_hours, known_until=NOW
    )
    return sum(part.length.total_seconds() for _, part in parts)


@pytest.fixture
def rows(world):
    """Each ledger row with its machine and the truth about it."""
    machines = {machine.instance_id: machine for machine in world.scenario.all_machines}
    snapshots = CostSnapshot.objects.select_related("instance").order_by("instance_id", "day")
    return [(row, machines[row.instance.instance_id]) for row in snapshots]


def is_exact(row):
    return set(quality_of("runtime", row.quality_by_hour).tolist()) <= {
        RuntimeQuality.NOT_RUNNING,
        RuntimeQuality.EXACT,
    }


def test_most_days_are_known_exactly(rows):
    exact = Counter(is_exact(row) for row, _ in rows)

    assert exact[True] > 0.85 * len(rows)
    assert exact[False] > 0  # an unlogged shutdown cannot be known to the second


def test_an_exact_hour_is_right_to_a_second(rows):
    wrong = [
        (machine.group.name, machine.instance_id, row.day, hour, told, true)
        for row, machine in rows
        if is_exact(row)
        for hour, (told, true) in enumerate(
            zip(row.running_seconds_by_hour.tolist(), true_seconds(machine, row.day), strict=True)
        )
        if abs(told - true) > SECOND
    ]

    assert wrong == []


def test_an_exact_day_has_equal_bounds(rows):
    assert [
        (machine.group.name, row.day)
        for row, machine in rows
        if is_exact(row) and row.running_hours_upper - row.running_hours_lower > ROUNDING
    ] == []


def test_what_is_not_exact_lies_within_its_bounds(rows):
    outside = []
    for row, machine in rows:
        true = sum(true_seconds(machine, row.day)) / 3600
        slack = 24 * SECOND / 3600
        if not row.running_hours_lower - slack <= true <= row.running_hours_upper + slack:
            outside.append(
                (machine.group.behaviour, machine.instance_id, row.day, row.running_hours_lower, true,
                 row.running_hours_upper)
            )  # fmt: skip
        assert row.running_hours_lower - ROUNDING <= row.running_hours <= row.running_hours_upper + ROUNDING

    assert outside == []


def test_a_day_that_is_not_exact_is_one_that_no_event_tells_fully(rows):
    """Bounds are for what CloudTrail leaves out; a machine that only people start and stop needs none."""
    told = {"always_on", "office_hours", "nightly_batch", "by_hand", "hibernated", "autoscaled", "resized", "given_up"}
    told |= {"newly_launched"}
    vague = Counter(
        machine.group.behaviour
        for row, machine in rows
        if not is_exact(row) and row.aws_account.account_id != RESEARCH.account_id
    )

    assert {behaviour: days for behaviour, days in vague.items() if behaviour in told} == {}


def billed(rows, *, by_full_hours):
    """Machine, day, billed seconds by the ledger and in truth, of the exact days that are over."""
    return [
        (machine, row.day, row.billed_hours * 3600, true_billed_seconds(machine, row.day))
        for row, machine in rows
        if is_exact(row) and row.day < NOW.date() and machine.group.platform.is_billed_by_full_hours == by_full_hours
    ]


def test_billed_seconds_of_exact_days_are_those_that_aws_bills(rows):
    """Per second, a minute at least for each start; a spot machine that AWS ends in its first hour is free."""
    wrong = [
        (machine.group.name, machine.group.behaviour, day, told, true)
        for machine, day, told, true in billed(rows, by_full_hours=False)
        if abs(told - true) > 24 * SECOND
    ]

    assert wrong == []


def test_full_hours_are_billed_where_the_system_is_billed_so(rows):
    """A full hour that crosses midnight may stand on either day: what is compared is their sum."""
    sums = defaultdict(lambda: [0.0, 0.0])
    for machine, _, told, true in billed(rows, by_full_hours=True):
        sums[machine.group.name, machine.instance_id][0] += told
        sums[machine.group.name, machine.instance_id][1] += true

    assert {name for name, _ in sums} == {"sap", "sap-test"}
    for (name, _), (told, true) in sums.items():
        assert told == pytest.approx(true, abs=3600 if name == "sap" else 1), name
        assert true > 3600
    part_days = [told for machine, _, told, _ in billed(rows, by_full_hours=True) if machine.group.name == "sap-test"]
    assert [told for told in part_days if told % 3600] == []


def test_every_machine_of_which_something_was_told_has_its_days(world, rows):
    have = {(machine.instance_id, row.day) for row, machine in rows}
    types_told = set(
        InstanceEvent.objects.filter(name="RunInstances", error_code="").values_list("instance_id", flat=True)
    )
    listed = set(Instance.objects.values_list("instance_id", flat=True))
    missing, untold = defaultdict(list), set()
    for machine in world.scenario.all_machines:
        if machine.account_id not in {PLATFORM_PAYER.account_id, PLATFORM_WORKLOADS.account_id, RESEARCH.account_id}:
            continue
        ran = [day for day in SO_FAR.days() if sum(true_seconds(machine, day))]
        if machine.instance_id not in types_told | listed:
            untold |= {(machine.account_id, machine.group.behaviour)} if ran else set()
            continue
        missing[machine.group.name] += [day for day in ran if (machine.instance_id, day) not in have]

    assert {name: days for name, days in missing.items() if days} == {}
    # Who went before the first inventory and was launched before the events begin is known by nobody; in the
    # account that may not read its events, neither is whoever came and went.
    assert untold <= {
        (PLATFORM_WORKLOADS.account_id, "given_up"),
        (RESEARCH.account_id, "spot_workers"),
        (PLATFORM_WORKLOADS.account_id, "spot_workers"),
    }


def test_no_row_is_of_a_day_before_its_machine_or_after_now(rows):
    assert [
        (machine.group.name, row.day)
        for row, machine in rows
        if row.day < machine.timeline.launched_at.date() or row.day > NOW.date() or row.day < FIRST_DAY
    ] == []


def test_no_failed_launch_ever_ran(rows):
    assert [
        (machine.instance_id, row.day)
        for row, machine in rows
        if machine.group.behaviour == "launch_failures" and row.running_hours > timedelta(seconds=30) / HOUR
    ] == []
