import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.clients.aws.utilization import hourly_cpu, most_instances
from accounts.models import MetricDay, TouchedDay
from accounts.services.utilization import refresh_utilization
from accounts.services.utilization.wanted import Wanted, batches, wanted_hours
from finops.core.periods import HOUR, Period
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from tests.accounts.aws_wire import Raw, Refusal
from tests.factories import AwsAccountFactory, InstanceFactory, SourceStatusFactory

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
TODAY = Period(datetime(2026, 3, 18, tzinfo=UTC), NOW)
MARCH_15 = datetime(2026, 3, 15, tzinfo=UTC)
FRANKFURT, DUBLIN = "eu-central-1", "eu-west-1"
FOUR_HOURS = Period(datetime(2026, 3, 18, 8, tzinfo=UTC), datetime(2026, 3, 18, 12, tzinfo=UTC))


def series(query, times, values, status="Complete"):
    return {"Id": query["Id"], "Label": "x", "Timestamps": times, "Values": values, "StatusCode": status}


def hours_asked(request):
    hours = range(int(request.params["StartTime"]), int(request.params["EndTime"]), 3600)
    return [datetime.fromtimestamp(hour, UTC) for hour in hours]


def measured(*, average=20.0, maximum=60.0, samples=60.0, hours=None):
    """Answers each query with the same value in each hour it asks for, or in those of `hours`."""
    of = {"Average": average, "Maximum": maximum, "SampleCount": samples}

    def answer(request):
        times = [time for time in hours_asked(request) if hours is None or time.hour in hours]
        queries = request.params["MetricDataQueries"]
        results = [series(query, times, [of[query["MetricStat"]["Stat"]]] * len(times)) for query in queries]
        return {"MetricDataResults": results, "Messages": []}

    return answer


def only(query_id, times, values, status="Complete"):
    """Answers one query with these, and all others with nothing."""

    def answer(request):
        queries = request.params["MetricDataQueries"]
        results = [series(q, times, values, status) if q["Id"] == query_id else series(q, [], []) for q in queries]
        return {"MetricDataResults": results}

    return answer


def asked_instances(request):
    dimensions = [q["MetricStat"]["Metric"]["Dimensions"] for q in request.params["MetricDataQueries"]]
    return list(dict.fromkeys(one["Value"] for (one,) in dimensions))


# The client -------------------------------------------------------------------------------------------------


def test_three_statistics_of_many_instances_are_asked_in_one_call(wire, aws, meter):
    wire.answers("GetMetricData", measured())

    cpu = hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1", "i-2"], period=FOUR_HOURS)

    (request,) = wire.requests
    queries = request.params["MetricDataQueries"]
    assert asked_instances(request) == ["i-1", "i-2"]
    assert [q["MetricStat"]["Stat"] for q in queries] == ["Average", "Maximum", "SampleCount"] * 2
    assert {q["MetricStat"]["Period"] for q in queries} == {3600}
    assert cpu.average.tolist() == [[20.0] * 4] * 2
    assert cpu.sample_count.tolist() == [[60.0] * 4] * 2
    assert cpu.is_complete.all()
    # Two metrics at $0.01 per 1,000; three statistics of one metric cost as much as one.
    assert (meter.calls, meter.cost_usd) == ({"GetMetricData": 1}, Decimal("0.00002"))


def test_an_hour_without_a_value_is_nan(wire, aws):
    wire.answers("GetMetricData", measured(hours={9}))

    cpu = hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1"], period=FOUR_HOURS)

    assert np.isnan(cpu.average).tolist() == [[True, False, True, True]]


def test_an_answer_cut_into_pages_is_put_together(wire, aws):
    hours = [FOUR_HOURS.start + n * HOUR for n in range(4)]
    first = only("a0", hours[:2], [1.0, 2.0], "PartialData")
    wire.answers("GetMetricData", lambda r: first(r) | {"NextToken": "more"}, only("a0", hours[2:], [3.0, 4.0]))

    cpu = hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1"], period=FOUR_HOURS)

    assert cpu.average.tolist() == [[1.0, 2.0, 3.0, 4.0]]
    assert cpu.is_complete.tolist() == [True]


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_an_instance_that_is_not_told_to_the_end_is_not_complete(wire, aws, status):
    answer = only("a0", [FOUR_HOURS.start], [1.0], status)
    told = [{"Code": "TooMuch", "Value": "words of the upstream"}]
    wire.answers("GetMetricData", lambda r: answer(r) | {"Messages": told})

    cpu = hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1", "i-2"], period=FOUR_HOURS)

    assert cpu.is_complete.tolist() == [False, True]
    assert cpu.messages == {"TooMuch"}


def test_an_instance_left_out_of_the_answer_is_not_complete(wire, aws):
    wire.answers("GetMetricData", {"MetricDataResults": []})

    cpu = hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1"], period=FOUR_HOURS)

    assert cpu.is_complete.tolist() == [False]


def test_implausible_values_are_refused_and_counted(wire, aws):
    hours = [FOUR_HOURS.start + n * HOUR for n in range(4)]
    wire.answers("GetMetricData", only("a0", hours, [-1.0, 250.0, 100.000001, 50.0]))

    cpu = hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1"], period=FOUR_HOURS)

    assert np.array_equal(cpu.average, [[np.nan, np.nan, 100.0, 50.0]], equal_nan=True)
    assert cpu.refused_values == 2


def test_hours_nobody_asked_for_are_refused_and_counted(wire, aws):
    hours = [FOUR_HOURS.start - HOUR, FOUR_HOURS.start, FOUR_HOURS.start + timedelta(minutes=5)]
    wire.answers("GetMetricData", only("a0", hours, [1.0, 2.0, 3.0]))

    cpu = hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1"], period=FOUR_HOURS)

    assert cpu.average[0, 0] == 2.0
    assert np.isnan(cpu.average[0, 1:]).all()
    assert cpu.refused_values == 2


def test_a_metric_that_may_not_be_read_is_denied(wire, aws):
    wire.answers("GetMetricData", only("a0", [], [], "Forbidden"))

    with pytest.raises(UpstreamRejected) as caught:
        hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1"], period=FOUR_HOURS)
    assert caught.value.reason is Reason.DENIED


@pytest.mark.parametrize(
    "body",
    [
        {"MetricDataResults": [{"Id": "never-asked", "Timestamps": [], "Values": []}]},
        {"MetricDataResults": [{"Id": "a0", "Timestamps": [1], "Values": [1.0, 2.0]}]},
        {"MetricDataResults": [{"Id": "a0", "Timestamps": [1773820800], "Values": ["much"]}]},
        {"MetricDataResults": "none"},
        {"Messages": []},
    ],
)
def test_an_answer_of_another_shape_is_misunderstood(wire, aws, body):
    wire.answers("GetMetricData", Raw(json.dumps(body).encode(), content_type="application/x-amz-json-1.0"))

    with pytest.raises(UpstreamMisunderstood):
        hourly_cpu(aws, region=FRANKFURT, instance_ids=["i-1"], period=FOUR_HOURS)


@given(st.integers(min_value=1, max_value=455 * 24))
def test_a_call_never_asks_more_than_cloudwatch_allows(hours):
    instances = most_instances(hours=hours)

    assert 1 <= instances <= 166  # 500 queries, three for each instance
    assert instances * 3 * hours <= 100_800


# Which hours are wanted -------------------------------------------------------------------------------------


@pytest.fixture
def account(db):  # noqa: ARG001 (asks for the database)
    return AwsAccountFactory.create(enabled_regions=[FRANKFURT])


def hour(day, of_day):
    return datetime(2026, 3, day, tzinfo=UTC) + of_day * HOUR


def wanted(account, *, start=MARCH_15, end=NOW, now=NOW):
    return {
        one.instance_id: (one.start, one.end)
        for one in wanted_hours(account=account, period=Period(start, end), now=now)
    }


def test_a_running_instance_is_asked_for_every_whole_hour_of_the_period(account):
    InstanceFactory.create(aws_account=account, instance_id="i-1")

    assert wanted(account) == {"i-1": (hour(15, 0), hour(18, 12))}


def test_an_instance_is_not_asked_for_hours_before_its_first_launch(account):
    InstanceFactory.create(aws_account=account, instance_id="i-1", first_launched_at=hour(17, 9.5))

    assert wanted(account) == {"i-1": (hour(17, 9), hour(18, 12))}


def stopped(account, instance_id, *, at=None, **more):
    reason = f"User initiated ({at:%Y-%m-%d %H:%M:%S} GMT)" if at else "Server.ScheduledStop: retired"
    return InstanceFactory.create(
        aws_account=account, instance_id=instance_id, state="stopped", state_transition_reason=reason, **more
    )


def test_a_stopped_instance_is_asked_up_to_its_stop(account):
    stopped(account, "i-within", at=hour(16, 10.5))
    stopped(account, "i-before", at=hour(10, 0))

    assert wanted(account) == {"i-within": (hour(15, 0), hour(16, 11))}


def test_one_stopped_nobody_knows_when_is_asked_for_whole_settled_days(account):
    stopped(account, "i-1")

    assert wanted(account) == {"i-1": (hour(15, 0), hour(18, 0))}


def test_one_started_today_and_stopped_nobody_knows_when_is_asked_up_to_now(account):
    stopped(account, "i-1", launched_at=hour(18, 6))

    assert wanted(account) == {"i-1": (hour(15, 0), hour(18, 12))}


def test_one_that_is_gone_is_asked_until_it_was_missed(account):
    InstanceFactory.create(aws_account=account, instance_id="i-1", gone_at=hour(17, 3.2))

    assert wanted(account) == {"i-1": (hour(15, 0), hour(17, 4))}


def test_regions_that_are_not_enabled_are_not_asked(account):
    InstanceFactory.create(aws_account=account, region="me-south-1")

    assert wanted(account) == {}


def test_no_more_is_asked_than_cloudwatch_keeps(account):
    InstanceFactory.create(aws_account=account, instance_id="i-1", first_launched_at=hour(1, 0) - timedelta(days=900))

    start, _ = wanted(account, start=NOW - timedelta(days=800))["i-1"]

    assert start == datetime(2024, 12, 18, 12, tzinfo=UTC)  # 455 days before


def test_hours_stored_for_good_are_not_asked_again_and_the_latest_three_are(account, wire, aws):
    InstanceFactory.create(aws_account=account, instance_id="i-1")
    wire.answers("GetMetricData", measured())
    refresh_utilization(account=account, aws=aws, period=Period(hour(15, 0), NOW), now=NOW)

    # Asked at 12:30: what ended by 9:30 has settled.
    assert wanted(account, now=NOW) == {"i-1": (hour(18, 9), hour(18, 12))}
    assert wanted(account, end=NOW + HOUR, now=NOW + HOUR) == {"i-1": (hour(18, 9), hour(18, 13))}


def test_a_day_asked_while_it_was_going_on_is_asked_again_after_it(account, wire, aws):
    InstanceFactory.create(aws_account=account, instance_id="i-1")
    wire.answers("GetMetricData", measured())
    refresh_utilization(account=account, aws=aws, period=Period(hour(15, 0), NOW), now=NOW)
    days_later = NOW + timedelta(days=5)

    assert wanted(account, end=days_later, now=days_later) == {"i-1": (hour(18, 0), hour(23, 12))}


def test_a_hole_is_asked_for_from_where_it_begins(account, wire, aws):
    InstanceFactory.create(aws_account=account, instance_id="i-1")
    wire.answers("GetMetricData", measured())
    refresh_utilization(account=account, aws=aws, period=Period(hour(15, 0), NOW), now=NOW)
    MetricDay.objects.filter(day=date(2026, 3, 16)).delete()

    assert wanted(account)["i-1"][0] == hour(16, 0)


def test_a_period_of_many_months_is_told_from_one_that_is_stored(account, wire, aws):
    InstanceFactory.create(aws_account=account, instance_id="i-1", first_launched_at=hour(1, 0) - timedelta(days=200))
    wire.answers("GetMetricData", measured())
    long = Period(NOW - timedelta(days=150), NOW)
    refresh_utilization(account=account, aws=aws, period=long, now=NOW)
    assert wanted(account, start=long.start)["i-1"][0] == hour(18, 9)

    missing = NOW.date() - timedelta(days=140)
    MetricDay.objects.filter(day=missing).delete()

    assert wanted(account, start=long.start)["i-1"][0].date() == missing


def test_those_who_want_the_same_hours_are_asked_together():
    ends = hour(18, 12)
    new = [Wanted(n, FRANKFURT, f"i-new{n}", ends - timedelta(days=35), ends) for n in range(50)]
    known = [Wanted(n, FRANKFURT, f"i-{n}", hour(18, 9), ends) for n in range(100, 400)]
    elsewhere = [Wanted(900, DUBLIN, "i-900", hour(18, 9), ends)]

    calls = list(batches([*known, *elsewhere, *new]))

    # 35 days are 840 hours: 100,800 points are enough for 40 instances. Then ten more, and 156 times 3 hours …
    assert [(call.region, len(call.wanted)) for call in calls] == [
        (FRANKFURT, 40),
        (FRANKFURT, 40),
        (FRANKFURT, 166),
        (FRANKFURT, 104),
        (DUBLIN, 1),
    ]
    assert all(len(c.wanted) * 3 * (c.period.length // HOUR) <= 100_800 for c in calls)
    assert {one.pk for call in calls for one in call.wanted} == {one.pk for one in [*new, *known, *elsewhere]}


# The refresh ------------------------------------------------------------------------------------------------


def refresh(account, aws, *, period=TODAY, now=NOW, **more):
    return refresh_utilization(account=account, aws=aws, period=period, now=now, **more)


def touched(account):
    return {day.day for day in TouchedDay.objects.filter(aws_account=account).values_list("day", flat=True)}


def test_a_refresh_stores_a_row_a_day_and_touches_the_days(wire, aws, account):
    instance = InstanceFactory.create(aws_account=account, instance_id="i-1")
    wire.answers("GetMetricData", measured(average=20, maximum=60, samples=60))
    told = []

    outcome = refresh(account, aws, period=Period(hour(17, 0), NOW), progress=lambda **step: told.append(step))

    yesterday, today = MetricDay.objects.filter(instance=instance).order_by("day")
    assert yesterday.average.tolist() == [20.0] * 24
    assert today.maximum[:12].tolist() == [60.0] * 12
    assert np.isnan(today.maximum[12:]).all()
    assert (today.metric, today.source, today.retrieved_at) == ("CPUUtilization", "aws_cloudwatch", NOW)
    assert (outcome.rows_read, outcome.rows_written, outcome.parts[FRANKFURT].rows) == (1, 2, 1)
    assert touched(account) == {17, 18}
    assert told[-1] == {"done": 1, "total": 1, "part": FRANKFURT}


def test_a_second_refresh_at_the_same_moment_changes_nothing(wire, aws, account):
    InstanceFactory.create(aws_account=account)
    wire.answers("GetMetricData", measured())
    refresh(account, aws)

    def everything():
        rows = MetricDay.objects.order_by("day").values_list("day", "average", "sample_count", "retrieved_at")
        touches = TouchedDay.objects.order_by("day").values_list("day", "version")
        return str(list(rows)), list(touches)

    before = everything()

    outcome = refresh(account, aws)

    assert everything() == before
    assert outcome.rows_written == 0


def test_an_hour_already_stored_is_kept_where_the_answer_has_none(wire, aws, account):
    InstanceFactory.create(aws_account=account)
    wire.answers("GetMetricData", measured(average=20), measured(average=30, hours={11}))
    refresh(account, aws)

    refresh(account, aws)

    day = MetricDay.objects.get()
    assert day.average[[10, 11]].tolist() == [20.0, 30.0]


def test_a_settled_hour_without_a_value_counts_no_samples_and_a_fresh_one_stays_unknown(wire, aws, account):
    InstanceFactory.create(aws_account=account)
    wire.answers("GetMetricData", measured(hours={3}))

    refresh(account, aws)  # at 12:30: what ended by 9:30 has settled

    day = MetricDay.objects.get()
    assert day.sample_count[:9].tolist() == [0, 0, 0, 60, 0, 0, 0, 0, 0]
    assert np.isnan(day.sample_count[9:]).all()
    assert np.isnan(day.average[[0, 1, 2, 4]]).all()


def test_an_instance_that_is_not_told_to_the_end_is_left_out_and_asked_again(wire, aws, account):
    InstanceFactory.create(aws_account=account, instance_id="i-1")
    InstanceFactory.create(aws_account=account, instance_id="i-2")
    answer = only("a0", [hour(18, 3)], [5.0], "PartialData")
    wire.answers("GetMetricData", answer)

    outcome = refresh(account, aws)

    assert [day.instance.instance_id for day in MetricDay.objects.all()] == ["i-2"]
    assert "1 instances" in outcome.notes[0]
    assert wanted(account, start=TODAY.start)["i-1"] == (hour(18, 0), hour(18, 12))


def test_refused_values_are_counted_and_not_stored(wire, aws, account):
    InstanceFactory.create(aws_account=account)
    wire.answers("GetMetricData", measured(average=250, maximum=260))

    outcome = refresh(account, aws)

    assert outcome.refused_values == 24
    assert np.isnan(MetricDay.objects.get().average).all()


def test_only_days_whose_values_changed_are_touched(wire, aws, account):
    InstanceFactory.create(aws_account=account)
    period = Period(hour(17, 0), NOW)
    wire.answers("GetMetricData", measured())
    refresh(account, aws, period=period, now=NOW)
    TouchedDay.objects.all().delete()
    MetricDay.objects.update(retrieved_at=hour(17, 1))

    outcome = refresh(account, aws, period=period, now=NOW + timedelta(minutes=5))

    assert outcome.rows_written == 2
    assert touched(account) == set()


def test_a_region_that_denies_is_a_failed_part_and_the_others_go_on(wire, aws, account):
    account.enabled_regions = [FRANKFURT, DUBLIN]
    InstanceFactory.create(aws_account=account, region=FRANKFURT)
    InstanceFactory.create(aws_account=account, region=DUBLIN)
    wire.answers("GetMetricData", measured(), region=FRANKFURT)
    wire.answers("GetMetricData", Refusal("AccessDeniedException"), region=DUBLIN)

    outcome = refresh(account, aws)

    assert MetricDay.objects.get().instance.region == FRANKFURT
    assert "cloudwatch:GetMetricData" in outcome.failed_parts[DUBLIN].fix


def test_an_account_of_which_nothing_is_told_raises_and_changes_nothing(wire, aws, account):
    InstanceFactory.create(aws_account=account)
    wire.answers("GetMetricData", Raw(b"<html></html>"))

    with pytest.raises(UpstreamMisunderstood):
        refresh(account, aws)
    assert not MetricDay.objects.exists()


def test_an_account_without_instances_asks_nothing(wire, aws, account):
    outcome = refresh(account, aws)

    assert (outcome.rows_read, outcome.parts, wire.requests) == (0, {}, [])


def test_a_budget_that_is_spent_leaves_one_reading_a_day(wire, aws, account, settings):
    settings.CLOUDWATCH_BUDGET_USD_PER_MONTH = "1"
    InstanceFactory.create(aws_account=account, instance_id="i-1")
    wire.answers("GetMetricData", measured())
    refresh(account, aws)
    SourceStatusFactory.create(
        aws_account=account, source="aws_cloudwatch", month=date(2026, 3, 1), cost_usd=Decimal("0.95")
    )
    wire.requests.clear()

    soon = refresh(account, aws, now=NOW + HOUR, period=Period(TODAY.start, NOW + HOUR))
    assert not wire.requests
    assert "1 instances were not asked" in soon.notes[0]

    tomorrow = NOW + timedelta(days=1)
    later = refresh(account, aws, now=tomorrow, period=Period(TODAY.start, tomorrow))
    assert len(wire.requests) == 1
    assert not later.notes


def test_many_instances_are_written_in_parts(wire, aws, account):
    for number in range(170):
        InstanceFactory.create(aws_account=account, instance_id=f"i-{number}")
    wire.answers("GetMetricData", measured())

    outcome = refresh(account, aws)

    assert outcome.rows_written == MetricDay.objects.count() == 170
    assert [len(asked_instances(request)) for request in sorted(wire.requests, key=lambda r: -len(str(r)))] == [166, 4]
