from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from accounts.models import MetricDay
from carbon.models import CarbonReading
from costing.models import Price
from finops.core.bulk import upsert
from finops.core.partitions import ensure_month_partitions
from tests.factories import InstanceFactory, TeamFactory, ZoneFactory

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
LATER = datetime(2026, 3, 18, 13, 30, tzinfo=UTC)

PRICE_COLUMNS = ("instance_type", "region", "usage_operation", "tenancy", "usd_per_hour", "reason", "retrieved_at")
PRICE_KEY = ("instance_type", "region", "usage_operation", "tenancy")


def price(instance_type, usd_per_hour, retrieved_at):
    return (instance_type, "eu-central-1", "RunInstances", "Shared", Decimal(usd_per_hour), "", retrieved_at)


def store_prices(*rows):
    with transaction.atomic():
        return upsert(
            Price,
            [(*row, "", "aws_pricing") for row in rows],
            columns=(*PRICE_COLUMNS, "sku", "source"),
            key=PRICE_KEY,
        )


@pytest.mark.django_db
def test_upsert_inserts_what_is_new_and_updates_what_differs():
    store_prices(price("m5.large", "0.1", NOW), price("c5.large", "0.2", NOW))

    written = store_prices(price("m5.large", "0.11", LATER), price("r5.large", "0.3", LATER))

    assert written == 2
    assert list(Price.objects.order_by("instance_type").values_list("instance_type", "usd_per_hour")) == [
        ("c5.large", Decimal("0.2")),
        ("m5.large", Decimal("0.11")),
        ("r5.large", Decimal("0.3")),
    ]


@pytest.mark.django_db
def test_upsert_leaves_equal_rows_alone_and_does_not_count_them():
    store_prices(price("m5.large", "0.1", NOW))

    written = store_prices(price("m5.large", "0.1", LATER))

    assert written == 0
    assert Price.objects.get().retrieved_at == NOW


@pytest.mark.django_db
def test_upsert_keeps_rows_of_different_licensees_apart():
    zone, team = ZoneFactory.create(), TeamFactory.create()
    columns = ("zone_id", "source", "signal", "licensee_id", "starts_at", "duration_microseconds", "gco2e_per_kwh")
    columns = (*columns, "is_estimated", "estimation_method", "retrieved_at")
    key = ("zone_id", "source", "signal", "COALESCE(licensee_id, 0)", "starts_at")
    rows = [
        (zone.pk, "electricity_maps", "average", licensee, NOW, 3600 * 10**6, value, False, "", NOW)
        for licensee, value in ((None, 300.0), (team.pk, 200.0))
    ]

    for _ in range(2):
        with transaction.atomic():
            upsert(CarbonReading, rows, columns=columns, key=key)

    assert sorted(CarbonReading.objects.values_list("licensee_id", "gco2e_per_kwh"), key=str) == [
        (team.pk, 200.0),
        (None, 300.0),
    ]


@pytest.mark.django_db
def test_upsert_packs_hours_into_a_partitioned_table():
    instance = InstanceFactory.create()
    hours = np.arange(24, dtype="<f4")
    hours[3] = np.nan
    days = [date(2026, 2, 28), date(2026, 3, 1)]
    ensure_month_partitions(MetricDay, days)
    columns = ("instance_id", "metric", "day", "average", "maximum", "sample_count", "source", "retrieved_at")

    with transaction.atomic():
        upsert(
            MetricDay,
            [(instance.pk, "CPUUtilization", day, hours, hours, hours, "aws_cloudwatch", NOW) for day in days],
            columns=columns,
            key=("instance_id", "metric", "day"),
        )

    stored = MetricDay.objects.order_by("day")
    assert [row.day for row in stored] == days
    assert np.array_equal(stored[0].average, hours, equal_nan=True)


@pytest.mark.django_db(transaction=True)
def test_upsert_refuses_to_work_outside_a_transaction():
    with pytest.raises(TransactionManagementError):
        upsert(Price, [], columns=PRICE_COLUMNS, key=PRICE_KEY)
