"""All services tell of the same machines: what each says is held against the timelines, over the wire."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from finops.core.periods import Period
from finops.sandbox.scenario.fleet import Lifecycle
from finops.sandbox.scenario.timeline import End, Start
from tests.sandbox_fixtures import SANDBOX_NOW, all_instances

WORKLOADS = ("platform-workloads", "444455556666")
SHOP = ("shop", "222233334444")
PAYER = ("platform-payer", "111122223333")
PLACES = [
    (PAYER, "us-east-1"),
    *((WORKLOADS, region) for region in ("eu-central-1", "us-east-1", "us-west-2")),
    (SHOP, "eu-west-1"),
]
UNTOLD_ENDS = {End.OS_SHUTDOWN, End.OS_SHUTDOWN_DATED, End.RETIREMENT}


@pytest.fixture(params=PLACES, ids=lambda place: f"{place[0][0]} {place[1]}")
def place(request, sandbox):
    (profile, account_id), region = request.param
    sandbox.sign_in()
    return profile, account_id, region


@pytest.fixture
def machines(sandbox, place):
    _, account_id, region = place
    return {
        item.instance_id: item
        for item in sandbox.scenario.machines(account_id, region)
        if item.timeline.launched_at <= SANDBOX_NOW
    }


@pytest.fixture
def records(aws_client, place):
    profile, _, region = place
    pages = aws_client("cloudtrail", profile=profile, region=region).get_paginator("lookup_events").paginate()
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def instance_ids(record):
    if record["eventName"] == "BidEvictedEvent":
        return record["serviceEventDetails"]["instanceIdSet"]
    if record["eventName"] == "ModifyInstanceAttribute":
        return [record["requestParameters"]["instanceId"]]
    told = record["requestParameters"] if record["eventName"] == "RebootInstances" else record["responseElements"]
    return [item["instanceId"] for item in told["instancesSet"]["items"]]


def told_runs(records):
    """What one would read from the events alone: (start, end) by instance, end None while none is told."""
    runs = defaultdict(list)
    for record in sorted(records, key=lambda record: record["eventTime"]):
        if "errorCode" in record or record["eventName"] == "RebootInstances":
            continue
        at = datetime.fromisoformat(record["eventTime"])
        for instance_id in instance_ids(record):
            if record["eventName"] in {"RunInstances", "StartInstances"}:
                changed = record["eventName"] == "RunInstances" or previous_state(record, instance_id) == "stopped"
                if changed:
                    runs[instance_id].append([at, None])
            elif record["eventName"] != "ModifyInstanceAttribute" and is_on(runs[instance_id]):
                runs[instance_id][-1][1] = at
    return runs


def is_on(runs):
    return bool(runs) and runs[-1][1] is None


def previous_state(record, instance_id):
    items = record["responseElements"]["instancesSet"]["items"]
    return next(item["previousState"]["name"] for item in items if item["instanceId"] == instance_id)


def test_events_tell_each_run_that_aws_tells_of(machines, records):
    oldest = SANDBOX_NOW - timedelta(days=89)
    runs = told_runs(records)

    compared = 0
    for instance_id, machine in machines.items():
        timeline = machine.timeline
        is_told = not any(untold_instants(run) for run in timeline.runs)
        if not is_told or timeline.launched_at < oldest or not timeline.runs:
            continue
        true = [[run.start, run.end] for run in timeline.runs if run.start <= SANDBOX_NOW - timedelta(minutes=10)]
        told = [run for run in runs[instance_id] if run[0] <= SANDBOX_NOW - timedelta(minutes=10)]
        if true and (true[-1][1] is None or true[-1][1] > SANDBOX_NOW - timedelta(minutes=10)):
            true[-1][1] = told[-1][1] = None
        assert told == true, instance_id
        compared += 1
    assert compared


def test_what_happens_without_a_call_is_in_no_event(sandbox):
    told = {
        (change.instance.instance_id, call.at)
        for account in sandbox.scenario.accounts
        for region in account.enabled_regions
        for call in sandbox.scenario.calls(account.account_id, region)
        for change in call.changes
        if not call.error_code
    }

    untold = {
        (machine.instance_id, at)
        for machine in sandbox.scenario.all_machines
        for run in machine.timeline.runs
        for at in untold_instants(run)
    }
    assert len(untold) > 50
    assert not untold & told


def untold_instants(run):
    ends = [run.end] if run.ended_by in UNTOLD_ENDS else []
    return ends + ([run.start] if run.started_by is Start.SPOT_RESTART else [])


def ids_of_success(record):
    return [] if "errorCode" in record else instance_ids(record)


def test_a_launch_that_failed_is_told_as_a_launch_and_never_ended(machines, records):
    failed = {item.instance_id for item in machines.values() if item.timeline.launch_failure}

    names = {record["eventName"] for record in records for item in ids_of_success(record) if item in failed}

    assert names in (set(), {"RunInstances"})


def test_the_inventory_shows_what_is_there_as_it_is(aws_client, machines, place):
    profile, _, region = place

    described = {item["InstanceId"]: item for item in all_instances(aws_client("ec2", profile=profile, region=region))}

    assert set(described) == {key for key, item in machines.items() if item.timeline.is_listed(SANDBOX_NOW)}
    for instance_id, shown in described.items():
        machine = machines[instance_id]
        timeline = machine.timeline
        run = timeline.last_run(SANDBOX_NOW)
        assert shown["State"]["Name"] == timeline.state(SANDBOX_NOW).name
        assert shown["InstanceType"] == timeline.instance_type(SANDBOX_NOW)
        assert shown["LaunchTime"] == (run.start if run else timeline.launched_at)
        assert shown["UsageOperation"] == machine.group.platform.usage_operation
        assert (shown.get("InstanceLifecycle") == "spot") == (machine.group.lifecycle is Lifecycle.SPOT)
        if shown["State"]["Name"] == "running":
            assert shown["StateTransitionReason"] == ""
            assert "StateReason" not in shown
        if shown["NetworkInterfaces"]:
            assert shown["NetworkInterfaces"][0]["Attachment"]["AttachTime"] == timeline.launched_at


def test_sample_counts_are_the_minutes_that_machines_ran(aws_client, machines, place):
    profile, _, region = place
    period = Period(SANDBOX_NOW - timedelta(days=6, hours=3), SANDBOX_NOW.replace(minute=0))
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/EC2",
                    "MetricName": "CPUUtilization",
                    "Dimensions": [{"Name": "InstanceId", "Value": instance_id}],
                },
                "Period": 3600,
                "Stat": "SampleCount",
            },
        }
        for number, instance_id in enumerate(list(machines)[:500])
    ]

    answer = aws_client("cloudwatch", profile=profile, region=region).get_metric_data(
        MetricDataQueries=queries, StartTime=period.start, EndTime=period.end
    )

    whole = Period(period.start.replace(minute=0), period.end)
    for instance_id, result in zip(list(machines)[:500], answer["MetricDataResults"], strict=True):
        timeline = machines[instance_id].timeline
        runs = len(timeline.running(whole))
        assert abs(sum(result["Values"]) - timeline.running_seconds(whole) / 60) <= runs
        for at, minutes in zip(result["Timestamps"], result["Values"], strict=True):
            start = at.astimezone(UTC)
            hour = Period(start, start + timedelta(hours=1))
            assert 0 < minutes <= 60
            assert abs(minutes - timeline.running_seconds(hour) / 60) <= len(timeline.running(hour))
