"""The lists as they are kept: what is new, what changed, what is gone, and what could not be told."""

from datetime import UTC, datetime

import pytest

from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import Resource, SourceState
from accounts.selectors.estate import kind_answers
from accounts.selectors.scope import Scope
from accounts.services.estate import refresh_addresses, refresh_buckets, refresh_databases, refresh_disks
from accounts.services.source_status import record_failure, record_outcome
from finops.core.periods import HOUR
from finops.core.upstream.errors import UpstreamError, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from tests.accounts.aws_wire import Raw, Refusal
from tests.factories import AwsAccountFactory, ResourceFactory

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
LATER = NOW + HOUR
MARCH_1 = datetime(2026, 3, 1, 9, tzinfo=UTC)
FRANKFURT, DUBLIN = "eu-central-1", "eu-west-1"
DENIED = Refusal("UnauthorizedOperation", status=403)
HTML = Raw(b"<html><body>Sign in to the hotel's network</body></html>")


@pytest.fixture
def account(db, team):  # noqa: ARG001 (asks for the database)
    return AwsAccountFactory.create(team=team, enabled_regions=[FRANKFURT, DUBLIN])


@pytest.fixture
def disks(wire):
    """Says which disks Frankfurt has; Dublin has none, and nobody has a snapshot."""
    wire.answers("DescribeSnapshots", {"Snapshots": []})
    wire.answers("DescribeVolumes", {"Volumes": []}, region=DUBLIN)
    return lambda *volumes: wire.answers("DescribeVolumes", {"Volumes": list(volumes)}, region=FRANKFURT)


def volume(volume_id="vol-1", **changes):
    return {"VolumeId": volume_id, "State": "available", "Size": 8, "CreateTime": MARCH_1} | changes


def bucket(name, **changes):
    return {"Name": name, "CreationDate": MARCH_1} | changes


def attached(volume_id="vol-1"):
    on = [{"InstanceId": "i-1", "State": "attached", "VolumeId": volume_id}]
    return volume(volume_id, State="in-use", Attachments=on)


def all_of(account):
    return {row.resource_id: row for row in Resource.objects.filter(aws_account=account)}


def test_each_enabled_region_is_asked_once_for_each_kind_and_no_other(wire, aws, account, disks, meter):
    disks(volume())

    outcome = refresh_disks(account=account, aws=aws, now=NOW)

    assert meter.calls == {"DescribeVolumes": 2, "DescribeSnapshots": 2}
    assert {request.region for request in wire.requests} == {FRANKFURT, DUBLIN}
    assert {name: part.rows for name, part in outcome.parts.items()} == {
        f"{kind} in {region}": int((kind, region) == ("EBS volumes", FRANKFURT))
        for kind in ("EBS volumes", "EBS snapshots")
        for region in (FRANKFURT, DUBLIN)
    }


def test_running_it_again_changes_nothing(aws, account, disks):
    disks(volume(), attached("vol-2"))
    refresh_disks(account=account, aws=aws, now=NOW)

    assert refresh_disks(account=account, aws=aws, now=NOW).rows_written == 0


def test_a_disk_that_was_taken_off_says_since_when(aws, account, disks):
    disks(attached())
    refresh_disks(account=account, aws=aws, now=NOW)

    disks(volume())
    refresh_disks(account=account, aws=aws, now=LATER)

    row = all_of(account)["vol-1"]
    assert (row.attached_to, row.state, row.state_since_at) == ("", "available", LATER)
    assert (row.first_seen_at, row.last_seen_at) == (NOW, LATER)
    assert list(Resource.objects.unattached()) == [row]


def test_a_change_of_something_else_leaves_since_when_it_is_so(aws, account, disks):
    disks(volume())
    refresh_disks(account=account, aws=aws, now=NOW)

    disks(volume(Size=16))
    refresh_disks(account=account, aws=aws, now=LATER)

    row = all_of(account)["vol-1"]
    assert (row.size_gib, row.state_since_at) == (16.0, NOW)


def test_what_is_gone_stays_as_history_and_may_come_back(aws, account, disks):
    disks(volume(), volume("vol-2"))
    refresh_disks(account=account, aws=aws, now=NOW)

    disks(volume("vol-2"))
    refresh_disks(account=account, aws=aws, now=LATER)

    assert {key: row.gone_at for key, row in all_of(account).items()} == {"vol-1": LATER, "vol-2": None}
    assert all_of(account)["vol-1"].last_seen_at == NOW

    disks(volume())
    refresh_disks(account=account, aws=aws, now=LATER + HOUR)

    assert {key: row.gone_at for key, row in all_of(account).items()} == {"vol-1": None, "vol-2": LATER + HOUR}


@pytest.mark.parametrize("trouble", [DENIED, HTML], ids=["denied", "html"])
def test_a_region_that_does_not_answer_changes_nothing_and_the_others_are_stored(wire, aws, account, disks, trouble):
    disks(volume())
    refresh_disks(account=account, aws=aws, now=NOW)
    wire.answers("DescribeVolumes", {"Volumes": [volume("vol-2")]}, region=DUBLIN)
    wire.answers("DescribeVolumes", trouble, region=FRANKFURT)

    outcome = refresh_disks(account=account, aws=aws, now=LATER)

    assert list(outcome.failed_parts) == ["EBS volumes in eu-central-1"]
    assert {key: row.gone_at for key, row in all_of(account).items()} == {"vol-1": None, "vol-2": None}


def test_a_list_that_breaks_off_after_a_page_changes_nothing(wire, aws, account, disks):
    disks(volume(), volume("vol-2"))
    refresh_disks(account=account, aws=aws, now=NOW)
    wire.answers("DescribeVolumes", {"Volumes": [volume()], "NextToken": "more"}, HTML, region=FRANKFURT)

    refresh_disks(account=account, aws=aws, now=LATER)

    assert {row.gone_at for row in all_of(account).values()} == {None}


def test_where_nothing_was_told_the_whole_has_failed(wire, aws, account):
    wire.answers("DescribeAddresses", DENIED)

    with pytest.raises(UpstreamRejected) as caught:
        refresh_addresses(account=account, aws=aws, now=NOW)
    assert "ec2:DescribeAddresses" in caught.value.fix


def test_resources_of_a_region_that_is_enabled_no_more_stay_as_last_seen(aws, account, disks):
    ResourceFactory.create(aws_account=account, region="ap-south-1", resource_id="vol-far", last_seen_at=NOW)
    disks()

    outcome = refresh_disks(account=account, aws=aws, now=LATER)

    assert (all_of(account)["vol-far"].gone_at, all_of(account)["vol-far"].last_seen_at) == (None, NOW)
    assert outcome.notes == ["1 EBS volumes in ap-south-1, which was not asked, are shown as last seen."]


def test_an_account_whose_regions_may_not_be_listed_is_asked_at_home_alone(wire, aws, account):
    account.enabled_regions = []
    wire.answers("DescribeRegions", DENIED)
    wire.answers("DescribeAddresses", {"Addresses": []})

    outcome = refresh_addresses(account=account, aws=aws, now=NOW)

    assert [request.region for request in wire.asked("DescribeAddresses")] == ["us-east-1"]
    assert "ec2:DescribeRegions" in outcome.failed_parts["list of regions"].fix


# Buckets ----------------------------------------------------------------------------------------------------


def test_buckets_are_listed_in_one_call_with_their_regions(wire, aws, account, meter):
    told = [bucket("a", BucketRegion=DUBLIN), bucket("b", BucketRegion="xx-mars-1")]
    wire.answers("ListBuckets", {"Buckets": told})

    refresh_buckets(account=account, aws=aws, now=NOW)

    assert {key: row.region for key, row in all_of(account).items()} == {"a": DUBLIN, "b": "xx-mars-1"}
    assert meter.calls == {"ListBuckets": 1}


def test_a_bucket_told_without_its_region_is_asked_about_once(wire, aws, account, meter):
    wire.answers("ListBuckets", {"Buckets": [bucket("a")]})
    wire.answers("GetBucketLocation", Raw(b"<LocationConstraint>EU</LocationConstraint>", content_type="text/xml"))

    refresh_buckets(account=account, aws=aws, now=NOW)
    refresh_buckets(account=account, aws=aws, now=LATER)

    assert all_of(account)["a"].region == DUBLIN
    assert meter.calls == {"ListBuckets": 2, "GetBucketLocation": 1}


def test_a_bucket_whose_region_may_not_be_asked_for_is_there_without_one_until_it_may(wire, aws, account):
    wire.answers("ListBuckets", {"Buckets": [bucket("a")]})
    wire.answers("GetBucketLocation", Refusal("AccessDenied", status=403))
    outcome = refresh_buckets(account=account, aws=aws, now=NOW)

    assert "s3:GetBucketLocation" in outcome.failed_parts["regions of buckets"].fix
    assert all_of(account)["a"].region == ""

    wire.answers("GetBucketLocation", Raw(b"<LocationConstraint>EU</LocationConstraint>", content_type="text/xml"))
    refresh_buckets(account=account, aws=aws, now=LATER)

    (row,) = Resource.objects.filter(aws_account=account)
    assert (row.region, row.first_seen_at, row.gone_at) == (DUBLIN, NOW, None)


# What a page may say of it ----------------------------------------------------------------------------------


def answers_after(account, alice, refresh, aws, *, now=NOW):
    """What is said of each kind after a refresh, kept as the pipeline keeps it."""
    meter, due = CallMeter(), now + HOUR
    try:
        outcome = refresh(account=account, aws=aws, now=now)
    except UpstreamError as error:
        source = "aws_rds" if refresh is refresh_databases else "aws_eip"
        record_failure(account=account, source=source, error=error, meter=meter, now=now, next_due_at=due)
    else:
        record_outcome(account=account, outcome=outcome, meter=meter, now=now, next_due_at=due)
    return {answer.kind: answer for answer in kind_answers(Scope(alice, (account.team,)))}


def test_none_found_and_not_allowed_to_look_are_different_answers(wire, aws, account, alice):
    wire.answers("DescribeDBInstances", {"DBInstances": []})
    wire.answers("DescribeDBClusters", Refusal("AccessDenied", status=403))

    told = answers_after(account, alice, refresh_databases, aws)

    instances, clusters = told[ResourceKind.RDS_INSTANCE], told[ResourceKind.RDS_CLUSTER]
    assert (instances.state, instances.is_whole, instances.error) == (SourceState.AVAILABLE, True, "")
    assert (clusters.state, clusters.failed_regions) == (SourceState.DENIED, (FRANKFURT, DUBLIN))
    assert "rds:DescribeDBClusters" in clusters.fix
    assert told[ResourceKind.S3_BUCKET].state is SourceState.NEVER


def test_a_region_that_was_not_told_is_named(wire, aws, account, alice):
    wire.answers("DescribeAddresses", {"Addresses": []})
    wire.answers("DescribeAddresses", DENIED, region=DUBLIN)

    told = answers_after(account, alice, refresh_addresses, aws)[ResourceKind.ELASTIC_IP]

    assert (told.state, told.failed_regions, told.is_whole) == (SourceState.DEGRADED, (DUBLIN,), False)


def test_an_earlier_success_does_not_hide_a_refusal(wire, aws, account, alice):
    wire.answers("DescribeAddresses", {"Addresses": []})
    answers_after(account, alice, refresh_addresses, aws)
    wire.answers("DescribeAddresses", DENIED)

    told = answers_after(account, alice, refresh_addresses, aws, now=LATER)[ResourceKind.ELASTIC_IP]

    assert (told.state, told.last_success_at) == (SourceState.DENIED, NOW)
    assert "ec2:DescribeAddresses" in told.fix


def test_nobody_is_told_of_another_teams_resources(account, alice, charlie):
    row = ResourceFactory.create(aws_account=account)

    assert list(Resource.objects.visible_to(alice)) == [row]
    assert not Resource.objects.visible_to(charlie).exists()
    assert kind_answers(Scope(charlie, ())) == []


def test_answers_of_all_kinds_cost_two_queries(account, alice, django_assert_num_queries):
    for number in range(3):
        AwsAccountFactory.create(team=account.team, name=f"another {number}")

    with django_assert_num_queries(2):
        answers = kind_answers(Scope(alice, (account.team,)))
    assert len(answers) == 4 * len(ResourceKind)
