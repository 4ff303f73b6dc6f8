import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from finops.sandbox.aws.quotas import QUOTAS
from finops.sandbox.scenario import Scenario
from finops.sandbox.server import Sandbox
from tests.sandbox_fixtures import ONE_TRY, SANDBOX_NOW, all_instances

WORKLOADS = "444455556666"


def error_code(raised):
    return raised.value.response["Error"]["Code"], raised.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_small_pages_together_are_the_whole_list(sandbox, aws_client):
    ec2 = aws_client("ec2", region="eu-central-1")

    paged = all_instances(ec2, PaginationConfig={"PageSize": 5})

    listed = [
        machine.instance_id
        for machine in sandbox.scenario.machines(WORKLOADS, "eu-central-1")
        if machine.timeline.is_listed(SANDBOX_NOW)
    ]
    assert [item["InstanceId"] for item in paged] == listed
    assert [item["InstanceId"] for item in all_instances(ec2)] == listed
    assert sandbox.log.count("DescribeInstances") == -(-len(listed) // 5) + 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"MaxResults": 4}, "InvalidParameterValue"),
        ({"MaxResults": 1001}, "InvalidParameterValue"),
        ({"MaxResults": 5, "InstanceIds": ["i-0123456789abcdef0"]}, "InvalidParameterCombination"),
        ({"InstanceIds": ["i-0123456789abcdef0"]}, "InvalidInstanceID.NotFound"),
        ({"InstanceIds": ["machine"]}, "InvalidInstanceID.Malformed"),
        ({"Filters": [{"Name": "colour", "Values": ["red"]}]}, "InvalidParameterValue"),
        ({"NextToken": "made up"}, "InvalidNextToken"),
    ],
)
def test_what_ec2_refuses_is_refused(aws_client, arguments, code):
    with pytest.raises(ClientError) as raised:
        aws_client("ec2", region="eu-central-1").describe_instances(**arguments)

    assert error_code(raised) == (code, 400)


def test_a_token_belongs_to_its_own_question(aws_client):
    ec2 = aws_client("ec2", region="eu-central-1")
    token = ec2.describe_instances(MaxResults=5)["NextToken"]

    with pytest.raises(ClientError) as raised:
        ec2.describe_instances(MaxResults=5, NextToken=token, Filters=[{"Name": "tag-key", "Values": ["*"]}])

    assert error_code(raised) == ("InvalidNextToken", 400)


@pytest.mark.parametrize(
    ("name", "values", "holds"),
    [
        ("availability-zone", ["*a"], lambda item: item["Placement"]["AvailabilityZone"] == "us-east-1a"),
        ("instance-lifecycle", ["spot"], lambda item: item.get("InstanceLifecycle") == "spot"),
        ("instance-type", ["m7g.*"], lambda item: item["InstanceType"].startswith("m7g.")),
        ("tag:Name", ["web-us-*"], lambda item: {"Key": "service", "Value": "web"} in item["Tags"]),
    ],
)
def test_filters_choose(aws_client, name, values, holds):
    ec2 = aws_client("ec2", region="us-east-1")

    chosen = all_instances(ec2, Filters=[{"Name": name, "Values": values}])

    assert chosen
    assert all(holds(item) for item in chosen)
    assert len(chosen) < len(all_instances(ec2))


def test_only_enabled_regions_are_told(aws_client):
    regions = aws_client("ec2", profile="research").describe_regions()["Regions"]

    assert [region["RegionName"] for region in regions] == ["eu-north-1", "eu-west-3", "us-east-1", "us-west-2"]


def test_tags_that_mean_harm_arrive_as_they_are(sandbox, aws_client):
    sandbox.sign_in()

    instances = all_instances(aws_client("ec2", profile="shop", region="us-east-1"))

    values = {tag["Value"] for item in instances for tag in item.get("Tags", [])}
    assert {"<script>alert('name')</script>", "=1+1", "invoice\u202egpj.exe", ""} <= values


def test_listing_all_at_once_has_the_smaller_bucket():
    quota = QUOTAS["ec2", "DescribeInstances, all at once"]
    scenario = Scenario.small(now=SANDBOX_NOW)
    with Sandbox(scenario) as sandbox:
        account = scenario.accounts[1]
        ec2 = account_client(sandbox, account, "ec2", "us-west-2", config=ONE_TRY)
        codes = []
        for _ in range(int(quota.capacity) + 30):
            try:
                ec2.describe_instances()
            except ClientError as error:
                codes.append((error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]))
        ec2.describe_instances(MaxResults=1000)

        assert set(codes) == {("RequestLimitExceeded", 503)}
        assert sandbox.log.count("DescribeInstances", outcome="RequestLimitExceeded") == len(codes)


def account_client(sandbox, account, service, region, *, config: Config):
    import boto3  # noqa: PLC0415 (only this test goes without the fixture)

    return boto3.client(
        service,
        region_name=region,
        endpoint_url=sandbox.aws_url,
        aws_access_key_id=account.access_key_id,
        aws_secret_access_key=account.secret_access_key,
        config=config,
    )
