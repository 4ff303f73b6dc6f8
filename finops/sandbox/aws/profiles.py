"""The AWS configuration files of a machine whose profiles lead to the sandbox."""

import hashlib
import os
from configparser import ConfigParser
from datetime import datetime, timedelta
from json import dumps
from pathlib import Path

from finops.sandbox.aws.sso import START_URL, Client, Tokens
from finops.sandbox.scenario import Scenario, real_clock
from finops.sandbox.scenario.accounts import SignIn

SESSION_NAME = "shop"
SSO_REGION = "eu-west-1"
_ONLY_OWNER = 0o600


def write_profiles(folder: Path, url: str, *, scenario: Scenario) -> dict[str, str]:
    """Write one named profile per account; return the environment that makes boto3 use them.

    `HOME` is part of it: botocore looks for SSO tokens under the home directory it finds when it is imported, and
    nowhere else. The account that is entered by SSO gets an expired token, as on the morning after.
    """
    config, credentials = ConfigParser(), ConfigParser()
    for account in scenario.accounts:
        section: dict[str, str] = {"region": account.home_region, "endpoint_url": url}
        if account.sign_in is SignIn.SSO:
            section |= {
                "sso_session": SESSION_NAME,
                "sso_account_id": account.account_id,
                "sso_role_name": "FinOpsReadOnly",
            }
        else:
            credentials[account.profile_name] = {
                "aws_access_key_id": account.access_key_id,
                "aws_secret_access_key": account.secret_access_key,
            }
        config[f"profile {account.profile_name}"] = section
    config[f"sso-session {SESSION_NAME}"] = {
        "sso_start_url": START_URL,
        "sso_region": SSO_REGION,
        "sso_registration_scopes": "sso:account:access",
    }
    aws = folder / ".aws"
    aws.mkdir(parents=True, exist_ok=True)
    for name, parser in (("config", config), ("credentials", credentials)):
        _make_private(aws / name)
        with (aws / name).open("w") as file:
            parser.write(file)
    write_expired_token(folder, at=real_clock())
    return {
        "AWS_CONFIG_FILE": str(aws / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(aws / "credentials"),
        "HOME": str(folder),
    }


def write_expired_token(folder: Path, *, at: datetime) -> None:
    """Leave the token of a session that ended long before `at`, and that nobody can refresh."""
    long_before = at - timedelta(hours=16)
    nobody = Client("signed-out", "signed-out", at + timedelta(days=30))
    write_token(folder, nobody, Tokens("signed-out", "signed-out", nobody.client_id, long_before, long_before))


def write_token(folder: Path, client: Client, tokens: Tokens) -> Path:
    """Write the file in which botocore looks for the session's token under the home directory `folder`."""
    name = hashlib.sha1(SESSION_NAME.encode(), usedforsecurity=False).hexdigest()
    cache = folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"{name}.json"
    content = {
        "startUrl": START_URL,
        "region": SSO_REGION,
        "accessToken": tokens.access_token,
        "expiresAt": _instant(tokens.expires_at),
        "clientId": client.client_id,
        "clientSecret": client.secret,
        "registrationExpiresAt": _instant(client.expires_at),
        "refreshToken": tokens.refresh_token,
    }
    _make_private(path)
    path.write_text(dumps(content))
    return path


def _make_private(path: Path) -> None:
    """Let nobody else read the file, from its first byte on."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, _ONLY_OWNER))


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
