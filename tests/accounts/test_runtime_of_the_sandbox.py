"""The simulated world knows the truth of each machine; what it tells as AWS would must lead back to it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from accounts.clients.aws.cloudtrail_events import events_of
from accounts.estimators.runtime import InstanceFacts, runtime_of
from finops.core.periods import DAY, HOUR, Period, start_of_day
from finops.sandbox.aws.event_record import event
from finops.sandbox.aws.instance_description import describe
from finops.sandbox.scenario.scenario import Scenario

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
WINDOW = Period(start_of_day((NOW - 30 * DAY).date()), NOW)
SECONDS = 60 / 3600


@pytest.fixture(scope="module")
def scenario():
    return Scenario.small(now=NOW)


@pytest.fixture(scope="module")
def events(scenario):
    """What CloudTrail told of each instance, from ten days before the window on."""
    told = defaultdict(list)
    for account in scenario.accounts:
        for region in {machine.region for machine in scenario.machines_of(account.account_id)}:
            for call in scenario.calls(account.account_id, region):
                if WINDOW.start - 10 * DAY <= call.at <= NOW:
                    for instance_id, one in events_of(event(call)):
                        told[instance_id].append(one)
    return told


def facts_of(machine):
    if not machine.timeline.is_listed(NOW):
        return None
    told = describe(machine, NOW)
    interfaces = told.get("NetworkInterfaces") or [{}]
    return InstanceFacts(
        state=told["State"]["Name"],
        launched_at=told["LaunchTime"],
        first_launched_at=interfaces[0].get("Attachment", {}).get("AttachTime"),
        state_transition_reason=told["StateTransitionReason"],
        state_reason_code=told.get("StateReason", {}).get("Code", ""),
        instance_type=told["InstanceType"],
        platform_details=told["PlatformDetails"],
        lifecycle=told.get("InstanceLifecycle", ""),
    )


def sample_minutes(machine):
    """CloudWatch counts five samples for each five minutes it saw whole."""
    minutes = {}
    hour = WINDOW.start
    while hour + HOUR <= NOW:
        minutes[hour] = machine.timeline.running_seconds(Period(hour, hour + HOUR)) // 300 * 5
        hour += HOUR
    return minutes


def existing(scenario):
    return [machine for machine in scenario.all_machines if machine.timeline.launched_at <= NOW]


def test_the_truth_lies_within_the_bounds(scenario, events):
    exact = Counter()
    for machine in existing(scenario):
        truth = machine.timeline.running_seconds(WINDOW) / 3600

        runtime = runtime_of(
            facts_of(machine),
            events[machine.instance_id],
            window=WINDOW,
            now=NOW,
            cpu_sample_minutes=sample_minutes(machine),
        )

        # Calls and their effect lie seconds apart, each time.
        assert runtime.lower_hours - SECONDS <= truth <= runtime.upper_hours + SECONDS, machine
        assert runtime.estimated_hours == pytest.approx(truth, abs=0.1 + 0.02 * truth), machine
        exact[runtime.is_exact] += 1
    assert exact[True] > 20 * exact[False]


def test_events_alone_are_exact_for_what_they_tell(scenario, events):
    # What nothing tells: a stop before the first event of the window (retired) is found by samples only.
    told = [machine for machine in existing(scenario) if machine.group.behaviour != "retired"]
    assert len(told) > 500
    for machine in told:
        truth = machine.timeline.running_seconds(WINDOW) / 3600

        runtime = runtime_of(facts_of(machine), events[machine.instance_id], window=WINDOW, now=NOW)

        assert runtime.lower_hours - SECONDS <= truth <= runtime.upper_hours + SECONDS, machine


def test_the_bill_is_that_of_the_simulation(scenario, events):
    for machine in existing(scenario):
        full_hours = machine.group.platform.details.startswith("SUSE")
        parts = machine.timeline.billed(WINDOW, full_hours=full_hours, known_until=NOW)
        billed = sum((part.length for _, part in parts), timedelta(0)) / HOUR

        runtime = runtime_of(facts_of(machine), events[machine.instance_id], window=WINDOW, now=NOW)

        # The simulation bills a begun hour of SUSE up to the edge of the window; we where it begins.
        if runtime.is_exact and machine.group.behaviour != "retired":
            assert runtime.billed_hours == pytest.approx(billed, abs=1.0 if full_hours else SECONDS), machine
