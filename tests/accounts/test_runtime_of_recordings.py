"""The real AWS's descriptions and launches, through the estimator."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from accounts.clients.aws.cloudtrail_events import events_of
from accounts.estimators.runtime import InstanceFacts, runtime_of
from finops.core.periods import DAY, HOUR, Period


def _instant(told):
    """The recordings keep an instant as its parts."""
    return datetime(*(told[part] for part in ("year", "month", "day", "hour", "minute", "second")), tzinfo=UTC)


def _facts(described):
    interfaces = described.get("NetworkInterfaces") or [{}]
    attached = interfaces[0].get("Attachment", {}).get("AttachTime")
    return InstanceFacts(
        state=described["State"]["Name"],
        launched_at=_instant(described["LaunchTime"]),
        first_launched_at=_instant(attached) if attached else None,
        state_transition_reason=described.get("StateTransitionReason", ""),
        state_reason_code=described.get("StateReason", {}).get("Code", ""),
        instance_type=described["InstanceType"],
        platform_details=described.get("PlatformDetails", ""),
        lifecycle=described.get("InstanceLifecycle", ""),
    )


@pytest.fixture
def described(recordings):
    """Every instance of every recorded DescribeInstances."""
    found = []
    for path in sorted(recordings.glob("c7n/*/ec2.DescribeInstances_*.json")):
        answer = json.loads(path.read_text())["data"]
        found += [one for reservation in answer["Reservations"] for one in reservation["Instances"]]
    return found


def test_every_recorded_instance_ran_from_its_last_start_to_its_dated_end(described):
    assert len(described) > 80
    for one in described:
        facts = _facts(one)
        launched_at = facts.launched_at
        window = Period(launched_at, launched_at + 400 * DAY)

        runtime = runtime_of(facts, [], window=window, now=window.end)

        if facts.state == "running":
            assert runtime.running_hours == 400 * 24
        elif "GMT" in facts.state_transition_reason:
            ended_at = datetime.strptime(facts.state_transition_reason[16:35], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            assert runtime.running_hours == pytest.approx((ended_at - launched_at) / HOUR)
        else:
            assert (runtime.lower_hours, runtime.upper_hours) == (0, 400 * 24)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("run-instances", ["i-784cdacd", "i-7b4cdace"]),
        ("run-instance-creator", ["i-0f7c711dc84bedda0"]),
        ("run-instance-creator-assumed", ["i-0f7c711dc84bedda0"]),
        ("create-volume", []),
    ],
)
def test_a_recorded_call_names_its_instances(recordings, name, ids):
    trail = (recordings / f"c7n/cwe/event-cloud-trail-{name}.json").read_text()

    found = events_of({"CloudTrailEvent": trail})

    assert [instance_id for instance_id, _ in found] == ids
    assert {event.current_state for _, event in found} <= {"pending"}


def test_a_recorded_launch_begins_the_run(recordings):
    trail = (recordings / "c7n/cwe/event-cloud-trail-run-instances.json").read_text()
    [(_, launch), _] = events_of({"CloudTrailEvent": trail})
    # Auto Scaling launched a pair of t2.micro; the record keeps LaunchTime in milliseconds.
    launched_at = datetime.fromtimestamp(1463847074, UTC)
    facts = InstanceFacts("running", launched_at, launched_at, instance_type="t2.micro")
    window = Period(launched_at - DAY, launched_at + timedelta(hours=6))

    runtime = runtime_of(facts, [launch], window=window, now=window.end)

    assert (runtime.running_hours, runtime.hours_by_type) == (6, {"t2.micro": 6})
    assert "RunInstances by autoscaling.amazonaws.com" in runtime.intervals[0].because


def test_the_documented_example_of_lookup_events_names_no_instance(recordings):
    text = (recordings / "awscli_doc_examples/cloudtrail.lookup-events.rst").read_text()
    answer, _ = json.JSONDecoder().raw_decode(text[text.index("{") :].replace("\n", " "))

    assert [events_of(record) for record in answer["Events"]] == [[]]
