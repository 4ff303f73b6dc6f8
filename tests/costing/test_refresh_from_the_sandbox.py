"""The real clients and services against the sandbox's own AWS: its quotas, its pages, its traps."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.models import Instance
from accounts.services.inventory import refresh_inventory
from accounts.sources import aws_session
from costing.models import BilledCost, Price
from costing.services.bills import refresh_bills
from costing.services.prices import refresh_prices
from finops.core.periods import Period
from finops.core.upstream.meter import CallMeter
from finops.sandbox.aws.profiles import write_profiles
from finops.sandbox.aws.world import SimulatedAws
from finops.sandbox.loopback import LoopbackServer
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH
from tests.factories import NOW, AwsAccountFactory

pytestmark = pytest.mark.django_db
WEEK = Period.of_days(date(2026, 3, 9), date(2026, 3, 15))


@pytest.fixture(scope="module")
def simulated():
    return SimulatedAws(Scenario.small(now=NOW))


@pytest.fixture
def ask(simulated, monkeypatch, tmp_path):
    """A session into an account of the sandbox."""
    server = LoopbackServer(simulated.endpoint).start()
    for name, value in write_profiles(tmp_path, server.url, scenario=Scenario.small(now=NOW)).items():
        monkeypatch.setenv(name, value)
    yield lambda account: aws_session(account, CallMeter())
    server.stop()


@pytest.fixture
def register(team):
    """An account of the sandbox as Alice's team registers it."""

    def registered(account, **more):
        return AwsAccountFactory.create(
            team=team,
            account_id=account.account_id,
            profile_name=account.profile_name,
            home_region=account.home_region,
            **more,
        )

    return registered


def billed(simulated, account, *payers):
    """What the sandbox charges in the week, to a hundredth of a cent."""
    lines = [
        line
        for day in WEEK.days()
        for payer in payers or [account]
        for line in simulated.cost_explorer.bills.lines(payer.account_id, day, at=NOW)
        if line.account_id == account.account_id
    ]
    return sum((line.unblended_usd for line in lines), Decimal(0)).quantize(Decimal("0.0001"))


def stored(account):
    rows = BilledCost.objects.filter(aws_account=account)
    return sum((row.unblended_cost for row in rows), Decimal(0)).quantize(Decimal("0.0001"))


def test_a_payer_and_its_member_add_up_to_their_bill(simulated, ask, register):
    payer = register(PLATFORM_PAYER)
    member = register(PLATFORM_WORKLOADS, payer=payer)
    session = ask(payer)

    outcome = refresh_bills(account=payer, aws=session, period=WEEK, now=NOW)

    assert stored(payer) == billed(simulated, PLATFORM_PAYER) > 0
    assert stored(member) == billed(simulated, PLATFORM_WORKLOADS, PLATFORM_PAYER) > 0
    assert outcome.notes == []
    pages = session.meter.calls["GetCostAndUsage"]
    assert (pages >= 2, session.meter.cost_usd) == (True, pages * Decimal("0.01"))
    again = refresh_bills(account=payer, aws=session, period=WEEK, now=NOW + timedelta(hours=1))
    assert again.rows_written == 0


def test_an_account_on_its_own_adds_up_to_its_bill(simulated, ask, register):
    account = register(RESEARCH)

    refresh_bills(account=account, aws=ask(account), period=WEEK, now=NOW)

    assert stored(account) == billed(simulated, RESEARCH)
    assert {"Usage", "Credit"} <= set(BilledCost.objects.values_list("record_type", flat=True))


def test_every_kind_of_instance_of_an_account_gets_a_price_or_a_reason(ask, register):
    account = register(PLATFORM_WORKLOADS)
    session = ask(account)
    refresh_inventory(account=account, aws=session, now=NOW)
    kinds = set(
        Instance.objects.order_by().values_list("instance_type", "region", "usage_operation", "tenancy").distinct()
    )

    outcome = refresh_prices(account=account, aws=session, now=NOW)

    assert outcome.rows_written == Price.objects.count() == len(kinds) > 0
    assert not outcome.failed_parts
    without = Price.objects.filter(usd_per_hour=None)
    assert set(without.values_list("tenancy", flat=True)) <= {"Host"}
