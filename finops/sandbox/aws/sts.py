"""STS: who am I, and roles of other accounts with an external id."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from finops.sandbox.aws.endpoint import Caller, Handlers, Parameters
from finops.sandbox.aws.errors import AwsError, denied
from finops.sandbox.aws.identity import Identities
from finops.sandbox.scenario.chance import hex_from

_SHORTEST, _LONGEST, _USUAL = 900, 43_200, 3_600


class Sts:
    """GetCallerIdentity and AssumeRole."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def handlers(self) -> Handlers:
        """What it answers."""
        return {
            ("sts", "GetCallerIdentity"): self.get_caller_identity,
            ("sts", "AssumeRole"): self.assume_role,
        }

    def get_caller_identity(self, caller: Caller, _: Parameters) -> Mapping[str, Any]:
        """Account and ARN of the key."""
        return {
            "Account": caller.account_id,
            "Arn": caller.arn,
            "UserId": "AIDA" + hex_from("user", caller.arn, digits=16).upper(),
        }

    def assume_role(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """Credentials of a role whose trust policy lets the caller in; the external id is part of that."""
        role_arn = parameters["RoleArn"]
        seconds = parameters.get("DurationSeconds", _USUAL)
        if not _SHORTEST <= seconds <= _LONGEST:
            message = f"The requested DurationSeconds is not between {_SHORTEST} and {_LONGEST}."
            raise AwsError("ValidationError", message)
        if not self._identities.may_assume(role_arn, parameters.get("ExternalId")):
            raise AwsError("AccessDenied", denied("sts", "AssumeRole", caller.arn).message.split(" because ")[0]
                           + f" on resource: {role_arn}", 403)  # fmt: skip
        account_id, role_name = role_arn.split(":")[4], role_arn.rsplit("/", maxsplit=1)[-1]
        arn = f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{parameters['RoleSessionName']}"
        key = self._identities.hand_out(account_id, arn, lasts=timedelta(seconds=seconds))
        return {
            "Credentials": {
                "AccessKeyId": key.access_key_id,
                "SecretAccessKey": key.secret_access_key,
                "SessionToken": key.session_token,
                "Expiration": key.expires_at,
            },
            "AssumedRoleUser": {
                "AssumedRoleId": f"AROA{hex_from('role', role_arn, digits=16).upper()}:{parameters['RoleSessionName']}",
                "Arn": arn,
            },
        }
