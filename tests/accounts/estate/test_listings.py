"""The clients: what AWS recorded, and what it never should say."""

from datetime import UTC, datetime

import pytest

from accounts.clients.aws.estate import (
    DESCRIBE_ADDRESSES,
    DESCRIBE_DB_CLUSTERS,
    DESCRIBE_DB_INSTANCES,
    DESCRIBE_SNAPSHOTS,
    DESCRIBE_VOLUMES,
    GET_BUCKET_LOCATION,
    LIST_BUCKETS,
    LIST_FUNCTIONS,
    addresses,
    bucket_region,
    buckets,
    db_clusters,
    db_instances,
    functions,
    snapshots,
    volumes,
)
from accounts.clients.aws.estate.description import kept
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from tests.accounts.aws_wire import Raw, Refusal, recorded

FRANKFURT = "eu-central-1"
MARCH_1 = datetime(2026, 3, 1, 9, tzinfo=UTC)
HTML = Raw(b"<html><body>Sign in to the hotel's network</body></html>")


def of_account(aws, *, region):  # noqa: ARG001 (as the others)
    return buckets(aws)


ASKS = {
    DESCRIBE_DB_INSTANCES: db_instances,
    DESCRIBE_DB_CLUSTERS: db_clusters,
    LIST_BUCKETS: of_account,
    LIST_FUNCTIONS: functions,
    DESCRIBE_VOLUMES: volumes,
    DESCRIBE_SNAPSHOTS: snapshots,
    DESCRIBE_ADDRESSES: addresses,
}
each_operation = pytest.mark.parametrize("operation", ASKS, ids=lambda operation: operation.name)


def volume(volume_id="vol-1", **changes):
    return {"VolumeId": volume_id, "State": "available", "Size": 8, "CreateTime": MARCH_1} | changes


@pytest.mark.parametrize(
    ("operation", "identifier"),
    [
        (DESCRIBE_DB_INSTANCES, "DBInstanceIdentifier"),
        (LIST_BUCKETS, "Name"),
        (LIST_FUNCTIONS, "FunctionName"),
        (DESCRIBE_VOLUMES, "VolumeId"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_every_recorded_answer_is_read_whole(wire, aws, recordings, operation, identifier):
    paths = sorted(recordings.glob(f"c7n/*/{operation.service}.{operation.name}_*.json"))
    assert len(paths) > 1
    for path in paths:
        answer = recorded(path)
        # A recording without the pages that followed it.
        for token in ("Marker", "NextMarker", "NextToken"):
            answer.pop(token, None)
        wire.answers(operation.name, answer)

        found = ASKS[operation](aws, region="us-east-1")

        told = answer[operation.payload]
        assert [each.resource_id for each in found] == [item[identifier] for item in told]
        for each, item in zip(found, told, strict=True):
            assert each.state == item.get("State", item.get("DBInstanceStatus", ""))
            assert each.tags == {tag["Key"]: tag["Value"] for tag in item.get("Tags", item.get("TagList", []))}
            assert each.raw


@each_operation
def test_an_answer_without_its_content_is_misunderstood_and_never_means_none(wire, aws, operation):
    wire.answers(operation.name, HTML)

    with pytest.raises(UpstreamMisunderstood):
        ASKS[operation](aws, region=FRANKFURT)


@each_operation
def test_none_is_an_answer(wire, aws, operation):
    wire.answers(operation.name, {operation.payload: []})

    assert ASKS[operation](aws, region=FRANKFURT) == []


@each_operation
def test_a_refusal_names_the_action_that_a_policy_has_to_allow(wire, aws, operation):
    wire.answers(operation.name, Refusal("AccessDenied", status=403))

    with pytest.raises(UpstreamRejected) as caught:
        ASKS[operation](aws, region=FRANKFURT)

    action = "s3:ListAllMyBuckets" if operation is LIST_BUCKETS else f"{operation.service}:{operation.name}"
    assert caught.value.reason is Reason.DENIED
    assert caught.value.fix.startswith(f"Allow the action {action} in its IAM policy")


@pytest.mark.parametrize(
    ("operation", "pages", "asked"),
    [
        (
            DESCRIBE_VOLUMES,
            [{"Volumes": [volume()], "NextToken": "more"}, {"Volumes": [volume("vol-2")]}],
            [("MaxResults", "1000"), ("NextToken", "more")],
        ),
        (
            LIST_FUNCTIONS,
            [
                {"Functions": [{"FunctionName": "a", "FunctionArn": "arn:a"}], "NextMarker": "more"},
                {"Functions": [{"FunctionName": "b", "FunctionArn": "arn:b"}]},
            ],
            [("MaxItems", "50"), ("Marker", "more")],
        ),
        (
            LIST_BUCKETS,
            [
                {"Buckets": [{"Name": "a", "CreationDate": MARCH_1}], "ContinuationToken": "more"},
                {"Buckets": [{"Name": "b", "CreationDate": MARCH_1}]},
            ],
            [("max-buckets", "1000"), ("continuation-token", "more")],
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_pages_are_followed_to_the_last(wire, aws, operation, pages, asked):
    wire.answers(operation.name, *pages)

    assert len(ASKS[operation](aws, region=FRANKFURT)) == 2

    sent = [request.params for request in wire.asked(operation.name)]
    assert (sent[0][asked[0][0]], sent[1][asked[1][0]]) == (asked[0][1], asked[1][1])
    assert asked[1][0] not in sent[0]


def test_a_disk_is_told_with_what_it_hangs_on(wire, aws):
    on = [
        {"InstanceId": "i-old", "State": "detached", "VolumeId": "vol-1"},
        {"InstanceId": "i-1", "State": "attached", "Device": "/dev/sda1", "AttachTime": MARCH_1, "VolumeId": "vol-1"},
    ]
    used = volume(State="in-use", VolumeType="gp3", Attachments=on, Tags=[{"Key": "Name", "Value": "books"}])
    wire.answers("DescribeVolumes", {"Volumes": [used, volume("vol-2", State="on-holiday")]})

    first, second = volumes(aws, region=FRANKFURT)

    assert (first.name, first.attached_to, first.resource_class, first.size_gib) == ("books", "i-1", "gp3", 8.0)
    assert first.facts["attached_at"] == "2026-03-01T09:00:00+00:00"
    # A state that AWS invents tomorrow is passed on as it is.
    assert (second.name, second.attached_to, second.state) == ("vol-2", "", "on-holiday")


def test_storage_that_grows_by_itself_has_no_size(wire, aws):
    database = {"DBInstanceIdentifier": "a", "DBInstanceClass": "db.r6g.large", "DBInstanceStatus": "available"}
    told = [database | {"Engine": "aurora-mysql", "AllocatedStorage": 1}, database | {"AllocatedStorage": 100}]
    wire.answers("DescribeDBInstances", {"DBInstances": told})

    aurora, plain = db_instances(aws, region=FRANKFURT)

    assert (aurora.size_gib, plain.size_gib) == (None, 100.0)


def test_values_of_a_functions_environment_are_not_kept(wire, aws):
    told = {"FunctionName": "a", "FunctionArn": "arn:a", "Environment": {"Variables": {"PASSWORD": "hunter2"}}}
    wire.answers("ListFunctions", {"Functions": [told]})

    (function,) = functions(aws, region=FRANKFURT)

    assert function.raw["Environment"] == {"Variables": {"PASSWORD": "(not kept)"}}
    assert "hunter2" not in repr(function)


@pytest.mark.parametrize(
    ("body", "region"),
    [
        (b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>', "us-east-1"),
        (b"<LocationConstraint>EU</LocationConstraint>", "eu-west-1"),
        (b"<LocationConstraint>sa-east-1</LocationConstraint>", "sa-east-1"),
    ],
)
def test_the_region_of_a_bucket_has_its_name_of_today(wire, aws, body, region):
    wire.answers(GET_BUCKET_LOCATION.name, Raw(body, content_type="application/xml"))

    assert bucket_region(aws, bucket="books") == region


def test_a_region_that_is_a_page_of_html_is_misunderstood(wire, aws):
    wire.answers(GET_BUCKET_LOCATION.name, HTML)

    with pytest.raises(UpstreamMisunderstood):
        bucket_region(aws, bucket="books")


def test_of_a_very_long_answer_the_longest_parts_are_left_out_and_named():
    told = {"Name": "a", "Policy": "x" * 15_000, "Description": "y" * 9_000, "At": MARCH_1}

    assert kept(told) == {
        "Name": "a",
        "Description": "y" * 9_000,
        "At": "2026-03-01T09:00:00+00:00",
        "(left out, for they are long)": ["Policy"],
    }
