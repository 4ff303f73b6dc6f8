"""Recorded answers of AWS go through the wire and come out of boto3 unchanged."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from django.conf import settings

from finops.sandbox.aws.endpoint import AwsEndpoint
from finops.sandbox.aws.identity import Identities
from finops.sandbox.loopback import LoopbackServer
from finops.sandbox.scenario import Scenario
from tests.sandbox_fixtures import ONE_TRY, SANDBOX_NOW

RECORDINGS = Path(settings.BASE_DIR).parent / "shared" / "data" / "aws_recordings"
SERVICES = {"monitoring": "cloudwatch"}
FILES = [
    "c7n/test_ec2_resize/ec2.DescribeInstances_1.json",
    "c7n/test_ec2_resize/ec2.StartInstances_1.json",
    "c7n/test_ec2_stop_hibernate/ec2.DescribeInstances_2.json",
    "c7n/test_ec2_propagate_spot_tags/ec2.DescribeInstances_1.json",
    "c7n/test_aws_policy_region_expand/ec2.DescribeRegions_1.json",
    "c7n/test_rds_stop/rds.DescribeDBInstances_1.json",
    "c7n/test_credential_sts/sts.GetCallerIdentity_1.json",
    "c7n/test_org_account_describe/organizations.ListAccounts_1.json",
    "c7n/bedrock_inference_profile_token_metrics/monitoring.GetMetricData_1.json",
    "ec2-instance-selector/pricing.GetProducts_m5_large.json",
    "cloudscape/ce.GetCostAndUsage_monthly_by_service.json",
]
ARGUMENTS = {
    "StartInstances": {"InstanceIds": ["i-0123456789abcdef0"]},
    "GetMetricData": {"MetricDataQueries": [], "StartTime": SANDBOX_NOW, "EndTime": SANDBOX_NOW},
    "GetProducts": {"ServiceCode": "AmazonEC2"},
    "GetCostAndUsage": {
        "TimePeriod": {"Start": "2026-01-01", "End": "2026-02-01"},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
    },
}


def revived(value):
    if isinstance(value, dict):
        if value.get("__class__") == "datetime":
            names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return datetime(*[value[name] for name in names], tzinfo=UTC)
        return {key: revived(item) for key, item in value.items() if key != "ResponseMetadata"}
    return [revived(item) for item in value] if isinstance(value, list) else value


def comparable(value):
    """Without empty members, and to the second: the wire writes neither nulls nor fractions."""
    if isinstance(value, dict):
        kept = {key: comparable(item) for key, item in value.items() if key != "ResponseMetadata" and item is not None}
        return {key: item for key, item in kept.items() if item != {}}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value.astimezone(UTC).replace(microsecond=0) if isinstance(value, datetime) else value


@pytest.fixture
def served():
    """A function that serves one answer at an endpoint and asks for it with boto3."""
    scenario = Scenario.small(now=SANDBOX_NOW)
    account = scenario.accounts[0]
    servers = []

    def ask(service, operation, answer):
        endpoint = AwsEndpoint(
            scenario, identities=Identities(scenario), handlers={(service, operation): lambda *_: answer}
        )
        servers.append(LoopbackServer(endpoint).start())
        client = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=servers[-1].url,
            aws_access_key_id=account.access_key_id,
            aws_secret_access_key=account.secret_access_key,
            config=ONE_TRY,
        )
        return getattr(client, xform_name(operation))(**ARGUMENTS.get(operation, {}))

    yield ask
    for server in servers:
        server.stop()


@pytest.mark.parametrize("name", FILES)
def test_a_recorded_answer_comes_back_unchanged(served, name):
    service, operation = re.match(r"([\w-]+)\.([A-Za-z]+)_", Path(name).name).groups()
    recorded = json.loads((RECORDINGS / name).read_text())
    answer = revived(recorded.get("data", recorded))

    told = served(SERVICES.get(service, service), operation, answer)

    assert comparable(told) == comparable(answer)


def test_an_answer_that_breaks_the_model_is_an_error_and_never_data(served):
    with pytest.raises(ClientError) as raised:
        served("ec2", "DescribeInstances", {"Reservations": "none"})

    error = raised.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("InternalFailure", 500)
    assert "Reservations" in error["Error"]["Message"]
