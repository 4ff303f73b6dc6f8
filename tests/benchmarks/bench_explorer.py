"""The explorer over 200 accounts × 25 services × 400 days of bills: queries, time beside an empty signed-in page.

    python -m tests.benchmarks.bench_explorer

The bills go in by the service that a refresh calls last, so that what is added up beforehand is what a refresh leaves.
SIZE=0.05 takes a twentieth of the accounts; EXPLAIN=1 prints the plan of each page's slowest query.
"""

import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.benchmarks.bench_pages import MOST_TIMES_EMPTY, _looked_at
from tests.services import postgresql

SIZE = float(os.environ.get("SIZE", "1"))
ACCOUNTS, SERVICES, DAYS = int(200 * SIZE), 25, 400
MOST_QUERIES = 16
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
CALENDAR = [NOW.date() - timedelta(days=age) for age in reversed(range(DAYS + 1))]
NAMES = [f"Amazon Service {number}" for number in range(SERVICES)]
PAGES = (
    "/explorer/",
    "/explorer/?days=90&every=week",
    "/explorer/?days=400&every=month",
    "/explorer/?days=400&every=week&group_by=account",
    "/explorer/?days=400&every=month&group_by=account&then_by=service",
    "/explorer/?days=400&every=month&group_by=account&service=Amazon+Service+3",
    "/explorer/?days=400&every=month&group_by=service&account=100000000003",
    "/explorer/?days=400&every=month&group_by=record_type",
)


def main() -> int:
    """Print a line a question; 0 only where each keeps to the bounds."""
    with tempfile.TemporaryDirectory(prefix="finops-bench-") as folder, postgresql(Path(folder) / "pg") as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        import django  # noqa: PLC0415 (the database comes first)

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        began = time.perf_counter()
        reader, stranger = _world()
        print(f"{ACCOUNTS} accounts × {SERVICES} services × {DAYS} days made in {time.perf_counter() - began:.0f} s")
        empty, *pages = _looked_at(stranger, reader, list(PAGES))
    print(f"{'page':<76}{'queries':>8}{'p95 ms':>9}{'× empty':>9}{'kB':>8}")
    print(f"{'(empty, signed in)':<76}{empty.queries:>8}{empty.p95_ms:>9.1f}{1:>9.1f}{empty.kilobytes:>8.1f}")
    faults = []
    for took in pages:
        times = took.p95_ms / empty.p95_ms
        print(f"{took.path:<76}{took.queries:>8}{took.p95_ms:>9.1f}{times:>9.1f}{took.kilobytes:>8.1f}")
        if took.status != 200:
            faults.append(f"{took.path} answers {took.status}")
        if took.queries > MOST_QUERIES:
            faults.append(f"{took.path} asks the database {took.queries} times")
        if times > MOST_TIMES_EMPTY:
            faults.append(f"{took.path} takes {times:.1f} times as long as an empty page")
    print(f"wanted: at most {MOST_QUERIES} queries and {MOST_TIMES_EMPTY:.0f} × an empty page")
    for fault in faults:
        print(f"  too much: {fault}")
    return 1 if faults else 0


def _world():
    """Somebody who reads all accounts, somebody who reads none, and the bills."""
    from django.db import connection, transaction  # noqa: PLC0415

    from accounts.models import AwsAccount, Membership, SourceStatus, Team, User  # noqa: PLC0415
    from costing.models import BilledCost  # noqa: PLC0415
    from costing.services.bill_totals import add_up_bills  # noqa: PLC0415
    from finops.core.bulk import upsert  # noqa: PLC0415

    reader, stranger = (User.objects.create_user(f"{name}@bench.example", "bench") for name in ("reader", "stranger"))
    team = Team.objects.create(name="bench", slug="bench")
    Membership.objects.create(team=team, user=reader, role="owner")
    accounts = AwsAccount.objects.bulk_create(
        AwsAccount(team=team, account_id=f"{10**11 + n}", name=f"account {n}", profile_name="bench")
        for n in range(ACCOUNTS)
    )
    SourceStatus.objects.bulk_create(
        SourceStatus(
            aws_account=account, source="aws_cost_explorer", state="available", last_attempt_at=NOW,
            last_success_at=NOW, next_due_at=NOW + timedelta(hours=1),
        )
        for account in accounts
    )  # fmt: skip
    chance = random.Random(7)  # noqa: S311 (a bill, not a secret)
    costs = [Decimal(chance.randrange(10**12)) / 10**10 for _ in range(997)]
    columns = ("aws_account_id", "day", "service", "record_type", "currency", "unblended_cost", "amortized_cost",
               "is_estimated", "source", "retrieved_at")  # fmt: skip
    for number, account in enumerate(accounts):
        with transaction.atomic():
            upsert(
                BilledCost,
                [
                    (account.pk, day, name, "Usage", "USD", cost, cost, False, "aws_cost_explorer", NOW)
                    for at, day in enumerate(CALENDAR)
                    for which, name in enumerate(NAMES)
                    for cost in (costs[(number * 31 + at * 7 + which * 101) % 997],)
                ],
                columns=columns,
                key=columns[:5],
            )
    began = time.perf_counter()
    with transaction.atomic():
        add_up_bills(team_id=team.pk, days=[])
    first = time.perf_counter()
    with transaction.atomic():
        add_up_bills(team_id=team.pk, days=CALENDAR[-3:])
    print(f"added up in {first - began:.1f} s; three days of one refresh in {time.perf_counter() - first:.2f} s")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return reader, stranger


if __name__ == "__main__":
    sys.exit(main())
