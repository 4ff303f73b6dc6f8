"""A small ledger for tests of selectors, pages and API, and its sums worked out apart from any of them."""

import re
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from accounts.models import AwsAccount
from costing.models import CostSnapshot, DailyTotal
from tests.conftest import NOW
from tests.factories import AwsAccountFactory, CostSnapshotFactory, DailyTotalFactory, InstanceFactory

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)


def days_ago(count):
    return TODAY - timedelta(days=count)


def an_account(team, **values):
    return AwsAccountFactory.create(team=team, **values)


def an_instance(account, *, days=(1, 2, 3), ledger=None, **values):
    """An instance with a ledger row for each of `days` ago; `ledger` overrides what the rows say."""
    instance = InstanceFactory.create(aws_account=account, **values)
    for day in days:
        CostSnapshotFactory.create(instance=instance, day=days_ago(day), **(ledger or {}))
    return instance


def sum_up():
    """Write DailyTotal anew out of CostSnapshot, in plain Python."""
    DailyTotal.objects.all().delete()
    groups = defaultdict(list)
    for row in CostSnapshot.objects.all():
        groups[row.aws_account_id, row.day, row.region, row.instance_type, row.cost_grade, row.carbon_grade].append(row)
    for (account, day, region, kind, cost_grade, carbon_grade), rows in groups.items():
        DailyTotalFactory.create(
            aws_account=AwsAccount.objects.get(pk=account),
            day=day,
            region=region,
            instance_type=kind,
            cost_grade=cost_grade,
            carbon_grade=carbon_grade,
            instance_count=len(rows),
            running_hours=sum(row.running_hours for row in rows),
            billed_hours=sum(row.billed_hours for row in rows),
            list_cost_usd=known(rows, "list_cost_usd"),
            energy_kwh=known(rows, "energy_kwh"),
            operational_gco2e=known(rows, "operational_gco2e"),
            embodied_gco2e=known(rows, "embodied_gco2e"),
            hours_with_runtime=sum(row.hours_with_runtime for row in rows),
            hours_aligned=sum(row.hours_aligned for row in rows),
            instances_without_price=sum(row.list_cost_usd is None for row in rows),
            instances_without_power=sum(row.energy_kwh is None for row in rows),
            instances_without_intensity=sum(row.operational_gco2e is None for row in rows),
        )


def known(rows, name):
    values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
    return sum(values, Decimal(0) if name == "list_cost_usd" else 0.0) if values else None


def expected(account_ids, *, instance=None):
    """What the complete days of the ledger add up to, from the rows themselves."""
    rows = [
        row
        for row in CostSnapshot.objects.all()
        if row.aws_account_id in account_ids and row.day < TODAY and instance in {None, row.instance_id}
    ]
    return {
        "list_cost": known(rows, "list_cost_usd"),
        "energy": known(rows, "energy_kwh"),
        "operational": known(rows, "operational_gco2e"),
        "embodied": known(rows, "embodied_gco2e"),
    }


def figure_on(page, name):
    """The exact value that a page shows for a figure, as text; None where it shows the dash."""
    found = re.search(rf'data-figure="{name}"[^>]*>(.*?)</(?:p|td)>', page, re.DOTALL)
    assert found, f"the page has no figure {name}"
    value = re.search(r'<data value="([^"]*)"', found[1])
    return value[1] if value else None
