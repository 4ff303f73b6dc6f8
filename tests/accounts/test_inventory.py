from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.clients.aws.inventory import describe_instances, enabled_regions
from accounts.models import Instance, InstanceEvent, SourceStatus, TouchedDay
from accounts.selectors.runtime import explain
from accounts.services.inventory import refresh_inventory
from finops.core.periods import HOUR, Period
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamMisunderstood, UpstreamUnavailable
from tests.accounts.aws_wire import Raw, Refusal, recorded
from tests.factories import AwsAccountFactory, InstanceEventFactory, InstanceFactory, SourceStatusFactory

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
MARCH_1 = datetime(2026, 3, 1, 9, tzinfo=UTC)
FRANKFURT, DUBLIN = "eu-central-1", "eu-west-1"
HTML = Raw(b"<html><body>Sign in to the hotel's network</body></html>")


def described(instance_id="i-1", *, state="running", launched_at=MARCH_1, **changes):
    return {
        "InstanceId": instance_id,
        "InstanceType": "m5.large",
        "State": {"Code": 16, "Name": state},
        "LaunchTime": launched_at,
        "StateTransitionReason": "",
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "Placement": {"AvailabilityZone": "eu-central-1a", "Tenancy": "default"},
        "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "team", "Value": "shop"}],
        "NetworkInterfaces": [
            {"Attachment": {"AttachTime": MARCH_1 + timedelta(days=3), "DeviceIndex": 1}},
            {"Attachment": {"AttachTime": MARCH_1, "DeviceIndex": 0}},
        ],
    } | changes


def page(*instances, token=""):
    answer = {"Reservations": [{"Instances": [instance]} for instance in instances]}
    return answer | ({"NextToken": token} if token else {})


@pytest.fixture
def regions(wire):
    """The account has Frankfurt and Dublin; nothing runs in Dublin."""
    wire.answers("DescribeRegions", {"Regions": [{"RegionName": DUBLIN}, {"RegionName": FRANKFURT}]})
    wire.answers("DescribeInstances", page(), region=DUBLIN)


@pytest.fixture
def account(db):  # noqa: ARG001 (asks for the database)
    return AwsAccountFactory.create(enabled_regions=[])


def march(day, hour=0, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def touched(account):
    return dict(TouchedDay.objects.filter(aws_account=account).values_list("day", "version"))


def days(first, last):
    return {date(2026, 3, first) + timedelta(days=n) for n in range(last - first + 1)}


# The client -------------------------------------------------------------------------------------------------


def test_every_recorded_answer_of_ec2_is_read_whole(wire, aws, recordings):
    paths = sorted(recordings.glob("c7n/*/ec2.DescribeInstances_*.json"))
    assert len(paths) > 20
    for path in paths:
        answer = recorded(path)
        wire.answers("DescribeInstances", answer)

        instances = describe_instances(aws, region="us-east-1")

        told = [instance for r in answer["Reservations"] for instance in r["Instances"]]
        assert [i.instance_id for i in instances] == [i["InstanceId"] for i in told]
        for instance, original in zip(instances, told, strict=True):
            assert instance.state == original["State"]["Name"]
            assert instance.launched_at == original["LaunchTime"]
            assert instance.state_transition_reason == original["StateTransitionReason"]
            assert instance.usage_operation == original.get("UsageOperation", "")
            assert instance.tags == {tag["Key"]: tag["Value"] for tag in original.get("Tags", [])}
            if original["NetworkInterfaces"]:
                assert instance.first_launched_at <= instance.launched_at + timedelta(seconds=5)
            else:
                assert instance.first_launched_at is None


def test_an_instance_is_told_in_our_words(wire, aws):
    odd = described(
        state="stopped",
        StateTransitionReason="User initiated (2026-03-10 10:00:00 GMT)",
        StateReason={"Code": "Client.UserInitiatedShutdown", "Message": "Client.UserInitiatedShutdown: …"},
        InstanceLifecycle="spot",
        Placement={"AvailabilityZone": "eu-central-1b", "Tenancy": "dedicated"},
    )
    wire.answers("DescribeInstances", page(odd, described("i-2", Tags=[], NetworkInterfaces=[])))

    first, second = describe_instances(aws, region=FRANKFURT)

    assert (first.name, first.tags) == ("web", {"Name": "web", "team": "shop"})
    assert (first.launched_at, first.first_launched_at) == (MARCH_1, MARCH_1)
    assert (first.lifecycle, first.tenancy, first.availability_zone) == ("spot", "dedicated", "eu-central-1b")
    assert first.state_reason_code == "Client.UserInitiatedShutdown"
    assert (second.name, second.tags, second.first_launched_at, second.lifecycle) == ("", {}, None, "on-demand")


def test_instances_are_asked_for_page_by_page_a_thousand_at_a_time(wire, aws, meter):
    wire.answers("DescribeInstances", page(described("i-1"), token="next"), page(described("i-2")))

    instances = describe_instances(aws, region=FRANKFURT)

    assert [i.instance_id for i in instances] == ["i-1", "i-2"]
    assert [(r.params["MaxResults"], r.params.get("NextToken")) for r in wire.requests] == [
        ("1000", None),
        ("1000", "next"),
    ]
    assert meter.calls == {"DescribeInstances": 2}


def test_a_page_that_leads_to_itself_is_not_followed_for_ever(wire, aws):
    wire.answers("DescribeInstances", page(described("i-1"), token="again"))

    with pytest.raises(UpstreamMisunderstood):
        describe_instances(aws, region=FRANKFURT)
    assert len(wire.requests) == 2


def test_an_instance_without_its_id_is_misunderstood(wire, aws):
    wire.answers("DescribeInstances", page({"InstanceType": "m5.large"}))

    with pytest.raises(UpstreamMisunderstood):
        describe_instances(aws, region=FRANKFURT)


def test_regions_that_are_not_opted_in_are_left_out(wire, aws):
    told = [("eu-west-1", "opt-in-not-required"), ("af-south-1", "not-opted-in"), ("ap-east-1", "opted-in")]
    wire.answers("DescribeRegions", {"Regions": [{"RegionName": n, "OptInStatus": s} for n, s in told]})

    assert enabled_regions(aws) == ["ap-east-1", "eu-west-1"]


def test_an_account_without_any_region_is_misunderstood(wire, aws):
    wire.answers("DescribeRegions", {"Regions": []})

    with pytest.raises(UpstreamMisunderstood):
        enabled_regions(aws)


# The refresh ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("regions")
def test_a_refresh_stores_what_every_region_tells(wire, aws, account):
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)
    steps = []

    outcome = refresh_inventory(account=account, aws=aws, now=NOW, progress=lambda **told: steps.append(told))

    instance = Instance.objects.get(aws_account=account)
    assert (instance.region, instance.instance_id, instance.name, instance.state) == (
        FRANKFURT,
        "i-1",
        "web",
        "running",
    )
    assert (instance.first_seen_at, instance.last_seen_at, instance.gone_at) == (NOW, NOW, None)
    assert (instance.launched_at, instance.tags["team"]) == (MARCH_1, "shop")
    assert (outcome.rows_read, outcome.rows_written) == (1, 1)
    assert {name: part.rows for name, part in outcome.parts.items()} == {FRANKFURT: 1, DUBLIN: 0}
    assert steps[-1]["done"] == steps[-1]["total"] == 2
    account.refresh_from_db()
    assert account.enabled_regions == [FRANKFURT, DUBLIN]


@pytest.mark.usefixtures("regions")
def test_a_new_instance_touches_the_days_from_its_first_launch_on(wire, aws, account):
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)

    refresh_inventory(account=account, aws=aws, now=NOW)

    assert set(touched(account)) == days(1, 18)


@pytest.mark.usefixtures("regions")
def test_an_old_instance_touches_no_more_days_than_the_ledger_reaches(wire, aws, account, settings):
    settings.HISTORY_DAYS = 2
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)

    refresh_inventory(account=account, aws=aws, now=NOW)

    assert set(touched(account)) == days(16, 18)


@pytest.mark.usefixtures("regions")
def test_a_second_refresh_at_the_same_moment_changes_nothing(wire, aws, account):
    wire.answers("DescribeInstances", page(described(), described("i-2", state="stopped")), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW)
    before = (list(Instance.objects.values()), touched(account))

    outcome = refresh_inventory(account=account, aws=aws, now=NOW)

    assert (list(Instance.objects.values()), touched(account)) == before
    assert outcome.rows_written == 0


@pytest.mark.usefixtures("regions")
def test_a_running_instance_touches_the_days_since_it_was_seen_last(wire, aws, account):
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW - timedelta(days=1))
    TouchedDay.objects.all().delete()

    outcome = refresh_inventory(account=account, aws=aws, now=NOW)

    assert set(touched(account)) == days(17, 18)
    assert outcome.rows_written == 0
    assert Instance.objects.get().last_seen_at == NOW


@pytest.mark.usefixtures("regions")
def test_a_stopped_instance_that_stays_stopped_touches_each_new_day_once(wire, aws, account):
    wire.answers("DescribeInstances", page(described(state="stopped")), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW - timedelta(days=2))
    TouchedDay.objects.all().delete()

    refresh_inventory(account=account, aws=aws, now=NOW)
    refresh_inventory(account=account, aws=aws, now=NOW + timedelta(hours=1))

    # The 16th had its mark when it was seen on that day.
    assert touched(account) == dict.fromkeys(days(17, 18), 1)


@pytest.mark.usefixtures("regions")
def test_an_instance_that_has_ended_touches_no_new_day(wire, aws, account):
    wire.answers("DescribeInstances", page(described(state="terminated")), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW - timedelta(days=1))
    TouchedDay.objects.all().delete()

    refresh_inventory(account=account, aws=aws, now=NOW)

    assert not touched(account)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "stopped"},
        {"launched_at": NOW - timedelta(hours=1)},
        {"InstanceType": "m5.xlarge"},
        {"StateTransitionReason": "User initiated (2026-03-16 10:00:00 GMT)"},
    ],
)
@pytest.mark.usefixtures("regions")
def test_a_change_touches_the_days_since_it_was_seen_otherwise(wire, aws, account, change):
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW - timedelta(days=3))
    TouchedDay.objects.all().delete()

    wire.answers("DescribeInstances", page(described(**change)), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW)

    assert set(touched(account)) == days(15, 18)


@pytest.mark.usefixtures("regions")
def test_a_changed_tag_is_stored_and_touches_no_day_but_the_new_one(wire, aws, account):
    wire.answers("DescribeInstances", page(described(state="stopped")), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW - timedelta(days=1))
    TouchedDay.objects.all().delete()

    retagged = described(state="stopped", Tags=[{"Key": "Name", "Value": "new name"}])
    wire.answers("DescribeInstances", page(retagged), region=FRANKFURT)
    outcome = refresh_inventory(account=account, aws=aws, now=NOW)

    assert Instance.objects.get().name == "new name"
    assert outcome.rows_written == 1
    assert set(touched(account)) == days(18, 18)


@pytest.mark.usefixtures("regions")
def test_an_instance_that_a_complete_answer_no_longer_has_is_gone_and_stays_as_history(wire, aws, account):
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW - timedelta(hours=1))
    TouchedDay.objects.all().delete()

    wire.answers("DescribeInstances", page(), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW)

    instance = Instance.objects.get()
    assert (instance.gone_at, instance.last_seen_at) == (NOW, NOW - timedelta(hours=1))
    assert set(touched(account)) == days(18, 18)


@pytest.mark.usefixtures("regions")
def test_an_instance_that_comes_back_is_no_longer_gone(wire, aws, account):
    InstanceFactory.create(
        aws_account=account, instance_id="i-1", gone_at=NOW - timedelta(days=1), last_seen_at=MARCH_1
    )
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)

    refresh_inventory(account=account, aws=aws, now=NOW)

    instance = Instance.objects.get()
    assert (instance.gone_at, instance.last_seen_at) == (None, NOW)
    assert set(touched(account)) == days(1, 18)


@pytest.mark.usefixtures("regions")
def test_a_terminated_instance_keeps_what_ec2_no_longer_tells(wire, aws, account):
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW - timedelta(hours=1))

    over = described(state="terminated", NetworkInterfaces=[], Tags=[])
    wire.answers("DescribeInstances", page(over), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW)

    instance = Instance.objects.get()
    assert (instance.state, instance.gone_at) == ("terminated", None)
    assert (instance.first_launched_at, instance.tags["team"], instance.name) == (MARCH_1, "shop", "web")


SHUT_DOWN_INSIDE = {
    "state": "stopped",
    "launched_at": march(10, 8),
    "StateTransitionReason": "Client.InstanceInitiatedShutdown (2026-03-14 20:00:00 GMT)",
    "StateReason": {"Code": "Client.InstanceInitiatedShutdown", "Message": "…"},
}


def restarted(wire, aws, account):
    """Seen shut down from inside on the 15th, and running again since the 17th."""
    wire.answers("DescribeInstances", page(described(**SHUT_DOWN_INSIDE)), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=march(15))
    wire.answers("DescribeInstances", page(described(launched_at=march(17, 8))), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=march(17, 9))


@pytest.mark.usefixtures("regions")
def test_a_start_and_a_stop_that_ec2_forgets_are_kept(wire, aws, account):
    restarted(wire, aws, account)
    refresh_inventory(account=account, aws=aws, now=march(17, 9))

    kept = InstanceEvent.objects.values_list("instance_id", "name", "occurred_at", "actor", "source", "retrieved_at")
    assert list(kept) == [
        ("i-1", "InventoryStart", march(10, 8), "", "aws_ec2", march(17, 9)),
        ("i-1", "InventoryStop", march(14, 20), "Client.InstanceInitiatedShutdown", "aws_ec2", march(17, 9)),
    ]


@pytest.mark.usefixtures("regions")
def test_the_runtime_before_a_restart_is_known_as_exactly_as_before_it(wire, aws, account, alice):
    account.team = alice.memberships.get().team
    account.save()
    restarted(wire, aws, account)
    period = Period(march(10), march(17))

    runtime, _ = explain(user=alice, instance=Instance.objects.get(), period=period, now=march(17, 9))

    # 10 March 08:00 to 14 March 20:00: 4 days and 12 hours. Before the 10th nobody knows.
    assert [(i.start, i.end) for i in runtime.intervals][-1] == (march(10, 8), march(14, 20))
    assert runtime.lower_hours == 108
    assert "Client.InstanceInitiatedShutdown" in runtime.intervals[-1].because


@pytest.mark.usefixtures("regions")
def test_what_cloudtrail_told_is_not_kept_twice(wire, aws, account):
    for name, at in (("StartInstances", march(10, 7, 59)), ("StopInstances", march(14, 20, 1))):
        InstanceEventFactory.create(aws_account=account, instance_id="i-1", name=name, occurred_at=at)

    restarted(wire, aws, account)

    assert not InstanceEvent.objects.filter(source="aws_ec2").exists()


@pytest.mark.usefixtures("regions")
def test_cloudtrail_is_asked_at_once_where_an_instance_was_started_or_stopped(wire, aws, account):
    status = SourceStatusFactory.create(aws_account=account, source="aws_cloudtrail", next_due_at=NOW + HOUR)
    other = SourceStatusFactory.create(source="aws_cloudtrail", next_due_at=NOW + HOUR)
    InstanceFactory.create(aws_account=account, instance_id="i-1", launched_at=MARCH_1, state="running")
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW)
    status.refresh_from_db()
    assert status.next_due_at == NOW + HOUR

    wire.answers("DescribeInstances", page(described(state="stopped")), region=FRANKFURT)
    refresh_inventory(account=account, aws=aws, now=NOW + HOUR / 2)

    status.refresh_from_db()
    other.refresh_from_db()
    assert (status.next_due_at, other.next_due_at) == (NOW + HOUR / 2, NOW + HOUR)


@pytest.mark.parametrize("state", ["denied", "throttled", "login_needed"])
@pytest.mark.usefixtures("regions")
def test_a_cloudtrail_that_does_not_answer_is_not_asked_sooner(wire, aws, account, state):
    SourceStatusFactory.create(aws_account=account, source="aws_cloudtrail", state=state, next_due_at=NOW + HOUR)
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)

    refresh_inventory(account=account, aws=aws, now=NOW)

    assert SourceStatus.objects.get().next_due_at == NOW + HOUR


@pytest.mark.parametrize("answer", [Refusal("UnauthorizedOperation"), HTML, Raw(b"<a/>", content_type="text/xml")])
@pytest.mark.usefixtures("regions")
def test_a_region_that_failed_marks_nothing_gone_and_the_others_go_on(wire, aws, account, answer):
    InstanceFactory.create(aws_account=account, region=DUBLIN, instance_id="i-old")
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)
    wire.answers("DescribeInstances", answer, region=DUBLIN)

    outcome = refresh_inventory(account=account, aws=aws, now=NOW)

    assert Instance.objects.get(instance_id="i-old").gone_at is None
    assert Instance.objects.filter(region=FRANKFURT).exists()
    assert set(outcome.failed_parts) == {DUBLIN}


@pytest.mark.usefixtures("regions")
def test_a_region_that_failed_on_its_second_page_changes_nothing(wire, aws, account):
    InstanceFactory.create(aws_account=account, instance_id="i-old", state="running")
    answers = (page(described(), token="next"), Refusal("InternalError", status=500))
    wire.answers("DescribeInstances", *answers, region=FRANKFURT)

    outcome = refresh_inventory(account=account, aws=aws, now=NOW)

    assert list(Instance.objects.values_list("instance_id", "gone_at")) == [("i-old", None)]
    assert outcome.failed_parts[FRANKFURT].reason is Reason.UNAVAILABLE


def test_an_account_of_which_no_region_answers_raises_and_changes_nothing(wire, aws, account):
    InstanceFactory.create(aws_account=account)
    wire.answers("DescribeRegions", {"Regions": [{"RegionName": FRANKFURT}]})
    wire.answers("DescribeInstances", HTML)
    before = list(Instance.objects.values())

    with pytest.raises(UpstreamMisunderstood):
        refresh_inventory(account=account, aws=aws, now=NOW)

    assert list(Instance.objects.values()) == before
    assert not touched(account)


def test_where_regions_may_not_be_listed_those_known_are_asked(wire, aws, account):
    account.enabled_regions = [FRANKFURT]
    account.save()
    wire.answers("DescribeRegions", Refusal("UnauthorizedOperation"))
    wire.answers("DescribeInstances", page(described()))

    outcome = refresh_inventory(account=account, aws=aws, now=NOW)

    assert Instance.objects.count() == 1
    assert outcome.failed_parts["list of regions"].reason is Reason.DENIED


def test_where_regions_may_not_be_listed_and_none_is_known_it_says_so(wire, aws, account):
    wire.answers("DescribeRegions", Refusal("UnauthorizedOperation"))

    with pytest.raises(UpstreamError) as caught:
        refresh_inventory(account=account, aws=aws, now=NOW)

    assert "ec2:DescribeRegions" in caught.value.fix


@pytest.mark.usefixtures("regions")
def test_a_refresh_of_some_regions_leaves_the_others_as_they_were(wire, aws, account):
    InstanceFactory.create(aws_account=account, instance_id="i-dublin", region=DUBLIN, last_seen_at=MARCH_1)
    wire.answers("DescribeInstances", page(described("i-new")), region=FRANKFURT)

    outcome = refresh_inventory(account=account, aws=aws, now=NOW, only_regions={FRANKFURT, "us-west-2"})

    left = Instance.objects.get(instance_id="i-dublin")
    assert (left.gone_at, left.last_seen_at) == (None, MARCH_1)
    assert Instance.objects.filter(instance_id="i-new").exists()
    assert list(outcome.parts) == [FRANKFURT]
    assert "Not enabled in this account, so not asked: us-west-2." in outcome.notes
    assert account.enabled_regions == [FRANKFURT, DUBLIN]  # what is enabled is still told whole


@pytest.mark.usefixtures("regions")
def test_instances_of_a_region_that_is_enabled_no_more_are_neither_there_nor_gone(wire, aws, account):
    InstanceFactory.create(aws_account=account, region="me-south-1", last_seen_at=MARCH_1)
    wire.answers("DescribeInstances", page(), region=FRANKFURT)

    outcome = refresh_inventory(account=account, aws=aws, now=NOW)

    instance = Instance.objects.get()
    assert (instance.gone_at, instance.last_seen_at) == (None, MARCH_1)
    assert "1 instances in me-south-1" in outcome.notes[0]


@pytest.mark.usefixtures("regions")
def test_another_account_is_left_alone(wire, aws, account):
    other = InstanceFactory.create(instance_id="i-1", last_seen_at=MARCH_1)
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)

    refresh_inventory(account=account, aws=aws, now=NOW)

    other.refresh_from_db()
    assert (other.last_seen_at, other.gone_at) == (MARCH_1, None)
    assert not touched(other.aws_account)


@pytest.mark.usefixtures("regions")
def test_a_watcher_who_lost_the_run_ends_it_before_anything_is_written(wire, aws, account):
    wire.answers("DescribeInstances", page(described()), region=FRANKFURT)

    def lost(**_):
        raise RuntimeError("somebody else has it")

    with pytest.raises(RuntimeError):
        refresh_inventory(account=account, aws=aws, now=NOW, progress=lost)
    assert not Instance.objects.exists()


@pytest.mark.usefixtures("regions")
def test_an_answer_that_times_out_is_unavailable(wire, aws, account):
    wire.answers("DescribeRegions", Refusal("RequestTimeout", status=503))

    with pytest.raises(UpstreamUnavailable):
        refresh_inventory(account=account, aws=aws, now=NOW)
