from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection, transaction

from accounts.selectors.scope import scope_of
from costing.models import AccountDay, DailyTotal
from costing.selectors.ledger_days import ledger_days
from costing.services.ledger.account_days import add_up_days
from finops.core.periods import Period
from tests.costing.rows import TODAY, an_account, days_ago
from tests.factories import DailyTotalFactory

pytestmark = pytest.mark.django_db

DAY = days_ago(2)


@pytest.fixture
def account(team):
    """Two groups of one day: 3 instances of grades A and B, 2 without price or power, and a day after it."""
    account = an_account(team)
    DailyTotalFactory.create(
        aws_account=account, day=DAY, instance_count=3, list_cost_usd=Decimal("0.1"), energy_kwh=1.5, hours_aligned=20
    )
    DailyTotalFactory.create(
        aws_account=account,
        day=DAY,
        instance_type="t3.micro",
        cost_grade="D",
        carbon_grade="D",
        instance_count=2,
        list_cost_usd=None,
        energy_kwh=None,
        hours_aligned=0,
        instances_without_price=2,
        instances_without_power=2,
    )
    DailyTotalFactory.create(aws_account=account, day=DAY + timedelta(days=1), list_cost_usd=Decimal("0.2"))
    return account


def of_day(user, day=DAY):
    [days] = ledger_days(scope_of(user), Period.of_days(DAY, TODAY)).values()
    return days.get(day)


def test_a_day_adds_up_its_groups_and_leaves_the_unknown_unknown(alice, account):
    assert account
    day = of_day(alice)

    assert (day.instance_days, day.instance_days_of_missing_cost, day.instance_days_without_price) == (5, 2, 2)
    assert (day.hours_with_runtime, day.hours_aligned) == (48, 20)
    assert (day.cost_usd_by_grade, day.energy_kwh_by_grade) == ({"A": Decimal("0.1")}, {"B": 1.5})
    assert (day.list_cost_usd, day.energy_kwh) == (Decimal("0.1"), 1.5)


def test_a_day_whose_totals_are_gone_is_gone_too(alice, account):
    DailyTotal.objects.filter(day=DAY).delete()
    with transaction.atomic():
        add_up_days(account_id=account.pk, days=[DAY, DAY + timedelta(days=1)])

    assert of_day(alice) is None
    assert of_day(alice, DAY + timedelta(days=1)).list_cost_usd == Decimal("0.2")


def test_the_days_of_before_are_added_up_by_the_migration(account):
    before = list(AccountDay.objects.filter(aws_account=account).order_by("day").values())
    AccountDay.objects.all().delete()

    migration = import_module("costing.migrations.0006_add_up_the_days_that_are_there")
    migration.add_up(apps, SimpleNamespace(connection=connection))

    after = list(AccountDay.objects.filter(aws_account=account).order_by("day").values())
    assert [row | {"id": 0} for row in after] == [row | {"id": 0} for row in before]


def test_a_stranger_sees_no_day(charlie, account):
    assert account
    assert ledger_days(scope_of(charlie), Period.of_days(DAY, TODAY)) == {}
