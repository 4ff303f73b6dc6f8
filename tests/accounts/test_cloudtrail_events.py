"""What one record of LookupEvents says of each instance it names."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.clients.aws.cloudtrail_events import events_of
from accounts.estimators.runtime import parse_instant

AT = datetime(2026, 3, 10, 8, tzinfo=UTC)


def record(name="StopInstances", *, at="2026-03-10T08:00:00Z", resources=(), **trail):
    return {
        "EventId": "e-1",
        "EventName": name,
        "EventTime": at,
        "EventSource": "ec2.amazonaws.com",
        "Resources": [{"ResourceType": "AWS::EC2::Instance", "ResourceName": one} for one in resources],
        "CloudTrailEvent": json.dumps({"eventVersion": "1.08", **trail}),
    }


def states(instance_id, was, becomes):
    return {"instanceId": instance_id, "previousState": {"name": was}, "currentState": {"name": becomes}}


def test_one_event_may_name_many_instances_each_with_its_states():
    told = record(
        requestParameters={"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}},
        responseElements={
            "instancesSet": {"items": [states("i-1", "running", "stopping"), states("i-2", "stopped", "stopped")]}
        },
        resources=["i-1", "i-2"],
    )

    found = events_of(told)

    assert [(i, e.previous_state, e.current_state) for i, e in found] == [
        ("i-1", "running", "stopping"),
        ("i-2", "stopped", "stopped"),
    ]
    assert {(e.event_id, e.name, e.occurred_at) for _, e in found} == {("e-1", "StopInstances", AT)}


def test_a_state_may_be_told_by_its_code():
    item = {"instanceId": "i-1", "previousState": {"code": 16}, "currentState": {"code": 256 + 64}}

    [(_, event)] = events_of(record(responseElements={"instancesSet": {"items": [item]}}))

    assert (event.previous_state, event.current_state) == ("running", "stopping")


def test_a_launch_tells_its_type_and_names_only_instances():
    told = record(
        "RunInstances",
        requestParameters={
            "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1}]},
            "instanceType": "t3.micro",
        },
        responseElements={
            "instancesSet": {
                "items": [
                    {"instanceId": "i-1", "instanceType": "t3.small", "instanceState": {"code": 0, "name": "pending"}},
                    {"instanceId": "i-2", "instanceState": {"code": 0, "name": "pending"}},
                ]
            }
        },
    )
    told["Resources"] = [
        {"ResourceType": "AWS::EC2::Subnet", "ResourceName": "subnet-1"},
        {"ResourceType": "AWS::EC2::Ami", "ResourceName": "i-am-no-instance"},
        {"ResourceName": "arn:aws:ec2:eu-west-1:111122223333:instance/i-2"},
    ]

    found = events_of(told)

    assert [(i, e.instance_type, e.current_state) for i, e in found] == [
        ("i-1", "t3.small", "pending"),
        ("i-2", "t3.micro", "pending"),
    ]


@pytest.mark.parametrize("ids", [["i-1", "i-2"], {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}])
def test_an_eviction_names_its_instances_apart(ids):
    told = record(
        "BidEvictedEvent",
        requestParameters=None,
        responseElements=None,
        eventType="AwsServiceEvent",
        userIdentity={"accountId": "111122223333", "invokedBy": "ec2.amazonaws.com"},
        serviceEventDetails={"instanceIdSet": ids},
    )

    found = events_of(told)

    assert [i for i, _ in found] == ["i-1", "i-2"]
    assert found[0][1].actor == "ec2.amazonaws.com"


@pytest.mark.parametrize(
    "request_of_type",
    [
        {"instanceType": {"value": "m5.xlarge"}},
        {"instanceType": "m5.xlarge"},
        {"attribute": "instanceType", "value": "m5.xlarge"},
    ],
)
def test_a_change_of_type_tells_the_new_one(request_of_type):
    told = record("ModifyInstanceAttribute", requestParameters={"instanceId": "i-1", **request_of_type})

    [(instance_id, event)] = events_of(told)

    assert (instance_id, event.instance_type) == ("i-1", "m5.xlarge")


def test_a_change_of_something_else_tells_no_type():
    told = record("ModifyInstanceAttribute", requestParameters={"instanceId": "i-1", "ebsOptimized": {"value": True}})

    assert events_of(told)[0][1].instance_type == ""


def test_a_failed_call_and_a_dry_run_keep_their_error():
    asked = {"instancesSet": {"items": [{"instanceId": "i-1"}]}}

    failed = record(errorCode="Client.IncorrectInstanceState", requestParameters=asked, responseElements=None)
    dry = record(requestParameters={**asked, "dryRun": True}, responseElements=None)
    unnamed = record(requestParameters=asked, errorMessage="Something went wrong.")

    assert events_of(failed)[0][1].error_code == "Client.IncorrectInstanceState"
    assert events_of(dry)[0][1].error_code == "Client.DryRunOperation"
    assert events_of(unnamed)[0][1].error_code == "Unknown"


def test_a_stop_may_hibernate():
    told = record(requestParameters={"instancesSet": {"items": [{"instanceId": "i-1"}]}, "hibernate": True})

    assert events_of(told)[0][1].hibernates


@pytest.mark.parametrize(
    ("identity", "user_name", "actor"),
    [
        ({"invokedBy": "autoscaling.amazonaws.com", "userName": "root"}, "root", "autoscaling.amazonaws.com"),
        ({"invokedBy": "signin.amazonaws.com", "userName": "ana"}, "ana", "ana"),
        (
            {"arn": "arn:aws:sts::111122223333:assumed-role/ops/ben"},
            None,
            "arn:aws:sts::111122223333:assumed-role/ops/ben",
        ),
        ({}, None, ""),
    ],
)
def test_the_actor_is_the_service_or_else_the_person(identity, user_name, actor):
    told = record(userIdentity=identity, resources=["i-1"]) | {"Username": user_name}

    assert events_of(told)[0][1].actor == actor


def test_a_record_without_its_event_still_names_instances():
    told = {"EventName": "StopInstances", "EventTime": AT, "Resources": [{"ResourceName": "i-abc123"}]}

    [(instance_id, event)] = events_of(told)

    assert (instance_id, event.event_id, event.previous_state) == ("i-abc123", "", "")


def test_the_event_itself_fills_what_the_record_leaves_out():
    trail = {"eventID": "e-2", "eventName": "StartInstances", "eventTime": "2026-03-10T08:00:00Z"}

    [(_, event)] = events_of(
        {"CloudTrailEvent": json.dumps({**trail, "requestParameters": {"instanceId": "i-1"}}), "EventTime": None}
    )

    assert (event.event_id, event.name, event.occurred_at) == ("e-2", "StartInstances", AT)


def test_a_record_that_names_no_instance_gives_none():
    assert events_of(record("ConsoleLogin", responseElements={"ConsoleLogin": "Success"})) == []


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"EventName": "StopInstances"}, "EventTime"),
        ({"EventTime": AT}, "EventName"),
        (record() | {"CloudTrailEvent": "{"}, "not JSON"),
        (record() | {"CloudTrailEvent": "[]"}, "not a JSON object"),
        (record(at="yesterday"), "yesterday"),
    ],
)
def test_a_record_that_cannot_be_read_says_why(told, problem):
    with pytest.raises(ValueError, match=problem):
        events_of(told)


@pytest.mark.parametrize(
    "written",
    [
        AT,
        AT.replace(tzinfo=None),
        AT.astimezone(timezone(timedelta(hours=-8))),
        "2026-03-10T08:00:00Z",
        "2026-03-10T08:00:00z",
        "2026-03-10T08:00:00",
        "2026-03-10 08:00:00 GMT",
        "2026-03-10 08:00:00 UTC",
        "2026-03-10T00:00:00-08:00",
        "2026-03-10T13:30:00.000+05:30",
        " 20260310T080000Z ",
        1773129600,
        1773129600.0,
        "1773129600",
    ],
)
def test_an_instant_may_be_written_in_many_ways(written):
    assert parse_instant(written) == AT
    assert parse_instant(written).tzinfo is UTC


@pytest.mark.parametrize(
    "written", ["", "soon", "2026-13-01", None, True, [], 1e300, float("nan"), 1773129600000, "9" * 40]
)
def test_what_is_no_instant_is_refused(written):
    with pytest.raises(ValueError, match="is not an instant"):
        parse_instant(written)


@given(
    st.dictionaries(
        st.sampled_from(
            ["EventId", "EventName", "EventTime", "Resources", "CloudTrailEvent", "Username", "requestParameters"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["instancesSet", "items", "instanceId", "previousState", "responseElements", "name"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ),
    )
)
def test_any_record_is_read_or_refused_with_a_sentence(told):
    with suppress(ValueError):
        assert all(instance_id and event.name for instance_id, event in events_of(told))
