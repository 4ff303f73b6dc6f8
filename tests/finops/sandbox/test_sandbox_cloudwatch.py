from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from finops.core.periods import Period
from tests.sandbox_fixtures import SANDBOX_NOW

WORKLOADS = "444455556666"
DAY = timedelta(days=1)


def query(instance_id, *, name="m0", stat="Average", period=3600, metric="CPUUtilization", namespace="AWS/EC2"):
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": "InstanceId", "Value": instance_id}],
            },
            "Period": period,
            "Stat": stat,
        },
    }


@pytest.fixture
def watch(aws_client):
    return aws_client("cloudwatch", region="eu-central-1")


@pytest.fixture
def always_on(sandbox):
    machines = sandbox.scenario.machines(WORKLOADS, "eu-central-1")
    return next(item.instance_id for item in machines if item.group.name == "web")


def points(watch, *queries, start=SANDBOX_NOW - DAY, end=SANDBOX_NOW, **more):
    answer = watch.get_metric_data(MetricDataQueries=list(queries), StartTime=start, EndTime=end, **more)
    return [list(zip(item["Timestamps"], item["Values"], strict=True)) for item in answer["MetricDataResults"]]


def test_hours_come_newest_first_and_begin_on_the_hour(watch, always_on):
    [told] = points(watch, query(always_on))

    times = [at for at, _ in told]
    assert times == sorted(times, reverse=True)
    assert all((at.minute, at.second) == (0, 0) for at in times)
    assert len(times) == 25  # from 12:00 yesterday, in which 12:30 lies, to 12:00 today


def test_the_maximum_is_never_below_the_average(watch, always_on):
    average, highest = points(watch, query(always_on), query(always_on, name="m1", stat="Maximum"))

    assert all(0 < low[1] <= high[1] <= 100 for low, high in zip(average, highest, strict=True))


def test_an_hour_is_the_same_in_whatever_stretch_it_is_asked(watch, always_on):
    [long] = points(watch, query(always_on), start=SANDBOX_NOW - 9 * DAY)
    [short] = points(watch, query(always_on), start=SANDBOX_NOW - 4 * DAY, end=SANDBOX_NOW - 3 * DAY)

    assert set(short) <= set(long)


def test_a_day_is_the_mean_of_its_hours(watch, always_on):
    midnight = SANDBOX_NOW.replace(hour=0, minute=0)
    hours, days = points(
        watch, query(always_on), query(always_on, name="m1", period=86_400), start=midnight - DAY, end=midnight
    )

    assert len(hours) == 24
    assert days == [(midnight - DAY, pytest.approx(sum(value for _, value in hours) / 24))]


def test_five_minutes_have_five_samples(watch, always_on):
    [told] = points(watch, query(always_on, stat="SampleCount", period=300), start=SANDBOX_NOW - DAY / 4)

    assert {value for _, value in told[1:]} == {5.0}


@pytest.mark.parametrize(
    "changed", [{"namespace": "AWS/RDS"}, {"metric": "Coffee"}, {"instance_id": "i-0123456789abcdef0"}]
)
def test_what_does_not_exist_has_no_points_and_no_error(watch, always_on, changed):
    assert points(watch, query(**({"instance_id": always_on} | changed))) == [[]]


def test_five_hundred_queries_are_the_most(watch, always_on):
    many = [query(always_on, name=f"m{number}") for number in range(501)]

    assert len(points(watch, *many[:500])) == 500
    with pytest.raises(ClientError) as raised:
        points(watch, *many)

    assert raised.value.response["Error"]["Code"] == "ValidationError"


def test_pages_cut_a_query_and_put_together_are_the_whole(watch, sandbox):
    yesterday = Period(SANDBOX_NOW - DAY, SANDBOX_NOW)
    machines = [
        item.instance_id
        for item in sandbox.scenario.machines(WORKLOADS, "eu-central-1")
        if item.timeline.running(yesterday)
    ]
    queries = [query(item, name=f"m{number}") for number, item in enumerate(machines)]
    whole = points(watch, *queries)

    pages, token = [], {}
    while True:
        answer = watch.get_metric_data(
            MetricDataQueries=queries, StartTime=SANDBOX_NOW - DAY, EndTime=SANDBOX_NOW, MaxDatapoints=37, **token
        )
        pages.append(answer["MetricDataResults"])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}

    collected = {f"m{number}": [] for number in range(len(machines))}
    for page in pages:
        assert sum(len(item["Values"]) for item in page) <= 37
        for item in page:
            collected[item["Id"]] += zip(item["Timestamps"], item["Values"], strict=True)
    assert list(collected.values()) == whole
    assert {item["StatusCode"] for page in pages for item in page} == {"Complete", "PartialData"}
    assert len(pages) == -(-sum(len(item) for item in whole) // 37)


@pytest.mark.parametrize(
    ("days", "period", "is_refused"),
    [(10, 60, False), (20, 60, True), (20, 300, False), (70, 300, True), (70, 3600, False), (1, 45, True)],
)
def test_old_data_are_kept_coarse(watch, always_on, days, period, is_refused):
    def ask():
        start = SANDBOX_NOW - days * DAY
        return points(watch, query(always_on, period=period), start=start, end=start + DAY / 24)

    if is_refused:
        with pytest.raises(ClientError, match="multiple of"):
            ask()
    else:
        ask()


def test_no_two_queries_may_share_an_id(watch, always_on):
    with pytest.raises(ClientError, match="must be unique"):
        points(watch, query(always_on), query(always_on))


def test_the_running_hour_is_told_up_to_a_few_minutes_ago(watch, always_on):
    [told] = points(watch, query(always_on, stat="SampleCount"))

    assert told[0] == (SANDBOX_NOW.replace(minute=0), 27.0)  # 12:00 to 12:27, three minutes before now
