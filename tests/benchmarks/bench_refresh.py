"""Refresh inventory and utilization of 10,000 instances, beside bare boto3 asking for the same pages.

    python -m tests.benchmarks.bench_refresh

The sandbox answers from a process of its own, without quotas. The reference makes the calls that the refresh
made, page by page and as many at once, with plain boto3 clients, and drops what boto3 parsed. Both have had a
round to warm up. The refresh also reads what is stored, merges, and writes to PostgreSQL.
"""

import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import boto3

from tests.services import postgresql

INSTANCES = 10_000
ROUNDS = 3
NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
HISTORY = timedelta(days=1)
WANTED_RATIO = 0.6

# Profile, service, region, operation and parameters of a first page; the pages after it follow its token.
Call = tuple[str, str, str, str, dict[str, Any]]


def main() -> float:
    """Print both times and their ratio; give the ratio."""
    with (
        _sandbox() as environment,
        tempfile.TemporaryDirectory(prefix="finops-bench-") as folder,
        postgresql(Path(folder) / "pg") as url,
    ):
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        import django  # noqa: PLC0415 (the database comes first)

        django.setup()
        # tests.settings forgets the variables of whoever started it; these are ours.
        os.environ |= environment
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        accounts = _accounts()
        calls: list[Call] = []
        _refresh(accounts, calls)
        clients: dict[tuple[str, str, str], Any] = {}
        _bare(calls, clients)
        rounds = [(_refresh(accounts), _bare(calls, clients)) for _ in range(ROUNDS)]
        counts = _stored()
    ours, theirs = (_median(side) for side in zip(*rounds, strict=True))
    print(f"inventory + utilization of {counts['instances']:,} instances ({len(calls)} first pages asked for,")
    print(
        f"  {counts['metric days']:,} instance-days of CPU stored): {ours.seconds:.2f} s (CPU {ours.cpu_seconds:.2f} s)"
    )
    print(f"  reference, bare boto3 asking and parsing the same pages: {theirs.seconds:.2f} s "
          f"(CPU {theirs.cpu_seconds:.2f} s)")  # fmt: skip
    print(f"  ratio of speeds: {theirs.seconds / ours.seconds:.2f} (wanted: at least {WANTED_RATIO})")
    return theirs.seconds / ours.seconds


@dataclass(frozen=True, slots=True)
class Took:
    """Time by the clock, and of this process's processors: the sandbox's work and waiting are not in it."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def since(cls, began: "Took") -> "Took":
        """What has passed since then."""
        return cls(time.perf_counter() - began.seconds, time.process_time() - began.cpu_seconds)

    @classmethod
    def now(cls) -> "Took":
        """The two clocks."""
        return cls(time.perf_counter(), time.process_time())


def _median(side: tuple[Took, ...]) -> Took:
    return Took(statistics.median(took.seconds for took in side), statistics.median(took.cpu_seconds for took in side))


@contextmanager
def _sandbox() -> Iterator[dict[str, str]]:
    """The large scenario in a process of its own; the variables that lead to it."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("end")
        process.join(20)


def _serve(pipe: Connection) -> None:
    from finops.sandbox.scenario import Scenario  # noqa: PLC0415 (only in the sandbox's own process)
    from finops.sandbox.server import Sandbox  # noqa: PLC0415

    with Sandbox(Scenario.large(instances=INSTANCES, now=NOW, days=7), enforces_quotas=False) as sandbox:
        pipe.send(sandbox.environment())
        pipe.recv()


def _accounts() -> list[Any]:
    from accounts.models import AwsAccount, Team  # noqa: PLC0415 (after django.setup)
    from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS  # noqa: PLC0415

    team = Team.objects.create(name="bench", slug="bench")
    return [
        AwsAccount.objects.create(
            team=team,
            account_id=account.account_id,
            name=account.name,
            profile_name=account.profile_name,
            home_region=account.home_region,
        )
        for account in (PLATFORM_PAYER, PLATFORM_WORKLOADS)
    ]


def _refresh(accounts: list[Any], calls: list[Call] | None = None) -> Took:
    """Both steps of all accounts, into empty tables; `calls` takes note of what was asked."""
    from django.db import connection  # noqa: PLC0415

    from accounts.models import Instance, MetricDay  # noqa: PLC0415
    from accounts.services.inventory import refresh_inventory  # noqa: PLC0415
    from accounts.services.utilization import refresh_utilization  # noqa: PLC0415
    from accounts.sources import aws_session  # noqa: PLC0415
    from finops.core.periods import Period  # noqa: PLC0415
    from finops.core.upstream.meter import CallMeter  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {Instance._meta.db_table}, {MetricDay._meta.db_table} CASCADE")
    began = Took.now()
    for account in accounts:
        session = aws_session(account, CallMeter())
        if calls is not None:
            _note_calls(session, account.profile_name, calls)
        refresh_inventory(account=account, aws=session, now=NOW)
        period = Period(NOW.replace(hour=0, minute=0) - HISTORY, NOW)
        refresh_utilization(account=account, aws=session, period=period, now=NOW)
    return Took.since(began)


def _note_calls(session: Any, profile: str, calls: list[Call]) -> None:
    real = session.call

    def call(operation: Any, *, region: str, **arguments: Any) -> dict[str, Any]:
        if "NextToken" not in arguments:
            asked = {name: value for name, value in arguments.items() if name != "cost_usd"}
            calls.append((profile, operation.service, region, operation.method, asked))
        answer: dict[str, Any] = real(operation, region=region, **arguments)
        return answer

    session.call = call


def _bare(calls: list[Call], clients: dict[tuple[str, str, str], Any]) -> Took:
    """boto3 asks for and parses the same pages; six at once, as the refresh does."""
    from accounts.services.parallel import AT_ONCE  # noqa: PLC0415

    began = Took.now()
    groups: dict[tuple[str, str], list[Call]] = {}
    for call in calls:
        groups.setdefault((call[0], call[3]), []).append(call)
    # One account after the other, and one operation after the other, as the steps of a refresh are.
    for group in groups.values():
        for profile, service, region, *_ in group:
            if (profile, service, region) not in clients:
                session = boto3.Session(profile_name=profile)
                clients[profile, service, region] = session.client(service, region_name=region)  # type: ignore[call-overload]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda call: _all_pages(clients[call[:3]], call[3], call[4]), group))
    return Took.since(began)


def _all_pages(client: Any, method: str, arguments: dict[str, Any]) -> None:
    answer = getattr(client, method)(**arguments)
    while answer.get("NextToken"):
        answer = getattr(client, method)(**arguments, NextToken=answer["NextToken"])


def _stored() -> dict[str, int]:
    from accounts.models import Instance, MetricDay  # noqa: PLC0415

    return {"instances": Instance.objects.count(), "metric days": MetricDay.objects.count()}


if __name__ == "__main__":
    main()
