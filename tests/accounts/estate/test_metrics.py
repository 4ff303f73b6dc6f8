"""Metrics of all kinds: what is asked, how often, in how many calls, and what is kept of the answers."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from accounts.clients.aws.metric_data import MetricQuery, metric_data
from accounts.clients.aws.metrics import ask_metrics
from accounts.estimators.metrics import METRICS, METRICS_BY_KEY, asked_a_month
from accounts.models import Instance, MetricChoice, MetricDay, Resource, ResourceMetricDay
from accounts.selectors.metric_choices import chosen_metrics, usd_a_month
from accounts.services.metrics import refresh_metrics
from accounts.services.utilization import refresh_utilization
from finops.core.periods import HOUR, Period
from finops.core.upstream.errors import UpstreamRejected
from tests.accounts.aws_wire import Refusal, recorded
from tests.factories import AwsAccountFactory, InstanceFactory, ResourceFactory, SourceStatusFactory

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
TWO_DAYS = Period(datetime(2026, 3, 17, tzinfo=UTC), NOW)
FRANKFURT, DUBLIN = "eu-central-1", "eu-west-1"
TODAY = date(2026, 3, 18)


def answer_all(request, *, hours=None, value=7.0, status="Complete"):
    """Each query with the same value in each slot it asks for, or in those of `hours`."""
    queries = request.params["MetricDataQueries"]
    results = []
    for query in queries:
        seconds = query["MetricStat"]["Period"]
        times = [
            datetime.fromtimestamp(at, UTC)
            for at in range(int(request.params["StartTime"]), int(request.params["EndTime"]), seconds)
        ]
        times = [time for time in times if hours is None or time.hour in hours]
        results.append(
            {
                "Id": query["Id"],
                "Label": "x",
                "Timestamps": times,
                "Values": [value] * len(times),
                "StatusCode": status,
            }
        )
    return {"MetricDataResults": results}


def asked(wire):
    """(metric, statistic, whom) of every query that was sent."""
    return {
        (metric["MetricName"], query["MetricStat"]["Stat"], metric["Dimensions"][0]["Value"])
        for request in wire.asked("GetMetricData")
        for query in request.params["MetricDataQueries"]
        for metric in [query["MetricStat"]["Metric"]]
    }


@pytest.fixture
def account(db):  # noqa: ARG001 (asks for the database)
    return AwsAccountFactory.create(enabled_regions=[FRANKFURT, DUBLIN])


@pytest.fixture
def function(account):
    return ResourceFactory.create(aws_account=account, kind="lambda_function", resource_id="books")


@pytest.fixture
def database(account):
    facts = {"engine": "postgres", "storage_type": "gp3"}
    return ResourceFactory.create(aws_account=account, kind="rds_instance", resource_id="books-db", facts=facts)


def refresh(account, aws, *, now=NOW):
    return refresh_metrics(account=account, aws=aws, period=Period(TWO_DAYS.start, now), now=now)


def hours_of(resource, metric, name, *, day=TODAY):
    return getattr(ResourceMetricDay.objects.get(resource=resource, metric=metric, day=day), name)


# The client -------------------------------------------------------------------------------------------------


def test_recorded_answers_of_cloudwatch_are_read_whole(wire, aws, recordings):
    paths = sorted(recordings.glob("c7n/*/monitoring.GetMetricData_*.json"))
    assert len(paths) > 1
    for path in paths:
        answer = recorded(path)
        (result,) = answer["MetricDataResults"]
        wire.answers("GetMetricData", answer)
        (at,) = result["Timestamps"]
        query = MetricQuery(result["Id"], "AWS/Bedrock", "TokenCount", {"ModelId": "some"}, "Sum")

        told = metric_data(
            aws, region=FRANKFURT, queries=[query], period=Period(at, at + 60 * HOUR), cost_usd=Decimal(0)
        )

        assert told.values[0, 0] == result["Values"][0]
        assert (told.is_complete.tolist(), told.strays) == ([True], 0)


def test_recorded_datapoints_come_out_as_they_were_measured(wire, aws, recordings):
    # Recorded as GetMetricStatistics, which tells them unordered; by the minute, for they do not lie on the hour.
    path = recordings / "c7n/test_ebs_metrics_percent_filter/monitoring.GetMetricStatistics_1.json"
    points = {point["Timestamp"]: point["Maximum"] for point in recorded(path)["Datapoints"]}
    result = {"Id": "m0", "Timestamps": list(points), "Values": list(points.values()), "StatusCode": "Complete"}
    wire.answers("GetMetricData", {"MetricDataResults": [result]})
    period = Period(min(points), max(points) + timedelta(minutes=1))
    query = MetricQuery("m0", "AWS/EBS", "VolumeReadOps", {"VolumeId": "vol-1"}, "Maximum")

    told = metric_data(
        aws, region=FRANKFURT, queries=[query], period=period, cost_usd=Decimal(0), slot=timedelta(minutes=1)
    )

    assert len(points) > 2
    read = {
        period.start + n * timedelta(minutes=1): v for n, v in enumerate(told.values[0].tolist()) if not np.isnan(v)
    }
    assert read == points


def test_metrics_of_several_kinds_are_asked_in_one_call_at_a_price_for_each(wire, aws, meter):
    wire.answers("GetMetricData", answer_all)
    cpu, duration = METRICS_BY_KEY["rds_instance", "CPUUtilization"], METRICS_BY_KEY["lambda_function", "Duration"]
    calls = METRICS_BY_KEY["lambda_function", "Invocations"]
    questions = [(cpu, "books-db"), (duration, "books"), (calls, "books")]

    told = ask_metrics(
        aws, region=FRANKFURT, asked=questions, period=Period(NOW.replace(hour=8, minute=0), NOW.replace(minute=0))
    )

    assert asked(wire) == {
        ("CPUUtilization", "Average", "books-db"),
        ("CPUUtilization", "Maximum", "books-db"),
        ("Duration", "Average", "books"),
        ("Duration", "Maximum", "books"),
        ("Invocations", "Sum", "books"),
    }
    assert [set(answer.values) for answer in told.answers] == [
        {"average", "maximum"},
        {"average", "maximum"},
        {"total"},
    ]
    # Three metrics at $0.01 per 1,000, however many statistics.
    assert (meter.calls, meter.cost_usd) == ({"GetMetricData": 1}, Decimal("0.00003"))


def test_values_beyond_what_a_metric_can_be_are_refused_and_counted(wire, aws):
    wire.answers("GetMetricData", lambda request: answer_all(request, value=140.0))
    cpu, noon = METRICS_BY_KEY["rds_instance", "CPUUtilization"], NOW.replace(minute=0)

    told = ask_metrics(aws, region=FRANKFURT, asked=[(cpu, "a")], period=Period(noon - HOUR, noon))

    assert told.refused_values == 2
    assert np.isnan(told.answers[0].values["average"]).all()


# What is asked ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("database", "function")
def test_each_kind_is_asked_for_what_was_chosen_for_it(wire, aws, account):
    InstanceFactory.create(aws_account=account, instance_id="i-1")
    ResourceFactory.create(aws_account=account, kind="s3_bucket", resource_id="pictures")
    MetricChoice.objects.filter(metric__in=["Throttles", "FreeableMemory"]).update(is_on=False)
    wire.answers("GetMetricData", answer_all)

    refresh(account, aws)

    assert {(metric, who) for metric, _, who in asked(wire)} == {
        ("NetworkIn", "i-1"),
        ("NetworkOut", "i-1"),
        ("CPUUtilization", "books-db"),
        ("DatabaseConnections", "books-db"),
        ("FreeStorageSpace", "books-db"),
        ("Invocations", "books"),
        ("Errors", "books"),
        ("Duration", "books"),
        ("BucketSizeBytes", "pictures"),
        ("NumberOfObjects", "pictures"),
    }


def test_what_aws_does_not_measure_of_a_resource_is_not_paid_for(wire, aws, account):
    made = {"aws_account": account, "kind": "rds_instance"}
    ResourceFactory.create(**made, resource_id="bursting", facts={"engine": "mysql", "storage_type": "gp2"})
    ResourceFactory.create(**made, resource_id="aurora", facts={"engine": "aurora-mysql", "storage_type": "aurora"})
    ResourceFactory.create(**made, resource_id="stopped", state="stopped")
    ResourceFactory.create(**made, resource_id="gone", gone_at=NOW)
    ResourceFactory.create(**made, resource_id="elsewhere", region="ap-south-1")
    wire.answers("GetMetricData", answer_all)

    refresh(account, aws)

    told = asked(wire)
    assert {who for _, _, who in told} == {"bursting", "aurora"}
    assert {who for metric, _, who in told if metric in {"BurstBalance", "FreeStorageSpace"}} == {"bursting"}


@pytest.mark.usefixtures("function")
def test_a_metric_is_asked_again_after_the_hours_that_were_chosen(wire, aws, account, meter):
    MetricChoice.objects.filter(metric="Errors").update(hours_between=1)
    wire.answers("GetMetricData", answer_all)
    refresh(account, aws)
    meter.reset()

    for later, expected in [(0, set()), (1, {"Errors"}), (6, {"Invocations", "Errors", "Throttles", "Duration"})]:
        wire.requests.clear()
        refresh(account, aws, now=NOW + later * HOUR)
        assert {metric for metric, _, _ in asked(wire)} == expected

    # From three hours before it was last asked: those may have changed since.
    assert int(wire.requests[-1].params["StartTime"]) == int((NOW.replace(minute=0) - 3 * HOUR).timestamp())
    assert meter.cost_usd == Decimal("0.00005")


def test_days_of_buckets_are_asked_once_a_day_and_not_before_they_are_told(wire, aws, account, meter):
    bucket = ResourceFactory.create(aws_account=account, kind="s3_bucket", resource_id="pictures")
    wire.answers("GetMetricData", answer_all)

    refresh(account, aws)
    refresh(account, aws, now=NOW + 12 * HOUR)

    assert meter.calls == {"GetMetricData": 1}
    (row,) = ResourceMetricDay.objects.filter(resource=bucket, metric="BucketSizeBytes")
    assert (row.day, row.average[0]) == (date(2026, 3, 17), 7.0)
    assert np.isnan(row.average[1:]).all()
    query = wire.requests[0].params["MetricDataQueries"][0]["MetricStat"]
    assert query["Period"] == 86_400
    assert {"Name": "StorageType", "Value": "StandardStorage"} in query["Metric"]["Dimensions"]


@pytest.mark.usefixtures("function")
def test_beyond_what_cpu_leaves_of_the_budget_each_is_asked_once_a_day(wire, aws, account, settings):
    settings.CLOUDWATCH_BUDGET_USD_PER_MONTH = "0.001"
    spent = {"aws_account": account, "month": date(2026, 3, 1), "cost_usd": Decimal(1)}
    SourceStatusFactory.create(**spent, source="aws_cloudwatch")
    wire.answers("GetMetricData", answer_all)

    refresh(account, aws)
    wire.requests.clear()
    outcome = refresh(account, aws, now=NOW + 7 * HOUR)
    assert not wire.requests
    assert outcome.notes == [
        "4 metrics were not asked this time: the CloudWatch budget of 0.001 USD a month reaches for one reading a day."
    ]

    refresh(account, aws, now=NOW + 25 * HOUR)
    assert len(asked(wire)) == 5


def test_many_resources_are_asked_in_no_more_calls_than_cloudwatchs_limits_need(wire, aws, meter, db):  # noqa: ARG001
    """250 instances, 60 databases and 60 functions in each of two regions of each of two accounts."""
    accounts = [AwsAccountFactory.create(enabled_regions=[FRANKFURT, DUBLIN]) for _ in range(2)]
    places = [(account, region) for account in accounts for region in (FRANKFURT, DUBLIN)]
    made = {"first_seen_at": NOW, "last_seen_at": NOW}
    Instance.objects.bulk_create(
        Instance(aws_account=account, region=region, instance_id=f"i-{n:017x}", state="running", **made)
        for account, region in places
        for n in range(250)
    )
    Resource.objects.bulk_create(
        Resource(aws_account=account, region=region, kind=kind, resource_id=f"{n}", state_since_at=NOW, **made)
        for account, region in places
        for kind in ("rds_instance", "lambda_function")
        for n in range(60)
    )
    wire.answers("GetMetricData", lambda _: {"MetricDataResults": []})

    for account in accounts:
        refresh(account, aws)

    queries = {
        kind: sum(len(m.statistics) for m in METRICS if m.kind == kind and m.is_on_at_first)
        for kind, _ in METRICS_BY_KEY
    }
    a_place = 250 * queries["ec2_instance"] + 60 * (queries["rds_instance"] + queries["lambda_function"])
    least = len(places) * math.ceil(a_place / 500)
    assert least <= meter.calls["GetMetricData"] <= 1.1 * least
    # Five metrics of a database and four of a function and two of an instance, at $0.00001 each.
    assert meter.cost_usd == Decimal("0.00001") * len(places) * (250 * 2 + 60 * (5 + 4))


# What is kept -----------------------------------------------------------------------------------------------


def test_an_hour_of_a_count_that_settled_without_a_value_counts_none(wire, aws, account, function):
    wire.answers("GetMetricData", lambda request: answer_all(request, hours={2}))

    refresh(account, aws)

    calls = hours_of(function, "Invocations", "total")
    # 12:30: hours up to 9 o'clock have settled; 9, 10 and 11 may yet be told.
    assert calls[:9].tolist() == [0, 0, 7, 0, 0, 0, 0, 0, 0]
    assert np.isnan(calls[9:]).all()
    duration = hours_of(function, "Duration", "average")
    assert duration[2] == 7
    assert np.isnan(np.delete(duration, 2)).all()
    assert hours_of(function, "Invocations", "average") is None


def test_a_later_silence_does_not_take_back_what_was_told(wire, aws, account, database):
    wire.answers("GetMetricData", answer_all)
    refresh(account, aws)
    wire.answers("GetMetricData", lambda request: answer_all(request, hours=set()))

    refresh(account, aws, now=NOW + 6 * HOUR)

    cpu = hours_of(database, "CPUUtilization", "average")
    assert cpu[:12].tolist() == [7.0] * 12
    assert np.isnan(cpu[12:]).all()


@pytest.mark.usefixtures("function")
def test_what_was_not_told_to_its_end_is_not_kept_and_asked_again(wire, aws, account):
    wire.answers("GetMetricData", lambda request: answer_all(request, status="PartialData"))

    outcome = refresh(account, aws)
    wire.requests.clear()
    refresh(account, aws, now=NOW + HOUR)

    assert outcome.notes == ["CloudWatch did not tell all of 4 metrics; they are asked again next time."]
    assert not ResourceMetricDay.objects.exists()
    assert len(asked(wire)) == 5


def test_metrics_of_instances_stand_beside_their_cpu(wire, aws, account):
    instance = InstanceFactory.create(aws_account=account)
    wire.answers("GetMetricData", answer_all)

    refresh_utilization(account=account, aws=aws, period=TWO_DAYS, now=NOW)
    refresh(account, aws)

    days = MetricDay.objects.filter(instance=instance, day=TODAY)
    assert {(day.metric, day.average is None, day.total is None) for day in days} == {
        ("CPUUtilization", False, True),
        ("NetworkIn", True, False),
        ("NetworkOut", True, False),
    }
    assert days.get(metric="NetworkIn").total[:12].tolist() == [7.0] * 12


@pytest.mark.usefixtures("function")
def test_a_region_that_refuses_leaves_the_others_and_names_the_action(wire, aws, account):
    elsewhere = ResourceFactory.create(aws_account=account, kind="lambda_function", region=DUBLIN, resource_id="films")
    wire.answers("GetMetricData", answer_all)
    wire.answers("GetMetricData", Refusal("AccessDenied", status=403), region=FRANKFURT)

    outcome = refresh(account, aws)

    assert "cloudwatch:GetMetricData" in outcome.failed_parts[FRANKFURT].fix
    assert {row.resource_id for row in ResourceMetricDay.objects.all()} == {elsewhere.pk}


@pytest.mark.usefixtures("function")
def test_where_nothing_was_told_the_metrics_have_failed(wire, aws, account):
    wire.answers("GetMetricData", Refusal("AccessDenied", status=403))

    with pytest.raises(UpstreamRejected):
        refresh(account, aws)


# What was chosen --------------------------------------------------------------------------------------------


def test_at_first_the_table_says_what_the_catalogue_says(db):  # noqa: ARG001
    rows = {(row.kind, row.metric): (row.is_on, row.hours_between) for row in MetricChoice.objects.all()}

    assert rows == {key: (m.is_on_at_first, m.hours_between_at_first) for key, m in METRICS_BY_KEY.items()}
    MetricChoice.objects.all().delete()
    assert [chosen.metric for chosen in chosen_metrics()] == [m for m in METRICS if m.is_on_at_first]


def test_what_a_metric_costs_a_month_is_told_to_the_cent():
    # 1,000 resources × 730 / 6 askings × $0.00001 = $1.2167; nothing costs nothing, and little a cent.
    assert usd_a_month(resources=1000, hours_between=6) == Decimal("1.22")
    assert usd_a_month(resources=0, hours_between=1) == 0
    assert usd_a_month(resources=1, hours_between=24) == Decimal("0.01")
    with pytest.raises(ValueError, match="at least an hour"):
        asked_a_month(hours_between=0)


def test_the_admin_sees_what_a_choice_costs_before_it_is_saved_and_who_changed_it(client, admin_user, account):
    Resource.objects.bulk_create(
        Resource(
            aws_account=account,
            kind="lambda_function",
            resource_id=f"{n}",
            state_since_at=NOW,
            first_seen_at=NOW,
            last_seen_at=NOW,
        )
        for n in range(1000)
    )
    client.force_login(admin_user)
    choice = MetricChoice.objects.get(kind="lambda_function", metric="Throttles")
    address = f"/admin/accounts/metricchoice/{choice.pk}/change/"

    page = client.get(address).content.decode()
    # 730 × 0.00001 × 1,000 = 7.30 by the hour; a sixth of it every six hours; 0.304 once a day, rounded up.
    assert "7.30 every 1 h · 1.22 every 6 h · 0.31 every 24 h" in page

    assert client.post(address, {"hours_between": 24}).status_code == 302
    choice.refresh_from_db()
    assert (choice.is_on, choice.hours_between) == (False, 24)
    log = client.get("/admin/accounts/auditentry/").content.decode()
    assert "metricchoice.changed" in log
    assert client.get("/admin/accounts/metricchoice/").status_code == 200
