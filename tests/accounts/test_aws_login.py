import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.checks import run_checks

from accounts.clients.aws.inventory import DESCRIBE_INSTANCES
from accounts.clients.aws.login import AwsLogin, instant
from accounts.clients.aws.session import AwsSession
from accounts.models import AwsAccount
from accounts.sources import aws_session
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from tests.accounts.aws_wire import Raw, Refusal

ROLE = "arn:aws:iam::111122223333:role/carbon-aware-finops"
START_URL = "https://alice.awsapps.com/start"
CONFIG = f"""
[profile with-session]
sso_session = alice
sso_account_id = 111122223333
sso_role_name = ReadOnly
[sso-session alice]
sso_start_url = {START_URL}
sso_region = eu-central-1
[profile legacy]
sso_start_url = {START_URL}
sso_region = eu-central-1
sso_account_id = 111122223333
sso_role_name = ReadOnly
[profile no-section]
sso_session = nobody
sso_account_id = 111122223333
sso_role_name = ReadOnly
[profile "behind another"]
role_arn = {ROLE}
source_profile = with-session
[profile with-keys]
aws_access_key_id = AKIDOFPROFILE
aws_secret_access_key = only-for-tests
[profile half-keys]
aws_access_key_id = AKIDOFPROFILE
"""

# botocore fixes the folder of SSO sign-ins when it is imported, so each of these runs in a process of its own.
CHILD = """
import json, sys
from accounts.clients.aws.inventory import DESCRIBE_INSTANCES
from accounts.clients.aws.login import AwsLogin
from accounts.clients.aws.session import AwsSession
from finops.core.upstream.errors import UpstreamError
from finops.core.upstream.meter import CallMeter

try:
    login = AwsLogin.of_profile(sys.argv[1], endpoints_may_be_overridden=True)
    AwsSession(login=login, meter=CallMeter()).call(DESCRIBE_INSTANCES, region="eu-central-1")
    print(json.dumps({"ok": True}))
except UpstreamError as error:
    words = {"message": error.message, "fix": error.fix}
    print(json.dumps({"type": type(error).__name__, "reason": error.reason, **words}))
"""


@pytest.fixture
def in_a_home(tmp_path, wire):
    """Asks AWS with a profile from a process whose home folder holds the profiles above and what else is written."""
    aws_folder = tmp_path / "home" / ".aws"
    (aws_folder / "sso" / "cache").mkdir(parents=True)
    (aws_folder / "config").write_text(CONFIG)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "HOME": str(tmp_path / "home"),
        "AWS_ENDPOINT_URL": wire.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(settings.BASE_DIR),
    }

    def ask(profile, *, token=None, of="alice"):
        if token is not None:
            name = hashlib.sha1(of.encode()).hexdigest()  # noqa: S324 (botocore's file name)
            (aws_folder / "sso" / "cache" / f"{name}.json").write_text(token)
        done = subprocess.run(
            [sys.executable, "-c", CHILD, profile], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return ask


def token(*, expires_at):
    return json.dumps(
        {
            "startUrl": START_URL,
            "region": "eu-central-1",
            "accessToken": "t",
            "expiresAt": f"{expires_at:%Y-%m-%dT%H:%M:%SZ}",
        }
    )


PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime.now(UTC) + timedelta(hours=6)


@pytest.mark.parametrize(
    ("profile", "written", "of"),
    [
        ("with-session", None, ""),  # SSOTokenLoadError
        ("legacy", None, ""),
        ("with-session", token(expires_at=PAST), "alice"),  # TokenRetrievalError
        ("legacy", token(expires_at=PAST), START_URL),  # UnauthorizedSSOTokenError
        ("with-session", "{not json", "alice"),  # a bare KeyError
        ("legacy", "{not json", START_URL),
        ("with-session", "{}", "alice"),
        ("legacy", '{"accessToken": "t", "expiresAt": "soon"}', START_URL),
    ],
)
def test_every_way_an_sso_sign_in_ends_names_the_command_that_mends_it(in_a_home, profile, written, of):
    told = in_a_home(profile, token=written, of=of)

    assert (told["type"], told["reason"]) == ("UpstreamRejected", "login_needed")
    assert told["fix"] == f"aws sso login --profile {profile}"
    assert f"the profile {profile}" in told["message"]


def test_a_profile_behind_which_another_one_signs_in_names_that_one(in_a_home):
    told = in_a_home("behind another")

    assert told["reason"] == "login_needed"
    assert told["fix"] == "aws sso login --profile with-session"


@pytest.mark.parametrize("profile", ["unknown", "no-section"])
def test_a_profile_that_is_not_set_up_says_how_to_set_it_up(in_a_home, profile):
    told = in_a_home(profile)

    assert (told["type"], told["reason"]) == ("UpstreamRejected", "login_needed")
    assert told["fix"] == f"aws configure sso --profile {profile}"


def test_a_name_of_a_profile_cannot_smuggle_a_command_into_the_fix(in_a_home):
    told = in_a_home("x; rm -rf ~")

    assert told["fix"] == "aws configure sso --profile 'x; rm -rf ~'"


def test_half_a_pair_of_keys_is_a_sign_in_to_mend(in_a_home):
    told = in_a_home("half-keys")

    assert told["reason"] == "login_needed"
    assert "incomplete" in told["message"]
    assert told["fix"] == "aws configure --profile half-keys"


def test_a_portal_that_no_longer_knows_the_token_needs_a_sign_in(in_a_home, wire):
    wire.answers("GET /federation/credentials", Refusal("UnauthorizedException", status=401))

    told = in_a_home("with-session", token=token(expires_at=FUTURE))

    assert told["reason"] == "login_needed"
    assert told["fix"] == "aws sso login --profile with-session"


def test_a_role_that_is_not_assigned_to_the_person_is_denied(in_a_home, wire):
    wire.answers("GET /federation/credentials", Refusal("ForbiddenException", status=403))

    told = in_a_home("with-session", token=token(expires_at=FUTURE))

    assert told["reason"] == "denied"
    assert "administrator of IAM Identity Center" in told["fix"]


def test_a_signed_in_profile_gets_in(in_a_home, wire):
    credentials = {
        "roleCredentials": {
            "accessKeyId": "AKIDOFSSO",
            "secretAccessKey": "s",
            "sessionToken": "t",
            "expiration": int(FUTURE.timestamp() * 1000),
        }
    }
    wire.answers("GET /federation/credentials", Raw(json.dumps(credentials).encode(), content_type="application/json"))
    wire.answers("DescribeInstances", {"Reservations": []})

    assert in_a_home("with-session", token=token(expires_at=FUTURE)) == {"ok": True}
    assert wire.asked("DescribeInstances")[0].access_key == "AKIDOFSSO"


def test_a_profile_with_keys_gets_in_with_these(in_a_home, wire):
    wire.answers("DescribeInstances", {"Reservations": []})

    assert in_a_home("with-keys") == {"ok": True}
    assert wire.asked("DescribeInstances")[0].access_key == "AKIDOFPROFILE"


def assumed(*, key="AKIDOFTHEROLE-000", expires_at=FUTURE):
    return {
        "Credentials": {"AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": expires_at},
        "AssumedRoleUser": {"AssumedRoleId": "AROAEXAMPLE:x", "Arn": ROLE.replace(":iam:", ":sts:")},
    }


def role_session(meter=None):
    login = AwsLogin.of_role(ROLE, external_id="an-external-id", endpoints_may_be_overridden=True)
    return AwsSession(login=login, meter=meter or CallMeter())


def test_a_role_is_taken_on_with_the_machines_credentials_and_the_external_id(wire):
    wire.answers("AssumeRole", assumed())
    wire.answers("DescribeInstances", {"Reservations": []})

    role_session().call(DESCRIBE_INSTANCES, region="eu-central-1")

    (asked,) = wire.asked("AssumeRole")
    assert (asked.params["RoleArn"], asked.params["ExternalId"], asked.access_key) == (
        ROLE,
        "an-external-id",
        "AKIDEXAMPLE",
    )
    assert wire.asked("DescribeInstances")[0].access_key == "AKIDOFTHEROLE-000"


def test_a_role_is_taken_on_again_before_its_credentials_end(wire):
    almost_over = datetime.now(UTC) + timedelta(minutes=5)
    wire.answers(
        "AssumeRole", assumed(key="AKIDOFTHEROLE-001", expires_at=almost_over), assumed(key="AKIDOFTHEROLE-002")
    )
    wire.answers("DescribeInstances", {"Reservations": []})
    session = role_session()

    session.call(DESCRIBE_INSTANCES, region="eu-central-1")
    session.call(DESCRIBE_INSTANCES, region="eu-central-1")

    assert wire.asked("DescribeInstances")[-1].access_key == "AKIDOFTHEROLE-002"
    assert len(wire.asked("AssumeRole")) == 2


def test_a_role_that_does_not_trust_us_is_denied_and_says_what_to_check(wire):
    wire.answers("AssumeRole", Refusal("AccessDenied", status=403))

    with pytest.raises(UpstreamRejected) as caught:
        role_session().call(DESCRIBE_INSTANCES, region="eu-central-1")

    assert caught.value.reason is Reason.DENIED
    assert "trust policy" in caught.value.fix


@pytest.mark.parametrize(
    "body", [b"not xml", b"<html></html>", b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"]
)
def test_garbage_in_place_of_a_role_is_misunderstood_and_not_logged(wire, caplog, body):
    wire.answers("AssumeRole", Raw(body, content_type="text/xml"))

    with pytest.raises(UpstreamMisunderstood):
        role_session().call(DESCRIBE_INSTANCES, region="eu-central-1")

    assert body.decode() not in caplog.text


def test_a_machine_without_credentials_says_so(wire, aws_environment):
    aws_environment.delenv("AWS_ACCESS_KEY_ID")
    aws_environment.delenv("AWS_SECRET_ACCESS_KEY")
    of_environment = AwsSession(login=AwsLogin.of_environment(), meter=CallMeter())

    for session in (of_environment, role_session()):
        with pytest.raises(UpstreamRejected) as caught:
            session.call(DESCRIBE_INSTANCES, region="eu-central-1")
        assert caught.value.reason is Reason.LOGIN_NEEDED
        assert "AWS_ACCESS_KEY_ID" in caught.value.fix
    assert not wire.requests


def account(**changes):
    given = {"pk": 7, "team_id": 3, "account_id": "111122223333", "access_kind": "environment"} | changes
    return AwsAccount(**given)


def test_credentials_of_another_account_are_refused_before_anything_is_read(wire, meter):
    wire.answers("GetCallerIdentity", {"Account": "999988887777", "Arn": "arn:aws:iam::999988887777:user/x"})

    with pytest.raises(UpstreamRejected) as caught:
        aws_session(account(), meter).call(DESCRIBE_INSTANCES, region="eu-central-1")

    assert caught.value.reason is Reason.BAD_CREDENTIALS
    assert "999988887777" in caught.value.message
    assert not wire.asked("DescribeInstances")


def test_an_account_keeps_its_way_in_from_one_refresh_to_the_next(wire):
    wire.answers("GetCallerIdentity", {"Account": "111122223333"})
    wire.answers("DescribeInstances", {"Reservations": []})
    first, second = CallMeter(), CallMeter()

    one = aws_session(account(), first)
    two = aws_session(account(), second)
    one.call(DESCRIBE_INSTANCES, region="eu-central-1")
    two.call(DESCRIBE_INSTANCES, region="eu-central-1")

    assert one.client("ec2", region="eu-central-1") is two.client("ec2", region="eu-central-1")
    assert first.calls == {"GetCallerIdentity": 1, "DescribeInstances": 1}
    assert second.calls == {"DescribeInstances": 1}


def test_a_way_in_that_ended_is_made_anew(wire, meter):
    wire.answers("GetCallerIdentity", {"Account": "111122223333"})
    wire.answers("DescribeInstances", Refusal("ExpiredToken"))
    before = aws_session(account(pk=8), meter)
    with pytest.raises(UpstreamError):
        before.call(DESCRIBE_INSTANCES, region="eu-central-1")

    after = aws_session(account(pk=8), meter)

    assert after.client("ec2", region="eu-central-1") is not before.client("ec2", region="eu-central-1")


def test_two_accounts_do_not_share_a_way_in(wire, meter):
    one = aws_session(account(pk=1, access_kind="role", role_arn=ROLE, external_id="one"), meter)
    two = aws_session(account(pk=2, access_kind="role", role_arn=ROLE, external_id="two"), meter)
    wire.answers("AssumeRole", assumed())
    wire.answers("GetCallerIdentity", {"Account": "111122223333"})
    wire.answers("DescribeInstances", {"Reservations": []})

    for session in (one, two):
        session.call(DESCRIBE_INSTANCES, region="eu-central-1")

    assert [asked.params["ExternalId"] for asked in wire.asked("AssumeRole")] == ["one", "two"]
    assert wire.asked("AssumeRole")[0].params["RoleSessionName"] == "carbon-aware-finops-team-3"


def test_a_variable_that_sends_aws_traffic_elsewhere_is_refused_in_production(wire, meter, settings):
    settings.SANDBOX = False

    with pytest.raises(UpstreamRejected) as caught:
        aws_session(account(), meter)
    found = [problem.id for problem in run_checks(tags=["security"])]

    assert "AWS_ENDPOINT_URL" in caught.value.message
    assert wire.url not in caught.value.message
    assert "accounts.E001" in found
    assert not wire.requests


def test_such_a_variable_is_allowed_where_a_setting_says_so(wire, meter, settings):
    settings.SANDBOX, settings.AWS_ALLOW_ENDPOINT_OVERRIDE = False, True

    aws_session(account(pk=9), meter)

    assert "accounts.E001" not in [problem.id for problem in run_checks(tags=["security"])]
    assert not wire.requests  # making a session asks nothing


def test_an_endpoint_in_a_profile_is_not_followed_in_production(aws_environment, tmp_path, wire):
    (tmp_path / "aws_config_file").write_text(
        f"[profile p]\nendpoint_url = {wire.url}\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    aws_environment.delenv("AWS_ENDPOINT_URL")

    client = AwsSession(login=AwsLogin.of_profile("p"), meter=CallMeter()).client("ec2", region="eu-central-1")

    assert client.meta.endpoint_url == "https://ec2.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("2016-11-14T16:23:56.000Z", datetime(2016, 11, 14, 16, 23, 56, tzinfo=UTC)),
        ("2016-11-14T17:23:56+01:00", datetime(2016, 11, 14, 16, 23, 56, tzinfo=UTC)),
        ("2016-11-14T16:23:56", datetime(2016, 11, 14, 16, 23, 56, tzinfo=UTC)),
        (1479140636, datetime(2016, 11, 14, 16, 23, 56, tzinfo=UTC)),
        (1479140636.5, datetime(2016, 11, 14, 16, 23, 56, 500000, tzinfo=UTC)),
        ("1479140636", datetime(2016, 11, 14, 16, 23, 56, tzinfo=UTC)),
        ("Mon, 14 Nov 2016 16:23:56 GMT", datetime(2016, 11, 14, 16, 23, 56, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_each_way_aws_writes_them(told, read):
    assert instant(told) == read
    assert instant(told).tzinfo is not None
