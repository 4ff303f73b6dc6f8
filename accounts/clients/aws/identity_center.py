"""IAM Identity Center: signing in by a code that a person confirms, and what that person may enter.

Its calls are not signed: the token in them is the credential. None of what they carry is logged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import structlog
from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from finops.core.upstream.errors import Reason, UpstreamError, UpstreamMisunderstood, UpstreamRejected

from .errors import WayIn, missing_payload, our_error
from .login import new_session

logger = structlog.get_logger(__name__)

UPSTREAM = "aws_sso"
_CLIENT_NAME = "carbon-aware-finops"
_SCOPE = "sso:account:access"  # without a scope there is no refresh token
_BY_DEVICE, _BY_REFRESH = "urn:ietf:params:oauth:grant-type:device_code", "refresh_token"
_MOST_PAGES = 50  # of a hundred accounts, or roles, each
_PORTAL_ATTEMPTS = 3
_SLOWEST_POLL = timedelta(minutes=5)
_LOOPBACK = {"127.0.0.1", "localhost"}

# With these a sign-in, or the registration it rests on, is over; asking again will not help.
_OVER = {
    "InvalidGrantException",
    "InvalidClientException",
    "UnauthorizedClientException",
    "UnauthorizedException",
    "ExpiredTokenException",
    "AccessDeniedException",
}


class Unconfirmed(StrEnum):
    """Why there are no tokens for a code."""

    PENDING = "AuthorizationPendingException"
    SLOW_DOWN = "SlowDownException"  # ask five seconds later from now on
    EXPIRED = "ExpiredTokenException"
    DENIED = "AccessDeniedException"


@dataclass(frozen=True, slots=True)
class Registration:
    """This installation, as AWS knows it for a while."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What to show to the person, and what to ask with meanwhile."""

    device_code: str = field(repr=False)
    user_code: str
    verification_url: str
    lasts: timedelta
    interval: timedelta


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a person who has signed in lets us do. Without a refresh token it ends with the access token."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class PortalAccount:
    """An account that the person may enter."""

    account_id: str
    name: str


class IdentityCenter:
    """The OIDC service and the portal of one region."""

    def __init__(self, *, region: str, way_in: WayIn, endpoints_may_be_overridden: bool = False) -> None:
        """Ask in `region`; `way_in` tells readers which sign-in it is and where to make it anew."""
        self._region = region
        self._way_in = way_in
        self._may_be_overridden = endpoints_may_be_overridden

    def register(self) -> Registration:
        """Make this installation known to AWS; good for some months."""
        answer = self._ask(
            "sso-oidc",
            "RegisterClient",
            "clientId",
            clientName=_CLIENT_NAME,
            clientType="public",
            scopes=[_SCOPE],
            grantTypes=[_BY_DEVICE, _BY_REFRESH],
        )
        return Registration(
            answer["clientId"],
            _wanted(answer, "clientSecret", "RegisterClient"),
            datetime.fromtimestamp(_wanted(answer, "clientSecretExpiresAt", "RegisterClient"), UTC),
        )

    def start(self, registration: Registration, *, start_url: str) -> DeviceCode:
        """A code for a person to confirm. Raises UpstreamRejected where AWS does not know the start URL here."""
        operation = "StartDeviceAuthorization"
        try:
            answer = self._ask(
                "sso-oidc",
                operation,
                "deviceCode",
                clientId=registration.client_id,
                clientSecret=registration.client_secret,
                startUrl=start_url,
            )
        except UpstreamRejected as error:
            if error.reason is not Reason.BAD_REQUEST:
                raise
            raise UpstreamRejected(
                f"AWS knows no portal of that start URL in {self._region}.",
                upstream=UPSTREAM,
                reason=Reason.BAD_REQUEST,
                fix="Compare both with the settings of IAM Identity Center: the portal's URL and its region.",
            ) from error
        address = str(answer.get("verificationUriComplete") or _wanted(answer, "verificationUri", operation))
        if not self._is_a_page(address):
            raise UpstreamMisunderstood(
                "AWS named a page to sign in at that is none.",
                upstream=UPSTREAM,
                fix="If it happens again, look for a proxy that answers in place of AWS.",
            )
        return DeviceCode(
            device_code=answer["deviceCode"],
            user_code=str(_wanted(answer, "userCode", operation))[:40],
            verification_url=address,
            lasts=timedelta(seconds=int(_wanted(answer, "expiresIn", operation))),
            interval=min(timedelta(seconds=max(1, int(answer.get("interval") or 5))), _SLOWEST_POLL),
        )

    def tokens_of_code(self, registration: Registration, device_code: str) -> Tokens | Unconfirmed:
        """One question whether the code is confirmed. A code is good for one use."""
        return self._tokens(registration, grantType=_BY_DEVICE, deviceCode=device_code)

    def renewed(self, registration: Registration, refresh_token: str) -> Tokens:
        """New tokens for a refresh token, which is used up by it. UpstreamRejected: LOGIN_NEEDED where that is over."""
        answer = self._tokens(registration, grantType=_BY_REFRESH, refreshToken=refresh_token)
        if isinstance(answer, Unconfirmed):
            raise self._is_over()
        return answer

    def accounts(self, access_token: str) -> list[PortalAccount]:
        """The accounts that the person may enter, by id."""
        found = [
            PortalAccount(str(each["accountId"]), str(each.get("accountName") or each["accountId"])[:100])
            for page in self._pages("ListAccounts", "accountList", accessToken=access_token)
            for each in page
        ]
        return sorted(found, key=lambda account: account.account_id)

    def roles(self, access_token: str, account_id: str) -> list[str]:
        """The roles that the person may take in an account, by name."""
        pages = self._pages("ListAccountRoles", "roleList", accessToken=access_token, accountId=account_id)
        return sorted(str(each["roleName"]) for page in pages for each in page)

    def role_credentials(self, access_token: str, *, account_id: str, role_name: str) -> dict[str, str]:
        """Temporary credentials of a role, as botocore's refreshable credentials want them."""
        operation = "GetRoleCredentials"
        answer = self._ask(
            "sso", operation, "roleCredentials", accessToken=access_token, accountId=account_id, roleName=role_name
        )["roleCredentials"]
        return {
            "access_key": _wanted(answer, "accessKeyId", operation),
            "secret_key": _wanted(answer, "secretAccessKey", operation),
            "token": _wanted(answer, "sessionToken", operation),
            "expiry_time": datetime.fromtimestamp(_wanted(answer, "expiration", operation) / 1000, UTC).isoformat(),
        }

    def log_out(self, access_token: str) -> None:
        """End the person's session at AWS."""
        self._ask("sso", "Logout", "", accessToken=access_token)

    def _tokens(self, registration: Registration, **grant: str) -> Tokens | Unconfirmed:
        operation = "CreateToken"
        answer = self._ask(
            "sso-oidc",
            operation,
            "accessToken",
            clientId=registration.client_id,
            clientSecret=registration.client_secret,
            **grant,
        )
        if isinstance(answer, Unconfirmed):
            return answer
        return Tokens(
            access_token=answer["accessToken"],
            refresh_token=str(answer.get("refreshToken") or ""),
            lasts=timedelta(seconds=int(_wanted(answer, "expiresIn", operation))),
        )

    def _pages(self, operation: str, payload: str, **arguments: str) -> Iterator[list[dict[str, Any]]]:
        for _ in range(_MOST_PAGES):
            answer = self._ask("sso", operation, payload, **arguments)
            yield answer[payload]
            if not answer.get("nextToken"):
                return
            arguments["nextToken"] = answer["nextToken"]
        raise UpstreamMisunderstood(f"AWS answers {operation} with pages without end.", upstream=UPSTREAM)

    def _ask(self, service: str, operation: str, payload: str, **arguments: Any) -> Any:
        """The answer; for a code that nobody has confirmed the reason."""
        began, outcome = monotonic(), "ok"
        session = new_session(endpoints_may_be_overridden=self._may_be_overridden)
        # Whoever asks for tokens twice has used up the code, or the refresh token, by the first.
        attempts = 1 if service == "sso-oidc" else _PORTAL_ATTEMPTS
        config = Config(signature_version=UNSIGNED, retries={"mode": "standard", "total_max_attempts": attempts})
        try:
            client = session.create_client(service, region_name=self._region, config=config)
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**arguments)
            if payload and payload not in answer:
                raise missing_payload(upstream=UPSTREAM, operation=operation, key=payload)  # noqa: TRY301 (one log line for all)
        except UpstreamError as error:
            outcome = error.reason.value
            raise
        except Exception as error:
            code = _code_of(error)
            if operation == "CreateToken" and code in set(Unconfirmed) and "deviceCode" in arguments:
                outcome = code
                return Unconfirmed(code)
            ours = self._is_over() if code in _OVER else self._our_error(error, f"sso:{operation}")
            outcome = ours.reason.value
            raise ours from error
        finally:
            logger.info(
                "upstream call",
                upstream=UPSTREAM,
                endpoint=operation,
                region=self._region,
                outcome=outcome,
                ms=round((monotonic() - began) * 1000),
            )
        return answer

    def _our_error(self, error: Exception, action: str) -> UpstreamError:
        return our_error(error, upstream=UPSTREAM, action=action, way_in=self._way_in)

    def _is_over(self) -> UpstreamRejected:
        return UpstreamRejected(
            f"AWS no longer accepts {self._way_in.words}: it ended, or was taken back.",
            upstream=UPSTREAM,
            reason=Reason.LOGIN_NEEDED,
            fix=self._way_in.renew,
        )

    def _is_a_page(self, address: str) -> bool:
        """Whether a person can be led there: over HTTPS, but for a stand-in on this machine."""
        parts = urlsplit(address)
        is_near = self._may_be_overridden and parts.scheme == "http" and parts.hostname in _LOOPBACK
        return bool(parts.hostname) and (parts.scheme == "https" or is_near) and address.isprintable()


def _wanted(answer: dict[str, Any], key: str, operation: str) -> Any:
    """What stands under `key`, without which the answer is none."""
    if not answer.get(key):
        raise missing_payload(upstream=UPSTREAM, operation=operation, key=key)
    return answer[key]


def _code_of(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
