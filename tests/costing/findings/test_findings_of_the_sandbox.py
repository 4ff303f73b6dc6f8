"""Every problem planted in the sandbox is found through the real clients, and nothing that only looks like one."""

import pytest

from accounts.models import AwsAccount
from accounts.services.estate import (
    refresh_addresses,
    refresh_buckets,
    refresh_databases,
    refresh_disks,
    refresh_functions,
)
from accounts.services.inventory import refresh_inventory
from accounts.services.metrics import refresh_metrics
from accounts.services.utilization import refresh_utilization
from accounts.sources import aws_session
from costing.models import Evaluation, Finding
from costing.services.findings import evaluate_findings
from finops.core.periods import DAY, Period, start_of_day, utc_day
from finops.core.upstream.errors import UpstreamError
from finops.core.upstream.meter import CallMeter
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP
from finops.sandbox.scenario.fleet import Load
from tests.factories import NOW, AwsAccountFactory, SourceStatusFactory
from tests.sandbox_fixtures import running_sandbox, sandbox  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db

HISTORY = Period(start_of_day(utc_day(NOW) - 31 * DAY), NOW)
RULE_OF = {
    ("rds_instance", "storage"): "rds_storage",
    ("rds_instance", "connections"): "rds_connections",
    ("rds_instance", "cpu"): "rds_cpu",
    ("rds_instance", "burst_balance"): "rds_burst_balance",
    ("rds_instance", "memory"): "rds_memory",
    ("rds_instance", "idle"): "rds_idle",
    ("lambda_function", "errors"): "lambda_errors",
    ("lambda_function", "throttles"): "lambda_throttles",
    ("lambda_function", "duration"): "lambda_duration",
    ("lambda_function", "idle"): "lambda_idle",
    ("ebs_volume", "unattached"): "volume_unattached",
    ("ebs_snapshot", "old snapshot"): "snapshot_old",
    ("elastic_ip", "unattached"): "address_free",
}


def look_around(account):
    """What the steps of a refresh ask, in their order; what is not allowed is left out, as a refresh does."""
    aws = aws_session(account, CallMeter())
    for refresh in (refresh_inventory, refresh_databases, refresh_buckets, refresh_functions, refresh_disks,
                    refresh_addresses):  # fmt: skip
        try:
            refresh(account=account, aws=aws, now=NOW)
        except UpstreamError:
            assert account.account_id != PLATFORM_WORKLOADS.account_id
        account.refresh_from_db()
    for refresh in (refresh_utilization, refresh_metrics):
        refresh(account=account, aws=aws, period=HISTORY, now=NOW)


def test_all_that_is_planted_is_found_and_nothing_else(sandbox):  # noqa: F811 (the fixture)
    sandbox.sign_in()
    for account in (PLATFORM_PAYER, PLATFORM_WORKLOADS, SHOP, RESEARCH):
        row = AwsAccountFactory.create(
            account_id=account.account_id, profile_name=account.profile_name, home_region=account.home_region,
            name=account.name, enabled_regions=[],
        )  # fmt: skip
        SourceStatusFactory.create(aws_account=row, source="aws_ebs")
        look_around(row)

    for row in AwsAccount.objects.all():
        evaluate_findings(account=row, now=NOW)

    found = {
        (row.resource.aws_account.account_id, row.resource.region, row.resource.resource_id, row.rule)
        for row in Finding.objects.filter(resource__isnull=False).select_related("resource__aws_account")
    }
    planted = {
        (thing.account_id, thing.region, thing.identifier, RULE_OF[thing.kind, thing.planted])
        for thing in sandbox.scenario.estate
        if thing.planted
    }
    assert found == planted
    groups = {machine.instance_id: machine.group.name for machine in sandbox.scenario.all_machines}
    of_machines = {
        (groups[row.instance.instance_id], row.rule)
        for row in Finding.objects.filter(instance__isnull=False).select_related("instance")
    }
    assert {group for group, rule in of_machines if rule == "ec2_idle"} == {"forgotten"}
    busy = {group for group, rule in of_machines if rule == "ec2_cpu"}
    assert {"search", "basket", "warehouse"} <= busy
    loads = {machine.group.name: machine.group.load for machine in sandbox.scenario.all_machines}
    assert {loads[group] for group in busy} <= {Load.HOT, Load.BATCH}  # batches run at 88 % for as long as they last
    undecided = Evaluation.objects.get(aws_account__account_id=RESEARCH.account_id).counts["rds_cpu"]["not_enough_data"]
    assert undecided == 1  # archive-db is stopped: neither idle nor fine
