"""A refresh whose process is killed again and again ends with the rows of one that nobody disturbed."""

import os
import random
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from django.conf import settings
from django.db.models import Sum

from accounts.models import RefreshRun
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS
from finops.sandbox.seed import seed
from finops.sandbox.server import Sandbox
from tests.journeys import databases
from tests.journeys.conftest import NOW
from tests.journeys.tables import differences, dump

KILLS = 10
REGIONS = ("eu-central-1", "us-east-1")
LEASE_SECONDS = 1
STARTS_WITHIN_SECONDS = 60
ENDS_WITHIN_SECONDS = 120

pytestmark = pytest.mark.kill


@pytest.fixture
def two_regions():
    """A world of two accounts in two regions over a few days, so that a refresh takes seconds."""
    world = Scenario.small(now=NOW, days=4)
    groups = tuple(group for group in world.groups if group.region in REGIONS)
    accounts = tuple(replace(account, enabled_regions=REGIONS) for account in (PLATFORM_PAYER, PLATFORM_WORKLOADS))
    world = replace(world, groups=groups, accounts=accounts, denials=())
    with Sandbox(world, enforces_quotas=False) as sandbox:
        yield sandbox


class Refresh:
    """`manage.py refresh --all` as a process of its own, begun once its first account is announced."""

    def __init__(self, database, sandbox, folder):
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        environment |= sandbox.environment() | {
            "DATABASE_URL": databases.url(database),
            "HISTORY_DAYS": "3",
            "REFRESH_LEASE_SECONDS": str(LEASE_SECONDS),
            "LOG_LEVEL": "ERROR",
        }
        self.log = folder / "refresh.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "refresh", "--all", "--now", NOW.isoformat()],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while PLATFORM_PAYER.name not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.began = time.monotonic()

    def kill_after(self, seconds):
        """None where it was killed; where it had ended by itself before, the seconds it took."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
        return None if self.process.wait() < 0 else time.monotonic() - self.began

    def end(self):
        """Let it come to its end; the seconds it took."""
        # Shop and Research are not in this world, so their refreshes fail, and the command says so.
        assert self.process.wait(timeout=ENDS_WITHIN_SECONDS) in {0, 1}, self.log.read_text()
        return time.monotonic() - self.began


@pytest.fixture
def seeded(django_db_setup, django_db_blocker):  # noqa: ARG001 (the test database comes first)
    """A database with the demo's teams and the two accounts, from which others are copied."""
    with django_db_blocker.unblock():
        name = databases.make("kill_seeded")
        with databases.using(name):
            seed()
            from accounts.models import AwsAccount  # noqa: PLC0415

            known = {PLATFORM_PAYER.account_id, PLATFORM_WORKLOADS.account_id}
            AwsAccount.objects.exclude(account_id__in=known).delete()
        yield name
        databases.drop(name)


def test_a_refresh_killed_ten_times_ends_with_the_rows_of_an_undisturbed_one(two_regions, seeded, tmp_path):
    undisturbed = databases.copy(seeded, "kill_undisturbed")
    disturbed = databases.copy(seeded, "kill_disturbed")
    seconds = Refresh(undisturbed, two_regions, tmp_path).end()
    chance = random.Random(20260318)  # noqa: S311 (the same moments each time)
    shares = [(number + chance.random()) / KILLS for number in range(KILLS)]
    chance.shuffle(shares)

    killed, tries = 0, 0
    while killed < KILLS and tries < 2 * KILLS:
        took = Refresh(disturbed, two_regions, tmp_path).kill_after(shares[tries % KILLS] * seconds)
        killed, tries = killed + (took is None), tries + 1
        seconds = min(seconds, took or seconds)  # the machine has less to do than it had: it comes to its end sooner
        time.sleep(LEASE_SECONDS + 0.1)  # the lease of the killed one ends, and the next start takes over at once
    Refresh(disturbed, two_regions, tmp_path).end()

    with databases.using(undisturbed):
        expected = dump(without=frozenset({"version", "stamp"}))
    with databases.using(disturbed):
        assert differences(expected, dump(without=frozenset({"version", "stamp"}))) == {}
        assert set(RefreshRun.objects.values_list("state", flat=True)) == {"done"}
        assert RefreshRun.objects.aggregate(n=Sum("attempts"))["n"] >= killed
    assert killed == KILLS
    assert all(expected[name] for name in ("Instance", "InstanceEvent", "MetricDay", "CarbonReading", "CostSnapshot"))
    databases.drop(undisturbed)
    databases.drop(disturbed)
