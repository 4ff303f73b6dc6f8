"""The steps that list what an account holds, in the pipeline, against the sandbox: refusals and counts of calls."""

import math
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction

from accounts.estimators.metrics import METRICS
from accounts.estimators.resource_kinds import LISTED_KINDS, ResourceKind
from accounts.models import Resource, ResourceMetricDay, SourceState, SourceStatus
from accounts.selectors.estate import kind_answers
from accounts.selectors.scope import Scope
from finops.core.periods import Period
from finops.pipeline.run import run_steps
from finops.pipeline.steps import Context
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.accounts import SHOP, Denial
from finops.sandbox.server import Sandbox
from tests.factories import NOW, AwsAccountFactory

ESTATE = ("databases", "buckets", "functions", "disks", "addresses", "metrics")
REGIONS = ("eu-west-1", "us-east-1")
# What may be refused, what a policy calls it, and the kinds that are not told then.
REFUSALS = [
    ("rds", "DescribeDBInstances", "rds:DescribeDBInstances", {ResourceKind.RDS_INSTANCE}),
    ("rds", "DescribeDBClusters", "rds:DescribeDBClusters", {ResourceKind.RDS_CLUSTER}),
    ("s3", "ListBuckets", "s3:ListAllMyBuckets", {ResourceKind.S3_BUCKET}),
    ("lambda", "ListFunctions", "lambda:ListFunctions", {ResourceKind.LAMBDA_FUNCTION}),
    ("ec2", "DescribeVolumes", "ec2:DescribeVolumes", {ResourceKind.EBS_VOLUME}),
    ("ec2", "DescribeSnapshots", "ec2:DescribeSnapshots", {ResourceKind.EBS_SNAPSHOT}),
    ("ec2", "DescribeAddresses", "ec2:DescribeAddresses", {ResourceKind.ELASTIC_IP}),
    ("cloudwatch", "GetMetricData", "cloudwatch:GetMetricData", set()),
]
# What the Shop has in these regions of what is no machine.
THERE = {
    ResourceKind.RDS_INSTANCE: 3,
    ResourceKind.RDS_CLUSTER: 1,
    ResourceKind.S3_BUCKET: 2,
    ResourceKind.LAMBDA_FUNCTION: 1,
    ResourceKind.EBS_SNAPSHOT: 0,
    ResourceKind.ELASTIC_IP: 1,
}


@pytest.fixture(scope="module")
def world():
    """A sandbox, and what may not be done in it."""
    refused = []
    scenario = replace(Scenario.small(now=NOW), denials=refused)
    with Sandbox(scenario, enforces_quotas=False) as sandbox:
        yield sandbox, refused
        assert sandbox.log.faults == []


@pytest.fixture
def account(world, team, monkeypatch):
    """The Shop, entered with a key for the Shop's own account."""
    sandbox, refused = world
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SHOP.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SHOP.secret_access_key)
    sandbox.log.clear()
    yield AwsAccountFactory.create(
        team=team,
        account_id=SHOP.account_id,
        access_kind="environment",
        profile_name="",
        home_region=SHOP.home_region,
        enabled_regions=list(REGIONS),
    )
    refused.clear()


def refresh(account, *, now=NOW):
    context = Context(account, Period(now - timedelta(days=20), now), now, transaction.atomic)
    return {report.name: report for report in run_steps(context=context, steps=ESTATE, watch=lambda _: None)}


def counts():
    found = Counter(ResourceKind(kind) for kind in Resource.objects.values_list("kind", flat=True))
    return {kind: found[kind] for kind in THERE}


def test_everything_is_found_and_says_so(account, alice):
    reports = refresh(account)

    assert {report.state for report in reports.values()} == {"done"}
    assert counts() == THERE
    answers = kind_answers(Scope(alice, (account.team,)), kinds=LISTED_KINDS)
    assert {answer.state for answer in answers} == {SourceState.AVAILABLE}
    assert all(answer.is_whole for answer in answers)


@pytest.mark.parametrize("refusal", REFUSALS, ids=[row[2] for row in REFUSALS])
def test_one_refusal_leaves_all_the_rest_and_names_its_action(world, account, alice, refusal):
    _, refused = world
    service, operation, action, untold = refusal
    refused.append(Denial(SHOP.account_id, service, operation))

    refresh(account)

    assert counts() == THERE | dict.fromkeys(untold & set(THERE), 0)
    assert Resource.objects.of_kind(ResourceKind.EBS_VOLUME).exists() is (ResourceKind.EBS_VOLUME not in untold)
    answers = {a.kind: a for a in kind_answers(Scope(alice, (account.team,)), kinds=LISTED_KINDS)}
    assert {kind for kind, answer in answers.items() if not answer.is_whole} == untold
    assert {(answers[kind].state, action in answers[kind].fix) for kind in untold} <= {(SourceState.DENIED, True)}
    named = SourceStatus.objects.filter(fix__contains=action)
    assert named.count() == 1
    assert ResourceMetricDay.objects.exists() is (service != "cloudwatch")


def test_a_refresh_makes_no_more_calls_than_the_batched_minimum(world, account):
    sandbox, _ = world

    refresh(account)

    made = Counter(asked.operation for asked in sandbox.log.latest() if asked.operation != "GetCallerIdentity")
    # One page of each list in each region, and one of the account's buckets.
    a_region = ("DescribeDBInstances", "DescribeDBClusters", "ListFunctions")
    a_region += ("DescribeVolumes", "DescribeSnapshots", "DescribeAddresses")
    least = Counter(dict.fromkeys(a_region, len(REGIONS)) | {"ListBuckets": 1})
    # 20 days are 492 hours, so that 100,800 points are 204 queries a call; the days of buckets are a call of their own.
    queries = Counter()
    for row in Resource.objects.filter(region__in=REGIONS):
        queries[row.region] += sum(len(m.statistics) for m in METRICS if m.kind == row.kind and not m.is_daily)
    least["GetMetricData"] = sum(math.ceil(each / 204) for each in queries.values()) + 1
    assert sum(made.values()) <= 1.1 * least.total()
    assert made.keys() == least.keys()


def test_a_refresh_soon_after_asks_for_no_metric_again_and_writes_nothing(world, account):
    sandbox, _ = world
    refresh(account)
    sandbox.log.clear()

    reports = refresh(account, now=NOW + timedelta(minutes=59))

    assert {name: report.rows for name, report in reports.items()} == dict.fromkeys(ESTATE, 0)
    assert "GetMetricData" not in {asked.operation for asked in sandbox.log.latest()}
