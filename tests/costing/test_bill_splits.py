"""Usage by region and usage type: each cent once, and no page asked for that tells nothing new."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from costing.models import BilledCost, BilledSplit
from costing.services.bills import refresh_bills
from finops.core.periods import Period
from tests.costing.cost_explorer import CostExplorer
from tests.costing.local_aws import refusal
from tests.factories import NOW, AwsAccountFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("explorer")]
EC2, S3 = "Amazon Elastic Compute Cloud - Compute", "Amazon Simple Storage Service"
PAYER, MEMBER, STRANGER = "111111111111", "222222222222", "333333333333"
DAYS = Period.of_days(date(2026, 3, 9), date(2026, 3, 17))


@pytest.fixture
def account(team):
    return AwsAccountFactory.create(team=team, account_id=PAYER, name="Payer")


@pytest.fixture
def member(account):
    return AwsAccountFactory.create(team=account.team, account_id=MEMBER, name="Member", payer=account)


@pytest.fixture
def explorer(local_aws):
    """Two regions and two usage types; yesterday's bill (17 March) still grows."""
    made = CostExplorer(
        ("2026-03-10", PAYER, EC2, "Usage", "10", "10", "eu-central-1", "EUC1-BoxUsage:m5.large"),
        ("2026-03-10", PAYER, EC2, "Usage", "5", "5", "us-east-1", "BoxUsage:m5.large"),
        ("2026-03-10", PAYER, S3, "Usage", "0.30", "0.30", "eu-central-1", "EUC1-TimedStorage"),
        ("2026-03-10", PAYER, "Tax", "Tax", "1.90", "1.90", "NoRegion", "NoUsageType"),
        ("2026-03-10", MEMBER, EC2, "SavingsPlanCoveredUsage", "4", "2.50", "us-east-1", "BoxUsage:m5.large"),
        ("2026-03-10", MEMBER, EC2, "SavingsPlanNegation", "-4", "0", "us-east-1", "BoxUsage:m5.large"),
        ("2026-03-10", STRANGER, EC2, "Usage", "99", "99", "us-east-1", "BoxUsage:m5.large"),
        ("2026-03-17", PAYER, EC2, "Usage", "3", "3", "us-east-1", "BoxUsage:m5.large"),
    )
    local_aws.answers["GetCostAndUsage"] = made
    return made


def refresh(account, aws):
    return refresh_bills(account=account, aws=aws, period=DAYS, now=NOW)


def stored(dimension, **only):
    return {
        (row.aws_account.account_id, row.covers_members, row.service, row.value): row.unblended_cost
        for row in BilledSplit.objects.filter(dimension=dimension, **only).select_related("aws_account")
    }


def keys_asked(local_aws):
    return Counter("+".join(group["Key"] for group in asked["GroupBy"]) for asked in local_aws.asked("GetCostAndUsage"))


def test_the_usage_of_an_account_is_told_by_service_and_region_and_by_service_and_usage_type(account, aws):
    refresh(account, aws)

    assert stored("region") == {
        (PAYER, False, EC2, "eu-central-1"): 10,
        (PAYER, False, EC2, "us-east-1"): 5,
        (PAYER, False, S3, "eu-central-1"): Decimal("0.30"),
    }
    assert {key[3] for key in stored("usage_type")} == {
        "EUC1-BoxUsage:m5.large",
        "BoxUsage:m5.large",
        "EUC1-TimedStorage",
    }
    assert aws.meter.cost_usd == Decimal("0.03")


@pytest.mark.usefixtures("member")
def test_a_payer_is_asked_six_questions_however_many_members_it_has(account, aws, local_aws):
    AwsAccountFactory.create(team=account.team, payer=account)

    refresh(account, aws)

    assert stored("region") == {
        (PAYER, True, EC2, "eu-central-1"): 10,
        (PAYER, True, EC2, "us-east-1"): 9,
        (PAYER, True, S3, "eu-central-1"): Decimal("0.30"),
        (PAYER, False, "", "eu-central-1"): Decimal("10.30"),
        (PAYER, False, "", "us-east-1"): 5,
        (MEMBER, False, "", "us-east-1"): 4,
    }
    assert keys_asked(local_aws) == {
        "LINKED_ACCOUNT+SERVICE": 1,
        "LINKED_ACCOUNT+RECORD_TYPE": 1,
        "SERVICE+REGION": 1,
        "SERVICE+USAGE_TYPE": 1,
        "LINKED_ACCOUNT+REGION": 1,
        "LINKED_ACCOUNT+USAGE_TYPE": 1,
    }
    assert aws.meter.cost_usd == Decimal("0.06")


@pytest.mark.usefixtures("member")
def test_every_split_adds_up_to_the_usage_of_its_day(account, aws):
    refresh(account, aws)

    usage = BilledCost.objects.filter(day="2026-03-10", record_type="Usage").aggregate(cost=Sum("amortized_cost"))
    splits = (
        BilledSplit.objects.order_by()
        .values_list("dimension", "covers_members")
        .annotate(cost=Sum("amortized_cost"))
        .values_list("cost", flat=True)
    )
    assert [round(cost, 6) for cost in splits] == [round(usage["cost"], 6)] * 4 == [Decimal("17.80")] * 4


def test_a_second_refresh_asks_for_the_bill_alone(account, aws, local_aws):
    refresh(account, aws)
    before = list(BilledSplit.objects.order_by("pk").values())

    refresh(account, aws)

    assert keys_asked(local_aws) == {"SERVICE+RECORD_TYPE": 2, "SERVICE+REGION": 1, "SERVICE+USAGE_TYPE": 1}
    assert list(BilledSplit.objects.order_by("pk").values()) == before


def test_a_restated_day_is_split_anew_and_no_other_day_is_asked_about(account, aws, local_aws, explorer):
    explorer.items.append(("2026-03-12", PAYER, EC2, "Usage", "1", "1", "us-east-1", "BoxUsage:m5.large"))
    refresh(account, aws)
    explorer.items.append(("2026-03-10", PAYER, EC2, "Usage", "2", "2", "eu-north-1", "EUN1-BoxUsage:m5.large"))

    refresh(account, aws)

    assert stored("region", day="2026-03-10")[PAYER, False, EC2, "eu-north-1"] == 2
    assert local_aws.asked("GetCostAndUsage")[-1]["TimePeriod"] == {"Start": "2026-03-10", "End": "2026-03-11"}


def test_a_day_whose_bill_still_grows_is_not_split(account, aws):
    refresh(account, aws)

    assert set(BilledSplit.objects.values_list("day", flat=True)) == {date(2026, 3, 10)}


def test_a_split_that_is_refused_leaves_the_bill_and_the_other_split_standing(account, aws, local_aws, explorer):
    local_aws.answers["GetCostAndUsage"] = lambda asked: (
        refusal("AccessDeniedException") if {"REGION"} & {g["Key"] for g in asked["GroupBy"]} else explorer(asked)
    )

    outcome = refresh(account, aws)

    assert list(outcome.failed_parts) == ["by region"]
    assert BilledCost.objects.exists()
    assert (stored("region"), len(stored("usage_type"))) == ({}, 3)


def test_what_a_payer_told_of_its_members_goes_when_they_leave(account, member, aws):
    refresh(account, aws)
    member.payer = None
    member.save()

    refresh(account, aws)

    assert not BilledSplit.objects.filter(covers_members=True).exists()
    assert not BilledSplit.objects.filter(aws_account=account, service="").exists()


def test_charlie_sees_nothing_of_a_split(account, aws, alice, charlie):
    refresh(account, aws)

    assert BilledSplit.objects.visible_to(alice).count() == 6
    assert not BilledSplit.objects.visible_to(charlie).exists()
