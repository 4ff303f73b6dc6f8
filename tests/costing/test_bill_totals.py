"""What is added up beforehand says what the bills say, and counts only while it holds what a reader may see."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum

from accounts.selectors.scope import Scope
from costing.estimators.window import Window
from costing.models import BilledCost, BilledStand, BilledTotal
from costing.selectors.explorer import Measure, Question, explore
from costing.services.bill_totals import add_up_bills
from costing.services.bills import refresh_bills
from finops.core.periods import Period
from tests.costing.cost_explorer import CostExplorer
from tests.factories import NOW, AwsAccountFactory, BilledCostFactory

pytestmark = pytest.mark.django_db
EC2 = "Amazon Elastic Compute Cloud - Compute"
DAY = date(2026, 3, 10)
DAYS = Period.of_days(date(2026, 3, 9), date(2026, 3, 11))


@pytest.fixture
def accounts(team):
    """Two accounts of 2.76 USD a day each; what they are billed is added up."""
    accounts = [AwsAccountFactory.create(team=team) for _ in range(2)]
    for account in accounts:
        BilledCostFactory.create(aws_account=account, day=DAY)
    add_up(team, [])
    return accounts


def add_up(team, days):
    with transaction.atomic():
        add_up_bills(team_id=team.pk, days=days)


def total_for(user, team):
    answer = explore(Scope(user, (team,)), Window.of_last_days(30, now=NOW), Question(Measure.BILLED))
    return answer.blocks[0].total.value if answer.blocks else None


def test_both_ways_of_adding_up_come_to_the_bill(accounts, team):
    BilledCostFactory.create(aws_account=accounts[0], day=DAY, service="Tax", record_type="Tax", currency="EUR")
    add_up(team, [DAY])

    for is_by_service in (True, False):
        sums = (
            BilledTotal.objects.filter(aws_account__isnull=is_by_service)
            .values_list("currency")
            .order_by("currency")
            .annotate(cost=Sum("unblended_cost"))
        )
        assert [(unit, round(cost, 6)) for unit, cost in sums] == [("EUR", Decimal("2.76")), ("USD", Decimal("5.52"))]


def test_a_refresh_adds_up_the_days_that_changed(team, alice, aws, local_aws):
    account = AwsAccountFactory.create(team=team, account_id="111111111111")
    explorer = CostExplorer(("2026-03-10", "111111111111", EC2, "Usage", "10", "10"))
    local_aws.answers["GetCostAndUsage"] = explorer
    refresh_bills(account=account, aws=aws, period=DAYS, now=NOW)
    before = list(BilledTotal.objects.values_list("pk", flat=True))

    refresh_bills(account=account, aws=aws, period=DAYS, now=NOW)
    assert list(BilledTotal.objects.values_list("pk", flat=True)) == before

    explorer.items.append(("2026-03-11", "111111111111", EC2, "Usage", "5", "5"))
    refresh_bills(account=account, aws=aws, period=DAYS, now=NOW)
    assert total_for(alice, team) == 15
    assert BilledStand.objects.get().account_ids == [account.pk]


@pytest.mark.usefixtures("accounts")
def test_the_explorer_reads_the_totals_while_they_hold(team, alice):
    BilledCost.objects.all().delete()  # nothing but the totals is left to read

    assert total_for(alice, team) == Decimal("5.52")


def test_an_account_that_is_being_removed_is_in_no_sum_any_more(accounts, team, alice):
    accounts[0].removal_requested_at = NOW
    accounts[0].save()

    assert total_for(alice, team) == Decimal("2.76")

    add_up(team, [])
    BilledCost.objects.all().delete()
    assert total_for(alice, team) == Decimal("2.76")


@pytest.mark.usefixtures("accounts")
def test_charlie_sees_no_totals_of_alices(charlie, alice):
    assert not BilledTotal.objects.visible_to(charlie).exists()
    assert not BilledStand.objects.visible_to(charlie).exists()
    assert BilledTotal.objects.visible_to(alice).count() == 3
