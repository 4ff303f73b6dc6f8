"""The real clients and services against the sandbox's own AWS: its quotas, its pages, its denials."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider

from accounts.clients.aws.events import EVENT_NAMES
from accounts.models import EventWatermark, Instance, InstanceEvent, MetricDay
from accounts.services.access import check_access
from accounts.services.events import refresh_events
from accounts.services.inventory import refresh_inventory
from accounts.services.utilization import refresh_utilization
from accounts.sources import aws_session
from finops.core.periods import DAY, Period
from finops.core.upstream.errors import Reason, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP
from finops.sandbox.server import Sandbox
from tests.factories import NOW, AwsAccountFactory

pytestmark = pytest.mark.django_db
WEEKS = Period(NOW - timedelta(days=20), NOW)


@pytest.fixture(scope="module")
def strict_sandbox():
    """A sandbox that lets nobody ask faster than AWS does."""
    with Sandbox(Scenario.small(now=NOW), enforces_quotas=True) as sandbox:
        yield sandbox


@pytest.fixture
def register(strict_sandbox, monkeypatch):
    """An account of the sandbox, and the way into it."""
    for name, value in strict_sandbox.environment().items():
        monkeypatch.setenv(name, value)
    strict_sandbox.log.clear()

    def registered(account):
        row = AwsAccountFactory.create(
            account_id=account.account_id,
            profile_name=account.profile_name,
            home_region=account.home_region,
            enabled_regions=[],
        )
        return row, aws_session(row, CallMeter())

    return registered


def test_an_account_is_read_as_it_is_without_being_throttled(strict_sandbox, register):
    account, aws = register(PLATFORM_WORKLOADS)

    inventory = refresh_inventory(account=account, aws=aws, now=NOW)
    events = refresh_events(account=account, aws=aws, period=WEEKS, now=NOW)
    utilization = refresh_utilization(account=account, aws=aws, period=WEEKS, now=NOW)

    assert not {**inventory.failed_parts, **events.failed_parts, **utilization.failed_parts}
    assert account.enabled_regions == sorted(PLATFORM_WORKLOADS.enabled_regions)
    told = {operation: strict_sandbox.log.count(operation) for operation in aws.meter.calls}
    assert aws.meter.calls == told
    # Nothing was asked too fast, but for a call or two that a busy machine held up until the next one came.
    outcomes = Counter(asked.outcome for asked in strict_sandbox.log.latest())
    assert set(outcomes) <= {"ok", "ThrottlingException"}
    assert outcomes["ThrottlingException"] <= outcomes.total() * 0.05

    machines = {m.instance_id: m for m in strict_sandbox.scenario.machines_of(account.account_id)}
    instances = Instance.objects.filter(aws_account=account)
    assert {i.instance_id for i in instances.filter(state="running")} == {
        m.instance_id for m in machines.values() if m.timeline.state(NOW) and m.timeline.state(NOW).name == "running"
    }
    for instance in instances:
        assert instance.instance_type == machines[instance.instance_id].timeline.instance_type(NOW)
    marks = EventWatermark.objects.filter(aws_account=account, read_until=NOW)
    assert marks.count() == len(EVENT_NAMES) * len(account.enabled_regions)
    assert InstanceEvent.objects.filter(aws_account=account).exists()
    assert instances.exclude(gone_at=None).exists()  # known by their events only


def test_minutes_measured_are_those_that_the_machines_ran(strict_sandbox, register):
    account, aws = register(PLATFORM_WORKLOADS)
    refresh_inventory(account=account, aws=aws, now=NOW)

    refresh_utilization(account=account, aws=aws, period=WEEKS, now=NOW)

    machines = {m.instance_id: m for m in strict_sandbox.scenario.machines_of(account.account_id)}
    settled = Period.of_days(WEEKS.start.date() + DAY, NOW.date() - 2 * DAY)
    for instance in Instance.objects.filter(aws_account=account):
        ran = machines[instance.instance_id].timeline.running_seconds(settled) / 60
        rows = MetricDay.objects.filter(instance=instance, day__gte=settled.start.date(), day__lt=settled.end.date())
        measured = sum(float(np.nansum(row.sample_count)) for row in rows)
        assert measured == pytest.approx(ran, rel=0.02, abs=30), instance.instance_id


def test_an_account_that_may_not_read_events_is_read_otherwise(register):
    account, aws = register(RESEARCH)

    assert refresh_inventory(account=account, aws=aws, now=NOW).rows_written
    with pytest.raises(UpstreamRejected) as caught:
        refresh_events(account=account, aws=aws, period=WEEKS, now=NOW)
    assert refresh_utilization(account=account, aws=aws, period=WEEKS, now=NOW).rows_written

    assert caught.value.reason is Reason.DENIED
    assert "cloudtrail:LookupEvents" in caught.value.fix


def test_an_account_behind_an_sso_session_that_ended_names_the_command(strict_sandbox, register, monkeypatch):
    # botocore looked up the home directory when it was imported; for this test it is the sandbox's.
    for provider in (SSOTokenProvider, SSOProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(strict_sandbox.home / ".aws" / "sso" / "cache"))
    account, aws = register(SHOP)

    with pytest.raises(UpstreamRejected) as caught:
        refresh_inventory(account=account, aws=aws, now=NOW)

    assert (caught.value.reason, caught.value.fix) == (Reason.LOGIN_NEEDED, "aws sso login --profile shop")

    strict_sandbox.sign_in()
    refresh_inventory(account=account, aws=aws_session(account, CallMeter()), now=NOW)
    strict_sandbox.sign_out()

    assert Instance.objects.filter(aws_account=account).exists()


@pytest.fixture
def role(strict_sandbox, register, monkeypatch):
    """An account entered by a role, taken on with another account's keys."""
    account, _ = register(PLATFORM_WORKLOADS)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", PLATFORM_PAYER.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLATFORM_PAYER.secret_access_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL", strict_sandbox.aws_url)
    account.access_kind = "role"
    account.role_arn, account.external_id = PLATFORM_WORKLOADS.role_arn, PLATFORM_WORKLOADS.external_id
    return account


def test_a_role_is_entered_with_its_external_id(role, meter):
    check_access(account=role, meter=meter)

    assert refresh_inventory(account=role, aws=aws_session(role, meter), now=NOW).rows_written


def test_a_role_is_not_entered_with_another_external_id(role, meter):
    role.external_id = "somebody else's"

    with pytest.raises(UpstreamRejected) as caught:
        check_access(account=role, meter=meter)
    assert caught.value.reason is Reason.DENIED


def test_a_role_that_lets_in_anybody_is_not_used(role, meter):
    role.role_arn = PLATFORM_WORKLOADS.careless_role_arn

    with pytest.raises(UpstreamRejected) as caught:
        check_access(account=role, meter=meter)
    assert "sts:ExternalId" in caught.value.fix


def test_a_role_of_another_account_is_not_taken_for_this_one(role, meter):
    role.role_arn, role.external_id = RESEARCH.role_arn, RESEARCH.external_id

    with pytest.raises(UpstreamRejected) as caught:
        check_access(account=role, meter=meter)
    assert RESEARCH.account_id in caught.value.message


def test_a_profile_is_checked_by_whose_it_is(register, meter):
    account, _ = register(PLATFORM_WORKLOADS)
    check_access(account=account, meter=meter)
    account.profile_name = RESEARCH.profile_name

    with pytest.raises(UpstreamRejected) as caught:
        check_access(account=account, meter=meter)
    assert caught.value.reason is Reason.BAD_CREDENTIALS
