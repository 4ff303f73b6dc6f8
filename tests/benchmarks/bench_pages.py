"""Pages over 10,000 instances × 90 days × 20 accounts: queries, time beside that of an empty signed-in page, bytes.

    python -m tests.benchmarks.bench_pages

The ledger is copied in from finished rows, as a derive would leave it. Each page is asked for through the whole
handler (middleware, session, template); the empty page is that of somebody who is in no team, in the same run.
SIZE=0.01 makes a world of a hundredth, for a quick look; EXPLAIN=1 prints the plan of each page's slowest query.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from tests.services import postgresql

SIZE = float(os.environ.get("SIZE", "1"))
INSTANCES, DAYS, ACCOUNTS = int(10_000 * SIZE), 90, 20
ROUNDS = 30
MOST_QUERIES, MOST_TIMES_EMPTY, MOST_BYTES = 12, 5.0, 300_000
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
LAST = NOW.date() - timedelta(days=1)
CALENDAR = [LAST - timedelta(days=age) for age in reversed(range(DAYS))]
REGIONS = ("eu-central-1", "us-east-1", "eu-north-1", "ap-southeast-2")
TYPES = [f"{family}.{size}" for family in ("m5", "c5", "r5", "m6g", "t3") for size in ("large", "xlarge", "2xlarge")]
PAGES = ("/", "/?days=90", "/instances/", "/instances/?days=90&ordering=-operational", "/instances/?q=server-77",
         "/instances/{instance}/", "/instances/{instance}/?hours=840", "/checks/", "/grid/", "/accounts/")  # fmt: skip
# Runtime exact, CPU measured, intensity measured, power by the type's curve, price listed.
QUALITY = 1 | 1 << 2 | 1 << 4 | 1 << 7 | 1 << 9


@dataclass(frozen=True, slots=True)
class Took:
    """One page: what it asked the database, how long it took, how much it sent."""

    path: str
    queries: int
    p95_ms: float
    kilobytes: float
    status: int


def main() -> int:
    """Print a line a page; 0 only where every page keeps to all three bounds."""
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder, postgresql(Path(folder) / "pg") as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        import django  # noqa: PLC0415 (the database comes first)

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        began = time.perf_counter()
        reader, stranger, instance = _world()
        print(
            f"{INSTANCES:,} instances × {DAYS} days × {ACCOUNTS} accounts made in {time.perf_counter() - began:.0f} s"
        )
        empty, *pages = _looked_at(stranger, reader, [path.format(instance=instance) for path in PAGES])
    return _told(empty, pages)


def _told(empty: Took, pages: list[Took]) -> int:
    print(f"{'page':<46}{'queries':>8}{'p95 ms':>9}{'× empty':>9}{'kB':>8}")
    print(f"{'(empty, signed in)':<46}{empty.queries:>8}{empty.p95_ms:>9.1f}{1:>9.1f}{empty.kilobytes:>8.1f}")
    faults = []
    for took in pages:
        times = took.p95_ms / empty.p95_ms
        print(f"{took.path:<46}{took.queries:>8}{took.p95_ms:>9.1f}{times:>9.1f}{took.kilobytes:>8.1f}")
        if took.status != 200:
            faults.append(f"{took.path} answers {took.status}")
        if took.queries > MOST_QUERIES:
            faults.append(f"{took.path} asks the database {took.queries} times")
        if times > MOST_TIMES_EMPTY:
            faults.append(f"{took.path} takes {times:.1f} times as long as an empty page")
        if took.kilobytes * 1000 > MOST_BYTES:
            faults.append(f"{took.path} has {took.kilobytes:.0f} kB")
    print(f"wanted: at most {MOST_QUERIES} queries, {MOST_TIMES_EMPTY:.0f} × an empty page, {MOST_BYTES // 1000} kB")
    for fault in faults:
        print(f"  too much: {fault}")
    return 1 if faults else 0


def _looked_at(stranger, reader, paths: list[str]) -> list[Took]:
    """The empty page and each of `paths`, in turns, so that a busy moment of the machine hits all of them."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    clients = {user: Client(HTTP_HOST="localhost") for user in (stranger, reader)}
    for user, client in clients.items():
        client.force_login(user)
    asked = [(stranger, "/"), *((reader, path) for path in paths)]
    first = []
    for user, path in asked:
        clients[user].get(path)  # what is loaded once is loaded now
        with CaptureQueriesContext(connection) as queries:
            response = clients[user].get(path)
        first.append((len(queries), len(response.content), response.status_code))
        if os.environ.get("EXPLAIN"):
            _explain(path, queries.captured_queries)
    seconds: list[list[float]] = [[] for _ in asked]
    for _ in range(ROUNDS):
        for number, (user, path) in enumerate(asked):
            began = time.perf_counter()
            clients[user].get(path)
            seconds[number].append(time.perf_counter() - began)
    return [
        Took(path, queries, statistics.quantiles(times, n=20)[-1] * 1000, size / 1000, status)
        for (_, path), (queries, size, status), times in zip(asked, first, seconds, strict=True)
    ]


def _explain(path: str, queries: list[dict[str, str]]) -> None:
    from django.db import connection  # noqa: PLC0415

    print(f"===== {path}")
    for query in sorted(queries, key=lambda query: -float(query["time"]))[:3]:
        print(f"{query['time']} s: {query['sql'][:3000]}")
        if query["sql"].startswith("SELECT") and float(query["time"]) >= 0.02:
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + query["sql"].replace("%", "%%"))
                print("\n".join(line for (line,) in cursor.fetchall()))


def _world():
    """Somebody who reads all accounts, somebody who reads none, and an instance."""
    from django.db import connection, transaction  # noqa: PLC0415

    from accounts.models import AwsAccount, Instance, InstanceEvent, Membership, SourceStatus, Team, User  # noqa: PLC0415

    reader, stranger = (User.objects.create_user(f"{name}@bench.example", "bench") for name in ("reader", "stranger"))
    team = Team.objects.create(name="bench", slug="bench")
    Membership.objects.create(team=team, user=reader, role="owner")
    accounts = AwsAccount.objects.bulk_create(
        AwsAccount(
            team=team, account_id=f"{10**11 + n}", name=f"account {n}", profile_name="bench",
            enabled_regions=list(REGIONS), ledger_method="load_curve/1",
        )
        for n in range(ACCOUNTS)
    )  # fmt: skip
    began = NOW - timedelta(days=DAYS + 30)
    instances = Instance.objects.bulk_create(
        [
            Instance(
                aws_account=accounts[n % ACCOUNTS], region=REGIONS[n % len(REGIONS)], instance_id=f"i-{n:017x}",
                name=f"server-{n}", instance_type=TYPES[n % len(TYPES)], state="running" if n % 5 else "stopped",
                tags={"owner": f"squad-{n % 12}", "stage": "live" if n % 3 else "test"}, platform_details="Linux/UNIX",
                usage_operation="RunInstances", launched_at=began, first_launched_at=began, first_seen_at=began,
                last_seen_at=NOW,
            )
            for n in range(INSTANCES)
        ],
        batch_size=2000,
    )  # fmt: skip
    InstanceEvent.objects.bulk_create(
        InstanceEvent(
            aws_account=i.aws_account, region=i.region, event_id=f"start-{i.pk}", name="StartInstances",
            instance_id=i.instance_id, retrieved_at=NOW, occurred_at=NOW - timedelta(days=20),
            previous_state="stopped", current_state="pending",
        )
        for i in instances
    )  # fmt: skip
    sources = ("aws_ec2", "aws_cloudtrail", "aws_cloudwatch", "aws_pricing", "aws_cost_explorer", "ledger")
    SourceStatus.objects.bulk_create(
        SourceStatus(
            aws_account=account, source=source, state="available", last_attempt_at=NOW, last_success_at=NOW,
            next_due_at=NOW + timedelta(hours=1),
        )
        for account in (*accounts, None)
        for source in (sources if account else ("electricity_maps", "boavizta"))
    )  # fmt: skip
    with transaction.atomic():
        _facts(accounts, instances)
    _ledger(accounts, instances)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return reader, stranger, instances[len(instances) // 2].pk


def _facts(accounts, instances) -> None:
    """Bills by account and day, CPU of every instance in the last days, readings of the zones, prices and powers."""
    from accounts.models import CPU_UTILIZATION, MetricDay, RefreshRun  # noqa: PLC0415
    from carbon.models import CarbonReading, CloudRegion, PowerProfile  # noqa: PLC0415
    from costing.models import BilledCost, Price  # noqa: PLC0415
    from finops.core.bulk import upsert  # noqa: PLC0415
    from finops.core.partitions import ensure_month_partitions  # noqa: PLC0415

    RefreshRun.objects.bulk_create(
        RefreshRun(
            aws_account=account, steps=["inventory"], period_start=NOW - timedelta(days=1), period_end=NOW,
            state="done", next_try_at=NOW, created_at=NOW - timedelta(hours=n), finished_at=NOW - timedelta(hours=n),
        )
        for account in accounts
        for n in range(100)
    )  # fmt: skip
    BilledCost.objects.bulk_create(
        BilledCost(
            aws_account=account, day=day, service=service, record_type="Usage", currency="USD",
            unblended_cost="100.5", amortized_cost="100.5", retrieved_at=NOW,
        )
        for account in accounts
        for day in CALENDAR
        for service in ("Amazon Elastic Compute Cloud - Compute", "EC2 - Other", "Amazon Simple Storage Service")
    )  # fmt: skip
    zones = set(CloudRegion.objects.filter(region__in=REGIONS).values_list("zone_id", flat=True))
    CarbonReading.objects.bulk_create(
        CarbonReading(
            zone_id=zone, source="electricity_maps", gco2e_per_kwh=100.0 + hour % 24, retrieved_at=NOW,
            starts_at=NOW - timedelta(hours=hour),
        )
        for zone in sorted(zones)
        for hour in range(DAYS * 24)
    )  # fmt: skip
    loads = [0, 10, 50, 100]
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
    lately = CALENDAR[-35:]
    ensure_month_partitions(MetricDay, lately)
    cpu, samples = np.full(24, 20, "<f4"), np.full(24, 12, "<f4")
    columns = ("instance_id", "metric", "day", "average", "maximum", "sample_count", "source", "retrieved_at")
    upsert(
        MetricDay,
        [(i.pk, CPU_UTILIZATION, d, cpu, cpu, samples, "aws_cloudwatch", NOW) for i in instances[::20] for d in lately],
        columns=columns,
        key=("instance_id", "metric", "day"),
    )


def _ledger(accounts, instances) -> None:
    """Every day of every instance as a derive leaves it, and the totals that a derive adds up from them."""
    from django.db import connection, transaction  # noqa: PLC0415

    from carbon.models import CloudRegion  # noqa: PLC0415
    from costing.models import CostSnapshot  # noqa: PLC0415
    from finops.core.bulk import insert_ready  # noqa: PLC0415
    from finops.core.partitions import ensure_month_partitions  # noqa: PLC0415

    zone_of = dict(CloudRegion.objects.filter(region__in=REGIONS).values_list("region", "zone__key"))
    ensure_month_partitions(CostSnapshot, CALENDAR)
    hours = {name: np.full(24, value, "<f4").tobytes() for name, value in (
        ("running_seconds_by_hour", 3600), ("cpu_utilization_by_hour", 0.2), ("energy_kwh_by_hour", 0.01),
        ("operational_gco2e_by_hour", 3), ("list_cost_usd_by_hour", 0.115), ("gco2e_per_kwh_by_hour", 300),
    )}  # fmt: skip
    hours["quality_by_hour"] = np.full(24, QUALITY, "<u2").tobytes()
    of_all = {
        "running_hours": 24.0, "running_hours_lower": 24.0, "running_hours_upper": 24.0, "billed_hours": 24.0,
        "energy_kwh": 0.24, "hours_with_runtime": 24, "hours_aligned": 24, "cost_grade": "A", "carbon_grade": "B",
        "power_model": "load_curve", "method_version": 1, "derived_at": NOW, **hours,
    }  # fmt: skip
    columns = ["instance_id", "day", "aws_account_id", "region", "zone_key", "instance_type", "list_cost_usd",
               "operational_gco2e", "embodied_gco2e", *of_all]  # fmt: skip
    constant = tuple(of_all.values())
    usd = [Decimal(100 + 10 * n) / 100 for n in range(97)]
    for day in CALENDAR:
        rows = (
            (i.pk, day, i.aws_account_id, i.region, zone_of[i.region], i.instance_type, usd[i.pk % 97],
             20.0 + i.pk % 83, 5.0 + i.pk % 7, *constant)
            for i in instances
        )  # fmt: skip
        with transaction.atomic():
            insert_ready(CostSnapshot, rows, columns=columns)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    _totals(accounts)


def _totals(accounts) -> None:
    """The daily totals in one statement, which adds up what a derive adds up as it goes; the rest by its services."""
    from django.db import connection, transaction  # noqa: PLC0415

    from costing.models import CostSnapshot, DailyTotal  # noqa: PLC0415
    from costing.services.ledger.account_days import add_up_days  # noqa: PLC0415
    from costing.services.ledger.windows import add_up_windows  # noqa: PLC0415

    groups = "aws_account_id, day, region, instance_type, cost_grade, carbon_grade"
    summed = ("running_hours", "billed_hours", "list_cost_usd", "energy_kwh", "operational_gco2e", "embodied_gco2e",
              "hours_with_runtime", "hours_aligned")  # fmt: skip
    sums = ", ".join(f"SUM({column})" for column in summed)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {DailyTotal._meta.db_table} ({groups}, {', '.join(summed)}, instance_count, derived_at, "  # noqa: S608 (names from this file)
            "instances_without_price, instances_without_power, instances_without_intensity) "
            f"SELECT {groups}, {sums}, COUNT(*), MAX(derived_at), 0, 0, 0 FROM {CostSnapshot._meta.db_table} "
            f"GROUP BY {groups}"
        )
    for account in accounts:
        with transaction.atomic():
            add_up_days(account_id=account.pk, days=CALENDAR)
        add_up_windows(account=account, now=NOW)


if __name__ == "__main__":
    sys.exit(main())
