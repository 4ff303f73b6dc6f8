import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.clients.aws.events import EVENT_NAMES, lookup_events
from accounts.models import EventWatermark, Instance, InstanceEvent, Pace, TouchedDay
from accounts.services.events import refresh_events
from finops.core.periods import Period
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamMisunderstood, UpstreamRejected
from tests.accounts.aws_wire import Raw, Refusal
from tests.factories import AwsAccountFactory, InstanceEventFactory, InstanceFactory

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), NOW)
FRANKFURT, DUBLIN = "eu-central-1", "eu-west-1"
AT_ONCE = timedelta(0)
NONE = {"Events": []}


def record(name, *instance_ids, at, event_id="", previous="", **trail):
    event_id = event_id or f"{name}-{at:%d%H%M%S}-{'-'.join(instance_ids)}"
    items = [
        {"instanceId": instance_id} | ({"previousState": {"name": previous}} if previous else {})
        for instance_id in instance_ids
    ]
    told = {
        "eventName": name,
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventID": event_id,
        "responseElements": {"instancesSet": {"items": items}},
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
    } | trail
    return {"EventId": event_id, "EventName": name, "EventTime": at, "CloudTrailEvent": json.dumps(told)}


def by_name(*records):
    """Answers a lookup with those of `records` that it asks for, newest first."""

    def answer(request):
        (wanted,) = request.params["LookupAttributes"]
        start, end = request.params["StartTime"], request.params["EndTime"]
        found = [r for r in records if r["EventName"] == wanted["AttributeValue"]]
        found = [r for r in found if start <= r["EventTime"].timestamp() <= end]
        return {"Events": sorted(found, key=lambda r: r["EventTime"], reverse=True)}

    return answer


def march(day, hour=8, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def account(db):  # noqa: ARG001 (asks for the database)
    return AwsAccountFactory.create(enabled_regions=[FRANKFURT])


def refresh(account, aws, *, period=MARCH, now=NOW, interval=AT_ONCE, **more):
    return refresh_events(account=account, aws=aws, period=period, now=now, interval=interval, **more)


def stored(account):
    return list(
        InstanceEvent.objects.filter(aws_account=account).values_list("instance_id", "name", "occurred_at__day")
    )


def touched(account):
    return {day.day for day in TouchedDay.objects.filter(aws_account=account).values_list("day", flat=True)}


def spans(first, last):
    return set(range(first, last + 1))


# The client -------------------------------------------------------------------------------------------------


def test_events_are_looked_up_by_name_page_by_page_and_paced(wire, aws):
    start, stop = record("StartInstances", "i-1", at=march(2)), record("StartInstances", "i-2", at=march(3))
    wire.answers("LookupEvents", {"Events": [stop], "NextToken": "more"}, {"Events": [start]})
    turns = []

    pages = list(
        lookup_events(aws, region=FRANKFURT, name="StartInstances", period=MARCH, pace=lambda: turns.append(1))
    )

    assert [instance_id for page in pages for instance_id, _ in page.events] == ["i-2", "i-1"]
    assert [page.is_last for page in pages] == [False, True]
    assert len(turns) == 2
    first, second = wire.requests
    assert first.params["LookupAttributes"] == [{"AttributeKey": "EventName", "AttributeValue": "StartInstances"}]
    assert (first.params["StartTime"], first.params["EndTime"]) == (MARCH.start.timestamp(), MARCH.end.timestamp())
    assert second.params == first.params | {"NextToken": "more"}


def test_awss_own_example_of_an_answer_is_read(wire, aws, recordings):
    text = (recordings / "awscli_doc_examples" / "cloudtrail.lookup-events.rst").read_text()
    example = json.loads(text[text.index("{") :])
    assert re.search(r"ConsoleLogin", str(example))
    body = example | {"Events": [event | {"EventTime": 1637257262} for event in example["Events"]]}
    wire.answers("LookupEvents", Raw(json.dumps(body).encode(), content_type="application/x-amz-json-1.1"))

    (page,) = lookup_events(aws, region=FRANKFURT, name="ConsoleLogin", period=MARCH)

    assert (page.events, page.refused) == ([], 0)  # it names no instance


def test_a_recorded_launch_is_read(wire, aws, recordings):
    trail = json.loads((recordings / "c7n" / "cwe" / "event-cloud-trail-run-instances.json").read_text())
    told = {"EventId": trail["eventID"], "EventName": "RunInstances", "EventTime": march(2)}
    wire.answers("LookupEvents", {"Events": [told | {"CloudTrailEvent": json.dumps(trail)}]})

    (page,) = lookup_events(aws, region=FRANKFURT, name="RunInstances", period=MARCH)

    launched = [item["instanceId"] for item in trail["responseElements"]["instancesSet"]["items"]]
    assert [instance_id for instance_id, _ in page.events] == launched
    assert page.events[0][1].instance_type == trail["requestParameters"]["instanceType"]


def test_a_record_that_cannot_be_read_is_counted_and_the_others_are_kept(wire, aws):
    broken = record("StartInstances", "i-1", at=march(2)) | {"CloudTrailEvent": "{broken"}
    wire.answers("LookupEvents", {"Events": [broken, record("StartInstances", "i-2", at=march(3))]})

    (page,) = lookup_events(aws, region=FRANKFURT, name="StartInstances", period=MARCH)

    assert page.refused == 1
    assert [instance_id for instance_id, _ in page.events] == ["i-2"]


def test_an_answer_without_events_is_misunderstood_and_not_taken_for_none(wire, aws):
    wire.answers("LookupEvents", Raw(b"<html></html>"))

    with pytest.raises(UpstreamMisunderstood):
        list(lookup_events(aws, region=FRANKFURT, name="StartInstances", period=MARCH))


# The refresh ------------------------------------------------------------------------------------------------


def test_the_first_refresh_reads_each_name_from_the_start_of_the_period(wire, aws, account):
    wire.answers(
        "LookupEvents",
        by_name(
            record("RunInstances", "i-1", "i-2", at=march(5), instance_type="m5.large"),
            record("StopInstances", "i-1", at=march(7), previous="running"),
        ),
    )
    told = []

    outcome = refresh(account, aws, progress=lambda **step: told.append(step))

    assert stored(account) == [("i-1", "RunInstances", 5), ("i-2", "RunInstances", 5), ("i-1", "StopInstances", 7)]
    event = InstanceEvent.objects.get(name="StopInstances")
    assert (event.previous_state, event.actor, event.source) == ("running", "alice", "aws_cloudtrail")
    assert event.retrieved_at == NOW
    asked = {r.params["LookupAttributes"][0]["AttributeValue"] for r in wire.requests}
    assert asked == set(EVENT_NAMES)
    assert (outcome.rows_read, outcome.rows_written) == (3, 3)
    assert outcome.parts[FRANKFURT].rows == 3
    assert told[-1]["done"] == told[-1]["total"] == len(EVENT_NAMES)
    marks = EventWatermark.objects.filter(aws_account=account)
    assert set(marks.values_list("read_from", "read_until")) == {(MARCH.start, NOW)}
    assert marks.count() == len(EVENT_NAMES)


def test_a_later_refresh_reads_on_with_half_an_hour_of_overlap(wire, aws, account):
    late = record("StopInstances", "i-1", at=NOW - timedelta(minutes=20), previous="running")
    InstanceFactory.create(aws_account=account)
    wire.answers("LookupEvents", by_name(late))
    refresh(account, aws, now=NOW)
    wire.requests.clear()

    outcome = refresh(account, aws, now=NOW + timedelta(hours=1))

    assert {r.params["StartTime"] for r in wire.requests} == {(NOW - timedelta(minutes=30)).timestamp()}
    assert stored(account) == [("i-1", "StopInstances", 18)]
    assert outcome.rows_written == 0


def test_a_second_refresh_at_the_same_moment_changes_nothing(wire, aws, account):
    InstanceFactory.create(aws_account=account)
    wire.answers("LookupEvents", by_name(record("StopInstances", "i-1", at=march(18), previous="running")))
    refresh(account, aws)

    def everything():
        return [list(m.objects.order_by("pk").values()) for m in (InstanceEvent, EventWatermark, TouchedDay)]

    before = everything()

    refresh(account, aws)

    assert everything() == before


def test_no_more_than_ninety_days_are_asked_for(wire, aws, account):
    wire.answers("LookupEvents", NONE)

    refresh(account, aws, period=Period(NOW - timedelta(days=365), NOW))

    assert {r.params["StartTime"] for r in wire.requests} == {(NOW - timedelta(days=90)).timestamp()}


def test_a_longer_period_is_read_from_its_start(wire, aws, account):
    wire.answers("LookupEvents", by_name(record("StopInstances", "i-1", at=march(3), previous="running")))
    refresh(account, aws, period=Period(march(10), NOW))
    assert not stored(account)

    refresh(account, aws, period=MARCH)

    assert stored(account) == [("i-1", "StopInstances", 3)]
    assert set(EventWatermark.objects.values_list("read_from", flat=True)) == {MARCH.start}


def test_a_quiet_region_is_read_once_a_day_and_one_with_instances_each_time(wire, aws, account):
    account.enabled_regions = [FRANKFURT, DUBLIN]
    InstanceFactory.create(aws_account=account, region=FRANKFURT)
    wire.answers("LookupEvents", NONE)

    refresh(account, aws, now=NOW)
    refresh(account, aws, now=NOW + timedelta(hours=6))
    assert len(wire.asked("LookupEvents", region=FRANKFURT)) == 2 * len(EVENT_NAMES)
    assert len(wire.asked("LookupEvents", region=DUBLIN)) == len(EVENT_NAMES)

    refresh(account, aws, now=NOW + timedelta(hours=24))
    assert len(wire.asked("LookupEvents", region=DUBLIN)) == 2 * len(EVENT_NAMES)


def launched(instance_id, *, at, instance_type="c5.large"):
    return record("RunInstances", instance_id, at=at, requestParameters={"instanceType": instance_type})


def test_an_instance_that_lived_between_two_inventories_becomes_known_by_its_events(wire, aws, account):
    ended = record("TerminateInstances", "i-short", at=march(10, 9), previous="running")
    wire.answers("LookupEvents", by_name(launched("i-short", at=march(10, 8)), ended))

    outcome = refresh(account, aws)

    instance = Instance.objects.get(aws_account=account)
    assert (instance.instance_id, instance.region, instance.instance_type) == ("i-short", FRANKFURT, "c5.large")
    assert (instance.state, instance.launched_at, instance.first_launched_at) == (
        "terminated",
        march(10, 8),
        march(10, 8),
    )
    assert (instance.last_seen_at, instance.gone_at) == (march(10, 9), march(10, 9))
    assert (instance.usage_operation, instance.platform_details, instance.tags) == ("", "", {})
    assert "1 instances" in outcome.notes[0]


def test_one_that_was_interrupted_was_a_spot_instance(wire, aws, account):
    details = {"instanceIdSet": ["i-spot"]}
    evicted = record("BidEvictedEvent", at=march(10, 9), responseElements=None, serviceEventDetails=details)
    wire.answers("LookupEvents", by_name(launched("i-spot", at=march(10, 8)), evicted))

    refresh(account, aws)

    assert Instance.objects.get().lifecycle == "spot"


def test_an_instance_is_left_to_the_inventory_while_its_end_is_not_told(wire, aws, account):
    wire.answers("LookupEvents", by_name(launched("i-1", at=march(10, 8))))

    refresh(account, aws)

    assert not Instance.objects.exists()


def test_an_instance_that_the_inventory_told_of_stays_as_it_told(wire, aws, account):
    known = InstanceFactory.create(aws_account=account, instance_id="i-1", instance_type="m5.large", name="web")
    ended = record("TerminateInstances", "i-1", at=march(10, 9))
    wire.answers("LookupEvents", by_name(launched("i-1", at=march(10, 8)), ended))

    refresh(account, aws)

    known.refresh_from_db()
    assert (known.name, known.instance_type, known.gone_at) == ("web", "m5.large", None)


def test_an_instance_whose_launch_lies_before_what_is_read_cannot_be_told(wire, aws, account):
    wire.answers("LookupEvents", by_name(record("TerminateInstances", "i-1", at=march(10, 9))))

    refresh(account, aws)

    assert not Instance.objects.exists()
    assert InstanceEvent.objects.count() == 1


def test_a_change_of_another_attribute_than_the_type_is_not_stored(wire, aws, account):
    def changed(day, **parameters):
        return record("ModifyInstanceAttribute", at=march(day), requestParameters={"instanceId": "i-1"} | parameters)

    resized = changed(3, instanceType={"value": "m5.xlarge"})
    protected = changed(4, disableApiTermination={"value": True})
    wire.answers("LookupEvents", by_name(resized, protected))

    refresh(account, aws)

    (event,) = InstanceEvent.objects.filter(aws_account=account)
    assert event.instance_type == "m5.xlarge"


# Touched days -----------------------------------------------------------------------------------------------


@pytest.fixture
def read_before(account):
    """All of March until yesterday is read and stored: i-1 was started on the 2nd."""
    for name in EVENT_NAMES:
        EventWatermark.objects.create(
            aws_account=account,
            region=FRANKFURT,
            event_name=name,
            read_from=MARCH.start,
            read_until=NOW - timedelta(days=16),
        )
    InstanceEventFactory.create(aws_account=account, instance_id="i-1", name="StartInstances", occurred_at=march(2, 7))


@pytest.mark.usefixtures("read_before")
def test_an_event_touches_the_days_from_it_to_today(wire, aws, account):
    wire.answers("LookupEvents", by_name(record("StopInstances", "i-1", at=march(15), previous="running")))

    refresh(account, aws)

    assert touched(account) == spans(15, 18)


@pytest.mark.usefixtures("read_before")
def test_an_event_touches_no_day_past_the_next_event_of_its_instance(wire, aws, account):
    InstanceEventFactory.create(aws_account=account, instance_id="i-1", occurred_at=march(12))
    wire.answers("LookupEvents", by_name(record("StopInstances", "i-1", at=march(10), previous="running")))

    refresh(account, aws)

    assert touched(account) == spans(10, 12)


@pytest.mark.usefixtures("read_before")
def test_an_event_that_contradicts_the_one_before_touches_the_days_between(wire, aws, account):
    # Started on the 2nd, and found stopped on the 9th: somewhere between it shut itself down.
    wire.answers("LookupEvents", by_name(record("StartInstances", "i-1", at=march(9), previous="stopped")))

    refresh(account, aws)

    assert touched(account) == spans(2, 18)


@pytest.mark.usefixtures("read_before")
def test_a_failed_call_is_stored_and_touches_nothing(wire, aws, account):
    failed = record("StopInstances", "i-1", at=march(9), errorCode="Client.UnauthorizedOperation")
    wire.answers("LookupEvents", by_name(failed))

    refresh(account, aws)

    assert InstanceEvent.objects.get(name="StopInstances").error_code == "Client.UnauthorizedOperation"
    assert not touched(account)


@pytest.mark.usefixtures("read_before")
def test_an_event_settles_the_days_since_its_instance_was_last_seen(wire, aws, account):
    # Seen running on the 12th and gone on the 13th; the event that says when arrives after both.
    InstanceFactory.create(
        aws_account=account, instance_id="i-1", last_seen_at=march(12, 23), gone_at=march(13, 1), state="running"
    )
    wire.answers("LookupEvents", by_name(record("TerminateInstances", "i-1", at=march(13, 0), previous="running")))

    refresh(account, aws)

    assert touched(account) == spans(12, 18)


@pytest.mark.usefixtures("read_before")
def test_an_event_touches_no_day_before_the_one_before_it_though_last_seen_earlier(wire, aws, account):
    InstanceFactory.create(aws_account=account, instance_id="i-1", last_seen_at=march(4))
    InstanceEventFactory.create(aws_account=account, instance_id="i-1", occurred_at=march(9))
    wire.answers("LookupEvents", by_name(record("StopInstances", "i-1", at=march(11), previous="running")))

    refresh(account, aws)

    assert touched(account) == spans(9, 18)


@pytest.mark.usefixtures("read_before")
def test_the_whole_life_of_an_instance_known_by_its_events_alone_is_touched(wire, aws, account):
    # Its launch was read days before its end: alone it made no instance, and the days were derived without it.
    InstanceEventFactory.create(
        aws_account=account,
        instance_id="i-short",
        name="RunInstances",
        instance_type="c5.large",
        occurred_at=march(10),
    )
    wire.answers("LookupEvents", by_name(record("TerminateInstances", "i-short", at=march(13), previous="running")))

    refresh(account, aws)

    assert Instance.objects.get(aws_account=account).first_launched_at == march(10)
    assert spans(10, 13) <= touched(account)


def test_the_first_reading_touches_the_days_before_an_event_too(wire, aws, account):
    wire.answers("LookupEvents", by_name(record("StopInstances", "i-1", at=march(16), previous="running")))

    refresh(account, aws)

    assert touched(account) == spans(1, 18)


# What fails -------------------------------------------------------------------------------------------------


def test_a_region_that_denies_is_a_failed_part_asked_once_and_the_others_go_on(wire, aws, account):
    account.enabled_regions = [FRANKFURT, DUBLIN]
    wire.answers("LookupEvents", by_name(record("StopInstances", "i-1", at=march(16))), region=FRANKFURT)
    wire.answers("LookupEvents", Refusal("AccessDeniedException"), region=DUBLIN)

    outcome = refresh(account, aws, interval=timedelta(seconds=0.1))

    assert stored(account) == [("i-1", "StopInstances", 16)]
    assert outcome.failed_parts[DUBLIN].reason is Reason.DENIED
    assert not EventWatermark.objects.filter(region=DUBLIN).exists()
    assert len(wire.asked("LookupEvents", region=DUBLIN)) < len(EVENT_NAMES)


def test_a_name_whose_second_page_failed_is_read_again_from_its_start(wire, aws, account):
    InstanceFactory.create(aws_account=account)

    def answer(request):
        if request.params["LookupAttributes"][0]["AttributeValue"] != "StopInstances":
            return NONE
        if request.params.get("NextToken"):
            return Refusal("InvalidNextTokenException")
        return {"Events": [record("StopInstances", "i-1", at=march(16))], "NextToken": "more"}

    wire.answers("LookupEvents", answer)

    outcome = refresh(account, aws)

    assert not stored(account)
    assert FRANKFURT in outcome.failed_parts
    assert set(EventWatermark.objects.values_list("event_name", flat=True)) == set(EVENT_NAMES) - {"StopInstances"}


def test_a_page_that_was_asked_for_too_early_is_asked_for_again_and_the_ones_before_it_are_not(wire, aws, account):
    refusals = [Refusal("ThrottlingException")] * 4  # more than botocore asks again for by itself
    first, second = record("StopInstances", "i-1", at=march(9)), record("StopInstances", "i-2", at=march(8))
    of_stops = iter([{"Events": [first], "NextToken": "more"}, *refusals, {"Events": [second]}])

    def answer(request):
        (wanted,) = request.params["LookupAttributes"]
        return next(of_stops) if wanted["AttributeValue"] == "StopInstances" else NONE

    wire.answers("LookupEvents", answer)

    outcome = refresh(account, aws)

    assert (outcome.failed_parts, outcome.parts[FRANKFURT].rows) == ({}, 2)
    assert {instance_id for instance_id, *_ in stored(account)} == {"i-1", "i-2"}
    tokens = [r.params.get("NextToken") for r in wire.requests if "StopInstances" in str(r.params)]
    assert tokens == [None] + ["more"] * 5
    assert EventWatermark.objects.count() == len(EVENT_NAMES)


def test_a_region_rests_before_it_is_asked_again(wire, aws, account):
    early = iter([Refusal("ThrottlingException")] * 3)
    wire.answers("LookupEvents", lambda _: next(early, NONE))
    interval = timedelta(seconds=0.1)
    began = datetime.now(UTC)

    refresh(account, aws, interval=interval)

    # Six turns, and one that was taken four turns after the refusal.
    assert Pace.objects.get().free_at - began >= 5 * interval
    assert EventWatermark.objects.count() == len(EVENT_NAMES)


def test_a_region_in_which_aws_answers_nothing_but_too_often_fails_in_the_end(wire, aws, account):
    account.enabled_regions = [FRANKFURT, DUBLIN]
    wire.answers("LookupEvents", NONE)
    wire.answers("LookupEvents", Refusal("ThrottlingException"), region=FRANKFURT)

    outcome = refresh(account, aws)

    assert {region: error.reason for region, error in outcome.failed_parts.items()} == {FRANKFURT: Reason.RATE_LIMITED}
    assert set(EventWatermark.objects.values_list("region", flat=True)) == {DUBLIN}


def test_an_account_of_which_nothing_can_be_read_raises_and_changes_nothing(wire, aws, account):
    wire.answers("LookupEvents", Refusal("AccessDeniedException"))

    with pytest.raises(UpstreamRejected) as caught:
        refresh(account, aws)

    assert "cloudtrail:LookupEvents" in caught.value.fix
    assert not EventWatermark.objects.exists()


@pytest.mark.django_db
def test_an_account_whose_regions_are_not_known_yet_asks_for_them(wire, aws):
    account = AwsAccountFactory.create(enabled_regions=[])
    wire.answers("DescribeRegions", Refusal("UnauthorizedOperation"))

    with pytest.raises(UpstreamError):
        refresh(account, aws)


def test_pages_of_one_region_are_two_a_second_apart(wire, aws, account):
    wire.answers("LookupEvents", NONE)
    began = datetime.now(UTC)

    refresh_events(account=account, aws=aws, period=MARCH, now=NOW, interval=timedelta(seconds=0.1))

    # Six names, so five intervals lie between the first request and the last.
    assert datetime.now(UTC) - began >= timedelta(seconds=0.5)
    assert Pace.objects.get().key == f"{account.account_id} {FRANKFURT} LookupEvents"


def test_the_end_of_a_reading_takes_no_turn(wire, aws, account):
    wire.answers("LookupEvents", NONE)
    interval = timedelta(seconds=0.3)
    began = datetime.now(UTC)

    refresh_events(account=account, aws=aws, period=MARCH, now=NOW, interval=interval)

    # Six requests, six turns: the next one is free six intervals after the first, not twelve.
    assert Pace.objects.get().free_at - began < len(EVENT_NAMES) * interval + 3 * interval


def test_the_day_of_an_event_after_now_is_touched_too(wire, aws, account):
    wire.answers("LookupEvents", {"Events": [record("StopInstances", "i-1", at=NOW + timedelta(minutes=3))]})

    refresh(account, aws)

    assert date(2026, 3, 18).day in touched(account)
