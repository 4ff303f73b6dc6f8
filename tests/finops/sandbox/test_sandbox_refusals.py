from dataclasses import replace
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.accounts import PLATFORM_WORKLOADS, Denial
from finops.sandbox.server import Sandbox
from tests.sandbox_fixtures import ONE_TRY, SANDBOX_NOW

WORKLOADS = PLATFORM_WORKLOADS.account_id
DENIALS = (
    Denial(WORKLOADS, "ec2", "DescribeInstances", "us-east-1"),
    Denial(WORKLOADS, "cloudwatch", "GetMetricData"),
    Denial(WORKLOADS, "ce", "GetCostAndUsage"),
)


@pytest.fixture(scope="module")
def strict():
    with Sandbox(replace(Scenario.small(now=SANDBOX_NOW), denials=DENIALS)) as sandbox:
        yield sandbox


@pytest.fixture
def client(strict):
    def client(service, region="us-east-1"):
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=strict.aws_url,
            aws_access_key_id=PLATFORM_WORKLOADS.access_key_id,
            aws_secret_access_key=PLATFORM_WORKLOADS.secret_access_key,
            config=ONE_TRY,
        )

    return client


def refusal(ask, **arguments):
    with pytest.raises(ClientError) as raised:
        ask(**arguments)
    return raised.value.response["Error"]["Code"], raised.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_each_service_denies_in_its_own_words(client):
    metrics = {"MetricDataQueries": [], "StartTime": SANDBOX_NOW - timedelta(1), "EndTime": SANDBOX_NOW}
    costs = {
        "TimePeriod": {"Start": "2026-03-01", "End": "2026-03-02"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
    }

    assert refusal(client("ec2").describe_instances) == ("UnauthorizedOperation", 403)
    assert refusal(client("cloudwatch").get_metric_data, **metrics) == ("AccessDenied", 403)
    assert refusal(client("ce").get_cost_and_usage, **costs) == ("AccessDeniedException", 400)


def test_what_is_denied_in_one_region_is_allowed_in_others(client):
    assert client("ec2", "eu-central-1").describe_instances(MaxResults=5)["Reservations"]


def test_in_a_region_that_is_not_enabled_nobody_is_known(client):
    assert refusal(client("ec2", "eu-west-3").describe_instances) == ("AuthFailure", 401)
    assert refusal(client("cloudtrail", "eu-west-3").lookup_events) == ("UnrecognizedClientException", 400)


def test_a_dry_run_tells_what_would_be(client):
    assert refusal(client("ec2", "eu-central-1").describe_instances, DryRun=True) == ("DryRunOperation", 412)
    assert refusal(client("ec2").describe_instances, DryRun=True) == ("UnauthorizedOperation", 403)


def test_time_goes_on_where_the_clock_does(monkeypatch):
    clock = [SANDBOX_NOW]
    scenario = replace(Scenario.small(now=SANDBOX_NOW), clock=lambda: clock[0])
    with Sandbox(scenario) as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        session = boto3.Session(profile_name="platform-workloads", region_name="eu-central-1")
        ec2 = session.client("ec2", config=ONE_TRY)
        staging = [{"Name": "tag:Name", "Values": ["staging-*"]}]

        def states():
            listed = ec2.describe_instances(Filters=staging)["Reservations"]
            return {item["State"]["Name"] for group in listed for item in group["Instances"]}

        at_noon = states()
        whole_at_noon = ec2.describe_instances(MaxResults=1000)["Reservations"]
        clock[0] += timedelta(hours=10)  # half past ten in the evening UTC

        assert at_noon == {"running"}
        assert states() == {"stopped"}
        assert ec2.describe_instances(MaxResults=1000)["Reservations"] != whole_at_noon
