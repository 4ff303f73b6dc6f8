from datetime import date
from decimal import Decimal

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from costing.clients.aws_bills import AwsBills, BilledRow, _cost
from finops.core.periods import Period
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected, UpstreamUnavailable
from tests.costing.cost_explorer import answer, day, group, recorded_months
from tests.costing.local_aws import refusal

ACCOUNT = "111111111111"
EC2 = "Amazon Elastic Compute Cloud - Compute"
ONE_DAY = Period.of_day(date(2026, 3, 10))
THREE_DAYS = Period.of_days(date(2026, 3, 10), date(2026, 3, 12))


def bill(aws, period=ONE_DAY):
    return AwsBills(aws).of_account(ACCOUNT, period=period)


def test_a_bill_is_asked_by_the_day_with_its_end_left_out(aws):
    client = aws.client("ce", region="us-east-1")
    asked = {
        "TimePeriod": {"Start": "2026-03-10", "End": "2026-03-13"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "AmortizedCost"],
        "Filter": {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [ACCOUNT]}},
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}],
    }
    with Stubber(client) as stubber:
        stubber.add_response(
            "get_cost_and_usage",
            answer(
                day("2026-03-10", group(EC2, "Usage", unblended="2.7600000000", amortized="1.5")),
                day("2026-03-11"),
                day("2026-03-12", group(EC2, "Credit", unblended="-1.04E-8"), estimated=True),
            ),
            asked,
        )
        told = bill(aws, THREE_DAYS)

    assert told.days == set(THREE_DAYS.days())
    assert told.rows == [
        BilledRow(ACCOUNT, date(2026, 3, 10), EC2, "Usage", "USD", Decimal("2.76"), Decimal("1.5"), is_estimated=False),
        BilledRow(
            ACCOUNT,
            date(2026, 3, 12),
            EC2,
            "Credit",
            "USD",
            Decimal("-1.04E-8"),
            Decimal("-1.04E-8"),
            is_estimated=True,
        ),
    ]


def test_six_recorded_months_keep_their_totals(aws, local_aws):
    # The recording is by month and by service alone; each month is told as a day of March, all of it usage.
    months = recorded_months()
    local_aws.answers["GetCostAndUsage"] = lambda _: answer(
        *(
            day(
                f"2026-03-{number:02}",
                *(
                    group(*one["Keys"], "Usage", unblended=one["Metrics"]["UnblendedCost"]["Amount"])
                    for one in month["Groups"]
                ),
                estimated=month["Estimated"],
            )
            for number, month in enumerate(months, start=1)
        )
    )

    told = bill(aws, Period.of_days(date(2026, 3, 1), date(2026, 3, 6)))

    recorded = [Decimal(one["Metrics"]["UnblendedCost"]["Amount"]) for month in months for one in month["Groups"]]
    assert len(told.rows) == len(recorded) == 160
    assert sum(row.unblended_cost for row in told.rows) == sum(recorded)
    assert {EC2, "EC2 - Other"} <= {row.service for row in told.rows}


def test_every_page_is_read_and_each_costs_a_cent(aws, local_aws):
    pages = {
        None: answer(day("2026-03-10", group(EC2, "Usage", unblended="1")), token="two"),
        "two": answer(day("2026-03-10", group("EC2 - Other", "Usage", unblended="2")), token="three"),
        "three": answer(day("2026-03-11"), day("2026-03-12")),
    }
    local_aws.answers["GetCostAndUsage"] = lambda asked: pages[asked.get("NextPageToken")]

    told = bill(aws, THREE_DAYS)

    assert [row.unblended_cost for row in told.rows] == [1, 2]
    assert told.days == set(THREE_DAYS.days())
    assert (aws.meter.calls, aws.meter.cost_usd) == ({"GetCostAndUsage": 3}, Decimal("0.03"))


def test_an_answer_that_names_fewer_days_is_about_these_alone(aws, local_aws):
    local_aws.answers["GetCostAndUsage"] = lambda _: answer(day("2026-03-11"))

    assert bill(aws, THREE_DAYS).days == {date(2026, 3, 11)}


def test_no_days_are_not_asked_about(aws, local_aws):
    assert bill(aws, Period(ONE_DAY.start, ONE_DAY.start)).days == set()
    assert local_aws.requests == []


def test_a_payer_asks_for_usage_and_for_all_else_and_nothing_is_in_both(aws, local_aws):
    local_aws.answers["GetCostAndUsage"] = lambda _: answer(day("2026-03-10", group(ACCOUNT, "Tax", unblended="1")))
    bills = AwsBills(aws)

    usage = bills.usage_of_linked_accounts(period=ONE_DAY).rows
    other = bills.other_charges_of_linked_accounts(period=ONE_DAY).rows

    assert [(row.account_id, row.service, row.record_type) for row in usage] == [(ACCOUNT, "Tax", "Usage")]
    assert [(row.account_id, row.service, row.record_type) for row in other] == [(ACCOUNT, "", "Tax")]
    one, two = local_aws.asked("GetCostAndUsage")
    assert two["Filter"] == {"Not": one["Filter"]}
    assert one["Filter"]["Dimensions"]["Key"] == "RECORD_TYPE"
    assert [[by["Key"] for by in asked["GroupBy"]] for asked in (one, two)] == [
        ["LINKED_ACCOUNT", "SERVICE"],
        ["LINKED_ACCOUNT", "RECORD_TYPE"],
    ]


def broken(**changes):
    told = day("2026-03-10", group(EC2, "Usage", unblended="1"))
    return answer(told | changes)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"ResultsByTime": None},
        {"ResultsByTime": [None]},
        broken(TimePeriod={"Start": "2026-03-01", "End": "2026-04-01"}),  # a month in place of a day
        broken(TimePeriod={"Start": "2026-03-11", "End": "2026-03-12"}),  # a day that was not asked for
        broken(TimePeriod={"Start": "March", "End": "April"}),
        broken(Estimated=None),
        broken(Groups=None),
        broken(Groups=[group(EC2, unblended="1")]),
        broken(Groups=[group(EC2, "Usage", "more", unblended="1")]),
        broken(Groups=[{"Keys": [EC2, "Usage"], "Metrics": {"UnblendedCost": {"Amount": "1", "Unit": "USD"}}}]),
        broken(Groups=[group(EC2, "Usage", unblended="NaN")]),
        broken(Groups=[group(EC2, "Usage", unblended="1,5")]),
        broken(Groups=[group(EC2, "Usage", unblended="")]),
        broken(Groups=[group(EC2, "Usage", unblended="1e15")]),
        broken(Groups=[group(EC2, "Usage", unblended="1", currency="N/A")]),
        broken(Groups=[group(EC2, "Usage", unblended="1"), group(EC2, "Usage", unblended="1")]),
    ],
)
def test_an_answer_that_cannot_be_read_is_an_error_and_never_an_empty_bill(aws, local_aws, told):
    local_aws.answers["GetCostAndUsage"] = lambda _: told

    with pytest.raises(UpstreamMisunderstood):
        bill(aws)


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        ("LimitExceededException", UpstreamUnavailable, Reason.RATE_LIMITED),
        ("DataUnavailableException", UpstreamRejected, Reason.NO_DATA),
        ("AccessDeniedException", UpstreamRejected, Reason.DENIED),
        ("ExpiredTokenException", UpstreamRejected, Reason.LOGIN_NEEDED),
    ],
)
def test_each_way_to_fail_is_one_of_our_errors_and_costs_nothing(aws, code, error, reason):
    client = aws.client("ce", region="us-east-1")
    with Stubber(client) as stubber:
        stubber.add_client_error("get_cost_and_usage", code)
        with pytest.raises(error) as caught:
            bill(aws)

    assert caught.value.reason is reason
    assert aws.meter.cost_usd == 0


def test_an_error_on_a_later_page_leaves_no_half_of_a_bill(aws, local_aws):
    first = answer(day("2026-03-10", group(EC2, "Usage", unblended="1")), token="two")
    local_aws.answers["GetCostAndUsage"] = lambda asked: (
        refusal("ValidationException") if "NextPageToken" in asked else first
    )

    with pytest.raises(UpstreamRejected):
        bill(aws)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=10))
def test_any_cost_comes_out_as_it_was_written(amount):
    assert _cost(str(amount)) == _cost(f"{amount:f}") == amount
