from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError

from finops.core.periods import DAY, Period
from finops.sandbox.scenario import Scenario, prices
from finops.sandbox.scenario.bills import COMPUTE, RESERVED_SHARE, SAVINGS_PLAN_SHARE, Bills
from finops.sandbox.scenario.instance_types import INSTANCE_TYPES
from finops.sandbox.scenario.platforms import LINUX
from finops.sandbox.scenario.prices import on_demand_usd_per_hour
from tests.sandbox_fixtures import ONE_TRY, SANDBOX_NOW

TODAY = SANDBOX_NOW.date()
CLOSED = TODAY - 10 * DAY
PAYER, WORKLOADS, RESEARCH, SHOP = "111122223333", "444455556666", "777788889999", "222233334444"
CENT = Decimal("0.01")


@pytest.fixture
def bill(aws_client):
    return aws_client("ce", profile="platform-payer", region="us-east-1")


def costs(client, *group_by, start=CLOSED, end=CLOSED + DAY, granularity="DAILY", metric="UnblendedCost", **more):
    groups = {"GroupBy": [{"Type": "DIMENSION", "Key": key} for key in group_by]} if group_by else {}
    answer = client.get_cost_and_usage(
        TimePeriod={"Start": start.isoformat(), "End": end.isoformat()},
        Granularity=granularity,
        Metrics=[metric],
        **groups,
        **more,
    )
    return answer["ResultsByTime"]


def by_keys(result, metric="UnblendedCost"):
    return {tuple(group["Keys"]): Decimal(group["Metrics"][metric]["Amount"]) for group in result["Groups"]}


def dimension(key, *values):
    return {"Dimensions": {"Key": key, "Values": list(values)}}


def test_the_end_does_not_belong_to_the_time(bill):
    results = costs(bill, start=CLOSED, end=CLOSED + 3 * DAY)

    assert [result["TimePeriod"]["Start"] for result in results] == [str(CLOSED + n * DAY) for n in range(3)]


def test_groups_add_up_to_the_total_however_it_is_cut(bill):
    total = Decimal(costs(bill)[0]["Total"]["UnblendedCost"]["Amount"])

    for keys in (["SERVICE"], ["LINKED_ACCOUNT", "RECORD_TYPE"], ["REGION", "SERVICE"], ["USAGE_TYPE"]):
        assert sum(by_keys(costs(bill, *keys)[0]).values()) == pytest.approx(total, abs=CENT)


def test_a_month_is_the_sum_of_its_days(bill):
    first = TODAY.replace(day=1)
    days = costs(bill, start=first, end=TODAY)
    [month] = costs(bill, start=first, end=TODAY, granularity="MONTHLY")

    total = sum(Decimal(result["Total"]["UnblendedCost"]["Amount"]) for result in days)
    assert Decimal(month["Total"]["UnblendedCost"]["Amount"]) == pytest.approx(total, abs=CENT)


def test_a_payer_answers_for_its_member_and_a_member_for_itself(bill, aws_client):
    [both] = costs(bill, "LINKED_ACCOUNT")
    [own] = costs(aws_client("ce", region="us-east-1"), "LINKED_ACCOUNT")

    assert set(by_keys(both)) == {(PAYER,), (WORKLOADS,)}
    assert by_keys(own) == {(WORKLOADS,): by_keys(both)[WORKLOADS,]}


def test_filters_choose(bill):
    whole = by_keys(costs(bill, "SERVICE", "RECORD_TYPE")[0])

    [compute] = costs(bill, "SERVICE", "RECORD_TYPE", Filter=dimension("SERVICE", COMPUTE))
    [rest] = costs(bill, "SERVICE", "RECORD_TYPE", Filter={"Not": dimension("SERVICE", COMPUTE)})
    [usage] = costs(
        bill,
        "SERVICE",
        "RECORD_TYPE",
        Filter={"And": [dimension("SERVICE", COMPUTE), dimension("RECORD_TYPE", "Usage", "SavingsPlanCoveredUsage")]},
    )

    assert by_keys(compute) | by_keys(rest) == whole
    assert {keys[1] for keys in by_keys(usage)} == {"Usage", "SavingsPlanCoveredUsage"}


def list_costs(scenario, account_id, day):
    """(how it is bought, billed hours × list price) of each run of an account on a day."""
    for machine in scenario.machines_of(account_id):
        group = machine.group
        parts = machine.timeline.billed(
            Period.of_day(day), full_hours=group.platform.is_billed_by_full_hours, known_until=SANDBOX_NOW
        )
        for run, part in parts:
            kind = INSTANCE_TYPES[run.instance_type]
            price = on_demand_usd_per_hour(kind, machine.region, group.platform, machine.price_tenancy)
            hours = Decimal(int(part.length.total_seconds())) / 3600
            if group.lifecycle == "spot":
                yield "spot", hours * prices.spot_usd_per_hour(kind, machine.region, group.platform, day)
            elif machine.price_tenancy == "Host":
                yield "host", hours * prices.DEDICATED_HOST_USD_PER_HOUR
            else:
                is_coverable = group.platform == LINUX and machine.price_tenancy == "Shared"
                yield "coverable" if is_coverable else "on demand", hours * price


@pytest.mark.parametrize(
    ("account_id", "payer_id", "covered_share"),
    [
        (PAYER, PAYER, SAVINGS_PLAN_SHARE),
        (WORKLOADS, PAYER, SAVINGS_PLAN_SHARE),
        (RESEARCH, RESEARCH, Decimal(0)),
        (SHOP, SHOP, RESERVED_SHARE),
    ],
)
def test_compute_is_billed_time_times_price_but_for_the_named_discounts(sandbox, account_id, payer_id, covered_share):
    expected = Decimal(0)
    for how, cost in list_costs(sandbox.scenario, account_id, CLOSED):
        expected += cost * (1 - covered_share) if how == "coverable" else cost

    lines = Bills(sandbox.scenario).lines(payer_id, CLOSED, at=SANDBOX_NOW)

    billed = [
        line.unblended_usd
        for line in lines
        if (line.account_id, line.service, line.record_type) == (account_id, COMPUTE, "Usage")
    ]
    assert sum(billed) == pytest.approx(expected, abs=Decimal("0.0001"))


def test_negation_takes_back_what_the_savings_plan_covers(bill):
    [result] = costs(bill, "RECORD_TYPE")
    [amortized] = costs(bill, "RECORD_TYPE", metric="AmortizedCost")

    cost, worth = by_keys(result), by_keys(amortized, "AmortizedCost")
    assert cost["SavingsPlanCoveredUsage",] == -cost["SavingsPlanNegation",]
    assert worth["SavingsPlanCoveredUsage",] == pytest.approx(
        cost["SavingsPlanCoveredUsage",] * prices.SAVINGS_PLAN_FACTOR, abs=CENT
    )
    assert worth["SavingsPlanNegation",] == 0
    assert cost["SavingsPlanRecurringFee",] > worth["SavingsPlanRecurringFee",] > 0


def test_other_accounts_have_credits_tax_and_reservations(sandbox, aws_client):
    sandbox.sign_in()
    research = by_keys(costs(aws_client("ce", profile="research", region="us-east-1"), "RECORD_TYPE")[0])
    shop = by_keys(costs(aws_client("ce", profile="shop", region="us-east-1"), "RECORD_TYPE")[0])

    assert research["Credit",] < 0
    assert research["Tax",] > 0
    assert shop["DiscountedUsage",] == 0


def test_the_last_two_days_are_estimated_and_not_complete(sandbox, bill):
    results = costs(bill, start=TODAY - 4 * DAY, end=TODAY + DAY)
    final = Bills(sandbox.scenario).lines(PAYER, TODAY - DAY, at=SANDBOX_NOW + 3 * DAY)

    assert [result["Estimated"] for result in results] == [False, False, False, True, True]
    yesterday = Decimal(results[3]["Total"]["UnblendedCost"]["Amount"])
    assert 0 < yesterday < sum(line.unblended_usd for line in final)
    assert Decimal(results[4]["Total"]["UnblendedCost"]["Amount"]) < yesterday


def test_list_cost_and_bill_are_near_but_not_equal():
    scenario = Scenario.demo(now=SANDBOX_NOW)  # the small one has too few machines for shares to mean anything
    bills = Bills(scenario)
    for account in scenario.accounts:
        modelled = billed = Decimal(0)
        for day in [TODAY - number * DAY for number in range(3, 24)]:
            for machine in scenario.machines_of(account.account_id):
                modelled += list_cost_of(machine, day)
            billed += sum(
                line.unblended_usd
                for line in bills.lines(account.payer_account_id, day, at=SANDBOX_NOW)
                if line.account_id == account.account_id
                and line.service == COMPUTE
                and line.record_type in {"Usage", "SavingsPlanCoveredUsage", "DiscountedUsage"}
            )
        assert Decimal("0.8") < billed / modelled < Decimal("1.3")
        assert abs(billed / modelled - 1) > Decimal("0.01")


def list_cost_of(machine, day):
    full_hours = machine.group.platform.is_billed_by_full_hours
    cost = Decimal(0)
    for run, part in machine.timeline.billed(Period.of_day(day), full_hours=full_hours, known_until=SANDBOX_NOW):
        kind = INSTANCE_TYPES[run.instance_type]
        price = on_demand_usd_per_hour(kind, machine.region, machine.group.platform, machine.price_tenancy)
        cost += (price or 0) * Decimal(int(part.length.total_seconds())) / 3600
    return cost


@pytest.mark.parametrize(
    "asked",
    [
        {"start": CLOSED, "end": CLOSED},
        {"start": CLOSED, "end": CLOSED + DAY, "granularity": "HOURLY"},
        {"metric": "Joy"},
        {"start": date(2020, 1, 1), "end": date(2020, 2, 1)},
    ],
)
def test_what_cost_explorer_refuses_is_refused(bill, asked):
    with pytest.raises(ClientError) as raised:
        costs(bill, **asked)

    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_three_groups_are_one_too_many(bill):
    with pytest.raises(ClientError, match="two GroupBy"):
        costs(bill, "SERVICE", "RECORD_TYPE", "REGION")


def test_long_answers_come_in_pages(bill, sandbox):
    start = TODAY - timedelta(days=30)
    question = {
        "TimePeriod": {"Start": str(start), "End": str(TODAY)},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "DIMENSION", "Key": "USAGE_TYPE"}, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}],
    }
    told, token = defaultdict(Decimal), {}
    while True:
        answer = bill.get_cost_and_usage(**question, **token)
        for result in answer["ResultsByTime"]:
            for keys, amount in by_keys(result).items():
                assert (result["TimePeriod"]["Start"], keys) not in told
                told[result["TimePeriod"]["Start"], keys] = amount
        if "NextPageToken" not in answer:
            break
        token = {"NextPageToken": answer["NextPageToken"]}

    total = sum(Decimal(result["Total"]["UnblendedCost"]["Amount"]) for result in costs(bill, start=start, end=TODAY))
    assert sum(told.values()) == pytest.approx(total, abs=CENT)
    assert sandbox.log.count("GetCostAndUsage") > 2


def test_a_key_nobody_has_is_not_let_in(sandbox):
    client = boto3.client(
        "ce",
        region_name="us-east-1",
        endpoint_url=sandbox.aws_url,
        aws_access_key_id="unknown",
        aws_secret_access_key="unknown",
        config=ONE_TRY,
    )

    with pytest.raises(ClientError) as raised:
        costs(client)

    assert raised.value.response["Error"]["Code"] == "UnrecognizedClientException"
