import json
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from finops.sandbox.aws.event_record import told_at
from finops.sandbox.scenario import Scenario
from finops.sandbox.server import Sandbox
from tests.sandbox_fixtures import ONE_TRY, SANDBOX_NOW

WORKLOADS = "444455556666"
BY_NAME = "EventName"


def lookup(client, **arguments):
    pages = client.get_paginator("lookup_events").paginate(**arguments)
    return [event for page in pages for event in page["Events"]]


def by(key, value):
    return [{"AttributeKey": key, "AttributeValue": value}]


@pytest.fixture
def trail(aws_client):
    return aws_client("cloudtrail", region="eu-central-1")


def test_events_come_newest_first_fifty_at_a_time(sandbox, trail):
    events = lookup(trail, LookupAttributes=by(BY_NAME, "RunInstances"), StartTime=SANDBOX_NOW - timedelta(days=30))

    times = [event["EventTime"] for event in events]
    assert len(events) > 50
    assert times == sorted(times, reverse=True)
    assert {event["EventName"] for event in events} == {"RunInstances"}
    assert sandbox.log.count("LookupEvents") == -(-len(events) // 50)
    assert len({event["EventId"] for event in events}) == len(events)


def test_an_event_is_told_minutes_after_it_happened(sandbox, trail):
    calls = sandbox.scenario.calls(WORKLOADS, "eu-central-1")
    ids = {event["EventId"] for event in lookup(trail, StartTime=SANDBOX_NOW - timedelta(days=3))}

    recent = [call for call in calls if SANDBOX_NOW - timedelta(days=3) <= call.at <= SANDBOX_NOW]

    assert ids == {str(call.event_id) for call in recent if told_at(call) <= SANDBOX_NOW}
    assert all(timedelta(minutes=1) < told_at(call) - call.at < timedelta(minutes=11) for call in recent)


def test_nothing_older_than_ninety_days_is_told(trail):
    events = lookup(trail, StartTime=SANDBOX_NOW - timedelta(days=400))

    assert min(event["EventTime"] for event in events) >= SANDBOX_NOW - timedelta(days=90)


def test_one_instance_can_be_looked_up(sandbox, trail):
    machine = next(item for item in sandbox.scenario.machines(WORKLOADS, "eu-central-1") if len(item.timeline.runs) > 5)

    events = lookup(trail, LookupAttributes=by("ResourceName", machine.instance_id))

    assert len(events) > 5
    for event in events:
        assert machine.instance_id in {resource["ResourceName"] for resource in event["Resources"]}


def test_what_is_done_at_once_is_one_event(trail):
    events = lookup(trail, LookupAttributes=by(BY_NAME, "StopInstances"))

    asked = [json.loads(event["CloudTrailEvent"])["requestParameters"] for event in events]
    assert max(len(parameters["instancesSet"]["items"]) for parameters in asked) > 1


def test_failed_calls_say_so_and_have_no_response(trail):
    records = [json.loads(event["CloudTrailEvent"]) for event in lookup(trail)]

    failed = [record for record in records if "errorCode" in record]
    assert failed
    assert all(record["responseElements"] is None and record["errorMessage"] for record in failed)
    assert all(record["errorCode"].startswith("Client.") for record in failed)


def test_a_spot_interruption_is_an_event_of_the_service(aws_client):
    events = lookup(aws_client("cloudtrail", region="us-east-1"), LookupAttributes=by(BY_NAME, "BidEvictedEvent"))

    record = json.loads(events[0]["CloudTrailEvent"])
    assert record["eventType"] == "AwsServiceEvent"
    assert record["serviceEventDetails"]["instanceIdSet"][0].startswith("i-")
    assert record["requestParameters"] is None
    assert record["responseElements"] is None
    assert events[0]["Resources"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"LookupAttributes": by(BY_NAME, "RunInstances") * 2}, "InvalidLookupAttributesException"),
        ({"StartTime": SANDBOX_NOW, "EndTime": SANDBOX_NOW - timedelta(1)}, "InvalidTimeRangeException"),
        ({"NextToken": "made up"}, "InvalidNextTokenException"),
    ],
)
def test_what_cloudtrail_refuses_is_refused(trail, arguments, code):
    with pytest.raises(ClientError) as raised:
        trail.lookup_events(**arguments)

    assert raised.value.response["Error"]["Code"] == code


def test_more_than_fifty_a_page_are_refused_by_the_endpoint_too(sandbox):
    client = boto3.Session(profile_name="platform-workloads", region_name="eu-central-1").client(
        "cloudtrail", config=ONE_TRY.merge(ONE_TRY.__class__(parameter_validation=False))
    )

    with pytest.raises(ClientError) as raised:
        client.lookup_events(MaxResults=51)

    assert raised.value.response["Error"]["Code"] == "InvalidMaxResultsException"
    assert sandbox.log.count(outcome="InvalidMaxResultsException") == 1


def test_the_denied_action_is_denied_in_every_region(aws_client):
    for region in ("eu-north-1", "us-east-1"):
        with pytest.raises(ClientError) as raised:
            aws_client("cloudtrail", profile="research", region=region).lookup_events()

        error = raised.value.response
        assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDeniedException", 400)
        assert "cloudtrail:LookupEvents" in error["Error"]["Message"]


def test_the_third_request_of_a_second_is_throttled_in_that_region_only():
    scenario = Scenario.small(now=SANDBOX_NOW)
    with Sandbox(scenario) as sandbox:
        account = scenario.accounts[1]

        def client(region):
            return boto3.client(
                "cloudtrail",
                region_name=region,
                endpoint_url=sandbox.aws_url,
                aws_access_key_id=account.access_key_id,
                aws_secret_access_key=account.secret_access_key,
                config=ONE_TRY,
            )

        frankfurt, dublin = client("eu-central-1"), client("eu-west-1")
        frankfurt.lookup_events(MaxResults=1)
        frankfurt.lookup_events(MaxResults=1)
        with pytest.raises(ClientError) as raised:  # noqa: PT012 (a slow machine may earn itself another one)
            for _ in range(3):
                frankfurt.lookup_events(MaxResults=1)
        dublin.lookup_events(MaxResults=1)

    assert raised.value.response["Error"]["Code"] == "ThrottlingException"
