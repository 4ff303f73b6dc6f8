"""Derive and store 1,000,000 instance-hours on PostgreSQL, beside a bare COPY of the same finished rows.

    python -m tests.benchmarks.bench_ledger

Facts are read from the database, as in production; the reference gets its rows finished and only copies them.
"""

import os
import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from tests.services import postgresql

DAYS = 35
INSTANCES = 1_000_000 // 24 // DAYS + 1
ROUNDS = 3
NOW = datetime(2026, 3, 18, tzinfo=UTC)
FIRST = date(2026, 2, 11)
TYPES = [f"{family}.{size}" for family in ("m5", "c5", "r5", "m6g", "t3") for size in ("large", "xlarge", "2xlarge")]
REGIONS = ("eu-central-1", "us-east-1", "eu-north-1", "ap-southeast-2")


def main() -> float:
    """Print both times and their ratio; give the ratio."""
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder, postgresql(Path(folder) / "pg") as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        import django  # noqa: PLC0415 (the database comes first)

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        account = _facts()
        derive = [_derive(account) for _ in range(ROUNDS)]
        reference = [_copy() for _ in range(ROUNDS)]
    ours, theirs = statistics.median(derive), statistics.median(reference)
    hours = INSTANCES * DAYS * 24
    print(f"derive + store {hours:,} instance-hours: {ours:.2f} s ({hours / ours:,.0f}/s)")
    print(f"  reference, COPY of the same finished rows: {theirs:.2f} s")
    print(f"  ratio of speeds: {theirs / ours:.2f} (wanted: at least 0.3)")
    return theirs / ours


def _facts():
    """An account with instances that run always, by day, or changed by events; CPU, readings, curves, prices."""
    from django.db import transaction  # noqa: PLC0415

    from accounts.models import (  # noqa: PLC0415
        CPU_UTILIZATION,
        AwsAccount,
        EventWatermark,
        Instance,
        InstanceEvent,
        MetricDay,
        Team,
    )
    from carbon.models import CarbonReading, CloudRegion, PowerProfile  # noqa: PLC0415
    from costing.models import Price  # noqa: PLC0415
    from finops.core.bulk import upsert  # noqa: PLC0415
    from finops.core.partitions import ensure_month_partitions  # noqa: PLC0415

    chance = np.random.default_rng(1)
    team = Team.objects.create(name="bench", slug="bench")
    account = AwsAccount.objects.create(team=team, account_id="1" * 12, name="bench", profile_name="bench")
    launched = NOW - timedelta(days=90)
    instances = Instance.objects.bulk_create(
        Instance(
            aws_account=account, region=REGIONS[n % len(REGIONS)], instance_id=f"i-{n:017x}", name=f"server {n}",
            instance_type=TYPES[n % len(TYPES)], state="running" if n % 5 else "stopped",
            usage_operation="RunInstances",
            state_transition_reason="" if n % 5 else "User initiated (2026-03-17 18:00:00 GMT)",
            platform_details="Linux/UNIX", launched_at=launched if n % 5 else NOW - timedelta(hours=16),
            first_launched_at=launched, first_seen_at=launched, last_seen_at=NOW,
        )
        for n in range(INSTANCES)
    )  # fmt: skip
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    InstanceEvent.objects.bulk_create(
        InstanceEvent(
            aws_account=account, region=instance.region, event_id=f"{name}-{instance.pk}-{day}",
            name=f"{name}Instances", instance_id=instance.instance_id, retrieved_at=NOW,
            occurred_at=datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
            previous_state=before, current_state=after,
        )
        for instance in instances[::5]
        for day in [FIRST - timedelta(days=1), *days]
        for name, hour, before, after in (("Start", 8, "stopped", "pending"), ("Stop", 18, "running", "stopping"))
    )  # fmt: skip
    EventWatermark.objects.bulk_create(
        EventWatermark(
            aws_account=account, region=region, event_name="StartInstances", read_from=launched, read_until=NOW
        )
        for region in REGIONS
    )
    ensure_month_partitions(MetricDay, days)
    samples = np.full(24, 60, "<f4")
    with transaction.atomic():
        upsert(
            MetricDay,
            (
                (
                    i.pk,
                    CPU_UTILIZATION,
                    day,
                    cpu := chance.uniform(1, 90, 24).astype("<f4"),
                    cpu,
                    samples,
                    "aws_cloudwatch",
                    NOW,
                )
                for i in instances
                for day in days
            ),
            columns=("instance_id", "metric", "day", "average", "maximum", "sample_count", "source", "retrieved_at"),
            key=("instance_id", "metric", "day"),
        )
    zones = set(CloudRegion.objects.filter(region__in=REGIONS).values_list("zone_id", flat=True))
    CarbonReading.objects.bulk_create(
        CarbonReading(
            zone_id=zone, source="electricity_maps", gco2e_per_kwh=float(chance.uniform(20, 600)),
            starts_at=NOW - timedelta(hours=hour), retrieved_at=NOW,
        )
        for zone in sorted(zones)
        for hour in range((DAYS + 7) * 24)
    )  # fmt: skip
    loads = [0, 5, 10, 20, 35, 50, 75, 100]
    PowerProfile.objects.bulk_create(
        PowerProfile(
            instance_type=name, source="boavizta", load_percent=loads, watts=[2 + n + load / 10 for load in loads],
            embodied_kgco2e=24.0, lifespan_hours=52560, retrieved_at=NOW,
        )
        for n, name in enumerate(TYPES)
    )  # fmt: skip
    Price.objects.bulk_create(
        Price(
            instance_type=name, region=region, usage_operation="RunInstances", tenancy="Shared",
            usd_per_hour="0.1234567", retrieved_at=NOW,
        )
        for name in TYPES
        for region in REGIONS
    )  # fmt: skip
    return account


def _derive(account) -> float:
    """Seconds for all days from nothing."""
    from django.db import connection  # noqa: PLC0415

    from accounts.services.touched_days import touch_days  # noqa: PLC0415
    from costing.models import CostSnapshot, DailyTotal  # noqa: PLC0415
    from costing.services.ledger import derive_touched_days  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {CostSnapshot._meta.db_table}, {DailyTotal._meta.db_table}")
    touch_days(account_ids=[account.pk], days=[FIRST + timedelta(days=n) for n in range(DAYS)])
    began = time.perf_counter()
    derive_touched_days(account=account, now=NOW)
    seconds = time.perf_counter() - began
    stored = CostSnapshot.objects.count()
    if stored != INSTANCES * DAYS:
        raise SystemExit(f"{stored} rows were stored, not {INSTANCES * DAYS}.")
    return seconds


def _copy() -> float:
    """Seconds to COPY the finished rows into an empty table of the same make."""
    from django.db import connection, transaction  # noqa: PLC0415

    from costing.models import CostSnapshot  # noqa: PLC0415

    table = CostSnapshot._meta.db_table
    columns = ", ".join(f'"{field.column}"' for field in CostSnapshot._meta.concrete_fields if field.column)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} ORDER BY instance_id, day")  # noqa: S608 (names from the model)
        rows = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cursor.fetchall()]
        cursor.execute(f"TRUNCATE {table}")
    began = time.perf_counter()
    copying = f"COPY {table} ({columns}) FROM STDIN"
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(copying) as copy:
        for row in rows:
            copy.write_row(row)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
