"""A second refresh: without news it changes nothing, with news the days they touch and no others."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import AwsAccount, InstanceEvent, RefreshRun, SourceStatus
from accounts.services.touched_days import touch_days
from carbon.models import CarbonReading
from costing.models import CostSnapshot, DailyTotal, Price
from finops.core.periods import DAY, HOUR, Period, start_of_day
from finops.sandbox.aws import price_list
from finops.sandbox.aws.event_record import told_at
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH
from finops.sandbox.scenario.instance_types import INSTANCE_TYPES
from tests.journeys import naive
from tests.journeys.conftest import NOW
from tests.journeys.tables import differences, dump

MINUTE = timedelta(minutes=1)


def derived_at():
    """When each instance-day was derived last."""
    return {(pk, day): at for pk, day, at in CostSnapshot.objects.values_list("instance_id", "day", "derived_at")}


def rederived_days(before, after):
    """The days by account that were derived anew, and how many of their rows came out different.

    A row that comes out the same keeps the stamp of when it did so first.
    """
    accounts = dict(CostSnapshot.objects.values_list("instance_id", "aws_account__account_id").distinct())
    days = defaultdict(Counter)
    for key in before.keys() | after.keys():
        if before.get(key) != after.get(key):
            days[accounts[key[0]]][key[1]] += 1
    return {account: dict(counted) for account, counted in days.items()}


def test_a_second_refresh_of_the_same_instant_changes_no_row(own_world):
    before = dump()

    own_world.refresh()

    assert differences(before, dump()) == {}
    facts = ("Instance", "Resource", "MetricDay", "ResourceMetricDay", "CarbonReading", "Price")
    assert all(before[name] for name in (*facts, "CostSnapshot", "DailyTotal"))


def test_a_second_refresh_derives_today_and_nothing_else(own_world):
    own_world.refresh()

    ledgers = SourceStatus.objects.filter(source="ledger", aws_account__account_id__in=LOADED)
    assert {tuple(row.detail) for row in ledgers} == {(f"{NOW.date()}/{NOW.date()}",)}
    assert ledgers.count() == len(LOADED)
    latest = {run.aws_account.account_id: run for run in RefreshRun.objects.order_by("pk")}
    for account in LOADED:
        written = {name: step["rows"] for name, step in latest[account].progress.items()}
        assert {name: rows for name, rows in written.items() if rows} == {}


LOADED = (PLATFORM_PAYER.account_id, PLATFORM_WORKLOADS.account_id, RESEARCH.account_id)


def late_call(scenario):
    """A call shortly before a midnight that CloudTrail tells only after it."""
    calls = [
        call
        for account in (PLATFORM_PAYER, PLATFORM_WORKLOADS)
        for region in account.enabled_regions
        for call in scenario.calls(account.account_id, region)
        if call.at > NOW and not call.error_code and call.name in {"StopInstances", "TerminateInstances"}
    ]
    return min((call for call in calls if told_at(call).date() > call.at.date()), key=lambda call: call.at)


def test_a_late_event_derives_the_days_it_touches(own_world):
    call = late_call(own_world.scenario)
    midnight = start_of_day(told_at(call).date())
    # Without the inventory, whose last stop would tell the same: the event is what is late.
    steps = ["--account", call.account_id, "--step", "events", "--step", "derive"]
    own_world.refresh(*steps, now=midnight + MINUTE)
    assert midnight + MINUTE < told_at(call)
    assert not InstanceEvent.objects.filter(event_id=str(call.event_id)).exists()
    before = derived_at()

    own_world.refresh(*steps, now=told_at(call) + MINUTE)

    assert InstanceEvent.objects.filter(event_id=str(call.event_id)).count() == len(call.changes)
    days = rederived_days(before, derived_at())
    assert set(days) == {call.account_id}
    assert set(days[call.account_id]) == {call.at.date(), midnight.date()}
    assert days[call.account_id][call.at.date()] == len(call.changes)
    for change in call.changes:
        row = CostSnapshot.objects.get(instance__instance_id=change.instance.instance_id, day=call.at.date())
        truth = change.instance.timeline.running_seconds(Period.of_day(call.at.date()))
        assert row.running_hours * 3600 == pytest.approx(truth, abs=1)


def test_a_revised_hour_of_the_grid_derives_the_days_it_touches(own_world):
    evening = start_of_day(NOW.date() + DAY)
    steps = ["--step", "grid", "--step", "derive"]
    own_world.refresh(*steps, now=evening + 30 * MINUTE)
    before = derived_at()
    carbon_before = dict(CostSnapshot.objects.values_list("pk", "operational_gco2e_by_hour"))
    estimates = dict(CarbonReading.objects.filter(is_estimated=True).values_list("pk", "gco2e_per_kwh"))

    own_world.refresh(*steps, now=evening + 3 * HOUR + 30 * MINUTE)

    revised = [
        reading
        for reading in CarbonReading.objects.filter(pk__in=estimates, starts_at__lt=evening)
        if reading.gco2e_per_kwh != estimates[reading.pk]
    ]
    assert {reading.starts_at for reading in revised} == {evening - HOUR, evening - 2 * HOUR}
    days = rederived_days(before, derived_at())
    assert set(days) == set(LOADED)
    assert {day for counted in days.values() for day in counted} == {evening.date() - DAY, evening.date()}
    zones = {reading.zone_id for reading in revised}
    changed = [
        (row.zone_key, hour)
        for row in CostSnapshot.objects.filter(day=evening.date() - DAY)
        for hour in range(24)
        if row.operational_gco2e_by_hour[hour] != carbon_before[row.pk][hour] and row.energy_kwh_by_hour[hour] > 0
    ]
    assert {hour for _, hour in changed} == {22, 23}
    assert {zone for zone, _ in changed} == zones & set(CostSnapshot.objects.values_list("zone_key", flat=True))


@pytest.fixture
def dearer_i3(monkeypatch):
    """From now on an i3.large costs a tenth more. Only the payer has one."""
    kind = INSTANCE_TYPES["i3.large"]
    family = kind.family
    dearer = replace(
        family,
        usd_per_vcpu_hour=family.usd_per_vcpu_hour * Decimal("1.1"),
        usd_per_gib_hour=family.usd_per_gib_hour * Decimal("1.1"),
    )
    monkeypatch.setitem(INSTANCE_TYPES, kind.name, replace(kind, family=dearer))
    price_list.products.cache_clear()
    yield
    price_list.products.cache_clear()


@pytest.mark.usefixtures("dearer_i3")
def test_a_changed_price_derives_the_days_it_touches(own_world):
    Price.objects.filter(instance_type="i3.large").update(retrieved_at=NOW - 8 * DAY)
    before = derived_at()
    costs = dict(CostSnapshot.objects.values_list("pk", "list_cost_usd"))
    old = Price.objects.get(instance_type="i3.large").usd_per_hour

    own_world.refresh("--step", "price", "--step", "derive", now=NOW + MINUTE)

    new = Price.objects.get(instance_type="i3.large").usd_per_hour
    assert float(new / old) == pytest.approx(1.1, rel=1e-3)
    days = rederived_days(before, derived_at())
    of_payer = days.pop(PLATFORM_PAYER.account_id)
    assert set(of_payer) == set(Period(start_of_day(NOW.date() - 35 * DAY), NOW).days())
    assert {rows for day, rows in of_payer.items() if day < NOW.date()} == {1}
    # Today goes on, so it is derived with every refresh.
    assert {account: set(counted) for account, counted in days.items()} == {
        PLATFORM_WORKLOADS.account_id: {NOW.date()},
        RESEARCH.account_id: {NOW.date()},
    }
    changed = [row for row in CostSnapshot.objects.filter(day__lt=NOW.date()) if row.list_cost_usd != costs[row.pk]]
    assert {row.instance_type for row in changed} == {"i3.large"}
    assert len(changed) == 35
    for row in changed:
        assert float(row.list_cost_usd) == pytest.approx(float(costs[row.pk] * new / old), abs=2e-8)


def test_gaps_of_the_grid_are_filled_in_the_documented_order(own_world):
    account = AwsAccount.objects.get(account_id=PLATFORM_PAYER.account_id)
    days = [NOW.date() - number * DAY for number in range(9, 0, -1)]
    # German readings end nine days ago, but for one hour of the sixth day.
    lost = CarbonReading.objects.filter(zone="DE", starts_at__gte=start_of_day(days[0]) + HOUR)
    lost.exclude(starts_at=start_of_day(days[3]) + 5 * HOUR).delete()
    touch_days(account_ids=[account.pk], days=days)

    own_world.refresh("--step", "derive", now=NOW + MINUTE)

    facts = naive.Facts()
    ways = set()
    rows = CostSnapshot.objects.filter(zone_key="DE", day__in=days, aws_account=account)
    for row in rows:
        for hour in range(24):
            value, way = facts.intensity(row.region, start_of_day(row.day) + hour * HOUR)
            if row.energy_kwh_by_hour[hour] > 0:
                ways.add(way)
                assert row.gco2e_per_kwh_by_hour[hour] == pytest.approx(value, rel=1e-6), (row, hour, way)
    assert {"measured", "carried", "last week", "yearly mean"} <= ways
    assert "C" in set(
        DailyTotal.objects.filter(aws_account=account, day__in=days).values_list("carbon_grade", flat=True)
    )
