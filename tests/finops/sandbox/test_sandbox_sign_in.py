import boto3
import pytest
from botocore.exceptions import ClientError, TokenRetrievalError, UnauthorizedSSOTokenError

from finops.sandbox.aws.profiles import SSO_REGION, write_token
from finops.sandbox.aws.sso import START_URL
from finops.sandbox.scenario.accounts import PLATFORM_WORKLOADS, RESEARCH, SHOP
from tests.sandbox_fixtures import ONE_TRY, SANDBOX_NOW

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def sts(aws_client):
    return aws_client("sts")


def assumed(sts, **arguments):
    return sts.assume_role(RoleSessionName="test", **arguments)


def test_each_profile_leads_to_its_account(sandbox, aws_client):
    sandbox.sign_in()

    for account in sandbox.scenario.accounts:
        identity = aws_client("sts", profile=account.profile_name).get_caller_identity()
        assert identity["Account"] == account.account_id
        assert identity["Arn"] == account.principal_arn


def test_a_role_is_assumed_with_its_external_id_and_leads_into_its_account(sts, sandbox):
    credentials = assumed(sts, RoleArn=RESEARCH.role_arn, ExternalId=RESEARCH.external_id)["Credentials"]

    other = boto3.client(
        "sts",
        endpoint_url=sandbox.aws_url,
        region_name="eu-north-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    assert other.get_caller_identity()["Account"] == RESEARCH.account_id


@pytest.mark.parametrize("external_id", [{}, {"ExternalId": "guessed"}, {"ExternalId": PLATFORM_WORKLOADS.external_id}])
def test_without_its_external_id_a_role_is_not_assumed(sts, external_id):
    with pytest.raises(ClientError) as raised:
        assumed(sts, RoleArn=RESEARCH.role_arn, **external_id)

    error = raised.value.response
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDenied", 403)


def test_a_careless_role_lets_anyone_in(sts):
    for external_id in ({}, {"ExternalId": "anything"}):
        assert assumed(sts, RoleArn=SHOP.careless_role_arn, **external_id)["AssumedRoleUser"]


def test_an_owner_may_trust_an_external_id_of_ours(sts, sandbox):
    sandbox.aws.identities.trust(RESEARCH.role_arn, "chosen-by-the-product")

    assert assumed(sts, RoleArn=RESEARCH.role_arn, ExternalId="chosen-by-the-product")["Credentials"]


def test_an_expired_profile_fails_as_botocore_fails_in_reality(aws_client):
    with pytest.raises(TokenRetrievalError, match="Token has expired and refresh failed"):
        aws_client("sts", profile="shop").get_caller_identity()


def test_after_signing_in_the_shop_answers(sandbox, aws_client):
    sandbox.sign_in()

    assert aws_client("ec2", profile="shop").describe_instances(MaxResults=50)["Reservations"]


def test_a_token_that_the_portal_does_not_know_is_unauthorized(sandbox, aws_client):
    client, tokens = sandbox.aws.identity_center.sign_in()
    write_token(sandbox.home, client, tokens)
    sandbox.aws.identity_center.end_all_sessions()

    with pytest.raises(UnauthorizedSSOTokenError):
        aws_client("sts", profile="shop").get_caller_identity()

    assert sandbox.log.count("GetRoleCredentials", outcome="UnauthorizedException") == 1


@pytest.fixture
def oidc(sandbox):
    return boto3.client("sso-oidc", endpoint_url=sandbox.aws_url, region_name=SSO_REGION, config=ONE_TRY)


def test_a_device_code_is_good_once_it_is_approved(sandbox, oidc):
    registered = oidc.register_client(clientName="test", clientType="public", scopes=["sso:account:access"])
    who = {"clientId": registered["clientId"], "clientSecret": registered["clientSecret"]}
    started = oidc.start_device_authorization(**who, startUrl=START_URL)
    question = {**who, "grantType": DEVICE_GRANT, "deviceCode": started["deviceCode"]}

    with pytest.raises(oidc.exceptions.AuthorizationPendingException):
        oidc.create_token(**question)
    sandbox.aws.identity_center.approve(started["userCode"])
    tokens = oidc.create_token(**question)
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        oidc.create_token(**question)

    portal = boto3.client("sso", endpoint_url=sandbox.aws_url, region_name=SSO_REGION, config=ONE_TRY)
    accounts = portal.list_accounts(accessToken=tokens["accessToken"])["accountList"]
    assert [account["accountId"] for account in accounts] == [PLATFORM_WORKLOADS.account_id, SHOP.account_id]
    roles = portal.list_account_roles(accessToken=tokens["accessToken"], accountId=SHOP.account_id)["roleList"]
    credentials = portal.get_role_credentials(
        accessToken=tokens["accessToken"], accountId=SHOP.account_id, roleName=roles[1]["roleName"]
    )["roleCredentials"]
    assert credentials["accessKeyId"].startswith("ASIA")
    with pytest.raises(ClientError) as raised:
        portal.get_role_credentials(
            accessToken=tokens["accessToken"], accountId=RESEARCH.account_id, roleName=roles[0]["roleName"]
        )
    assert raised.value.response["Error"]["Code"] == "ForbiddenException"


def test_refresh_tokens_are_good_once(sandbox, oidc):
    client, tokens = sandbox.aws.identity_center.sign_in()
    question = {"clientId": client.client_id, "clientSecret": client.secret, "grantType": "refresh_token"}

    renewed = oidc.create_token(**question, refreshToken=tokens.refresh_token)
    with pytest.raises(oidc.exceptions.InvalidGrantException):
        oidc.create_token(**question, refreshToken=tokens.refresh_token)

    assert renewed["accessToken"] != tokens.access_token
    assert oidc.create_token(**question, refreshToken=renewed["refreshToken"])["accessToken"]


def test_keys_are_refused_in_the_words_of_each_service(sandbox):
    def code(service, call):
        client = boto3.client(
            service,
            region_name="eu-central-1",
            endpoint_url=sandbox.aws_url,
            aws_access_key_id="unknown",
            aws_secret_access_key="unknown",
            config=ONE_TRY,
        )
        with pytest.raises(ClientError) as raised:
            call(client)
        return raised.value.response["Error"]["Code"], raised.value.response["ResponseMetadata"]["HTTPStatusCode"]

    assert code("ec2", lambda ec2: ec2.describe_instances()) == ("AuthFailure", 401)
    assert code("sts", lambda sts: sts.get_caller_identity()) == ("InvalidClientTokenId", 403)
    assert code("cloudtrail", lambda trail: trail.lookup_events()) == ("UnrecognizedClientException", 400)
    ask = {"MetricDataQueries": [], "StartTime": SANDBOX_NOW, "EndTime": SANDBOX_NOW}
    assert code("cloudwatch", lambda watch: watch.get_metric_data(**ask)) == ("InvalidClientTokenId", 403)


def test_what_is_not_simulated_goes_on_to_moto_in_the_same_account(aws_client, sandbox):
    rds = aws_client("rds")

    assert rds.describe_db_subnet_groups()["DBSubnetGroups"] == []
    assert aws_client("lambda").list_layers()["Layers"] == []
    assert sandbox.log.count(outcome="passed on") == 2
