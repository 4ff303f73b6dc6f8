"""IAM Identity Center: sign-in by device code, refresh of tokens, and role credentials for them.

Until somebody signs in, tokens are expired and refreshing them is refused, as after the end of a session.
All of it goes by the real clock, as botocore does, also where the simulated world stands still; a test may move
that clock on (`pass_time`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import choice, token_urlsafe
from threading import RLock
from typing import Any

from finops.sandbox.aws.endpoint import Caller, Handlers, Parameters
from finops.sandbox.aws.errors import AwsError
from finops.sandbox.aws.identity import Identities
from finops.sandbox.scenario import Scenario, real_clock
from finops.sandbox.scenario.accounts import ADMINISTRATOR, PLATFORM_WORKLOADS, READER, Account, SignIn, sso_role

ACCESS, SESSION = timedelta(hours=1), timedelta(hours=8)
_DEVICE_CODE, _REGISTRATION, _ROLE = timedelta(minutes=10), timedelta(days=90), timedelta(hours=1)
_INTERVAL_SECONDS, _SLOWER_BY_SECONDS = 1, 5
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
START_URL = "https://sign-in.shop.example/start"


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client application."""

    client_id: str
    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Device:
    user_code: str
    client_id: str
    expires_at: datetime
    state: str = "pending"  # or approved, denied
    interval_seconds: int = _INTERVAL_SECONDS
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a signed-in client holds."""

    access_token: str
    refresh_token: str
    client_id: str
    expires_at: datetime
    session_ends_at: datetime


class IdentityCenter:
    """The portal and its OIDC service. One user, who may read the Shop and see the workloads of Platform."""

    def __init__(self, scenario: Scenario, identities: Identities) -> None:
        self._scenario = scenario
        self._identities = identities
        self._lock = RLock()
        self._clients: dict[str, Client] = {}
        self._devices: dict[str, _Device] = {}
        self._tokens: dict[str, Tokens] = {}  # by access token
        self._ahead = timedelta(0)
        self.page = START_URL.replace("/start", "/device")  # where people confirm; the server says where that is

    def handlers(self) -> Handlers:
        """What it answers."""
        return {
            ("sso-oidc", "RegisterClient"): self.register_client,
            ("sso-oidc", "StartDeviceAuthorization"): self.start_device_authorization,
            ("sso-oidc", "CreateToken"): self.create_token,
            ("sso", "ListAccounts"): self.list_accounts,
            ("sso", "ListAccountRoles"): self.list_account_roles,
            ("sso", "GetRoleCredentials"): self.get_role_credentials,
            ("sso", "Logout"): self.logout,
        }

    # What a person does, or somebody for them.

    def sign_in(self) -> tuple[Client, Tokens]:
        """A client and its fresh tokens, as after a sign-in in the browser."""
        with self._lock:
            client = self._register(self.now())
            return client, self._issue(client.client_id, self.now() + SESSION)

    def approve(self, user_code: str) -> None:
        """Confirm the code that a device shows. KeyError where no device shows it."""
        self._decide(user_code, "approved")

    def deny(self, user_code: str) -> None:
        """Refuse the code that a device shows. KeyError where no device shows it."""
        self._decide(user_code, "denied")

    def _decide(self, user_code: str, state: str) -> None:
        with self._lock:
            code = next((code for code, item in self._devices.items() if item.user_code == user_code), None)
            if code is None or self._devices[code].expires_at <= self.now():
                raise KeyError(f"No device shows the code {user_code}.")
            self._devices[code] = replace(self._devices[code], state=state)

    def pass_time(self, time: timedelta) -> None:
        """Let codes, tokens and sessions grow older by that much."""
        with self._lock:
            self._ahead += time

    def now(self) -> datetime:
        """The present, as far as sign-ins go."""
        return real_clock() + self._ahead

    @property
    def sessions(self) -> int:
        """How many tokens are good."""
        with self._lock:
            return sum(tokens.expires_at > self.now() for tokens in self._tokens.values())

    def end_all_sessions(self) -> None:
        """Sign everybody out: access tokens die and cannot be refreshed."""
        with self._lock:
            self._tokens.clear()

    # sso-oidc

    def register_client(self, _: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A client id and its secret, for 90 days."""
        if parameters["clientType"] != "public":
            raise _refused("InvalidClientMetadataException", "invalid_client_metadata", "clientType must be public")
        with self._lock:
            client = self._register(self.now())
        return {
            "clientId": client.client_id,
            "clientSecret": client.secret,
            "clientIdIssuedAt": int(self.now().timestamp()),
            "clientSecretExpiresAt": int(client.expires_at.timestamp()),
        }

    def start_device_authorization(self, _: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A code to show to the person who signs in."""
        client = self._client(parameters, self.now())
        if parameters["startUrl"].rstrip("/") != START_URL.rstrip("/"):
            raise _refused("InvalidRequestException", "invalid_request", "Invalid start url provided")
        user_code = "-".join("".join(choice(_LETTERS) for _ in range(4)) for _ in range(2))
        code = token_urlsafe(24)
        with self._lock:
            self._devices[code] = _Device(user_code, client.client_id, self.now() + _DEVICE_CODE)
        return {
            "deviceCode": code,
            "userCode": user_code,
            "verificationUri": self.page,
            "verificationUriComplete": f"{self.page}?user_code={user_code}",
            "expiresIn": int(_DEVICE_CODE.total_seconds()),
            "interval": _INTERVAL_SECONDS,
        }

    def create_token(self, _: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """Tokens for an approved device code or for a refresh token; both are good for one use."""
        client = self._client(parameters, self.now())
        with self._lock:
            if parameters["grantType"] == "refresh_token":
                tokens = self._refreshed(client, parameters, self.now())
            elif parameters["grantType"] == "urn:ietf:params:oauth:grant-type:device_code":
                tokens = self._for_device(client, parameters, self.now())
            else:
                raise _refused("UnsupportedGrantTypeException", "unsupported_grant_type", "")
        return {
            "accessToken": tokens.access_token,
            "refreshToken": tokens.refresh_token,
            "tokenType": "Bearer",
            "expiresIn": int((tokens.expires_at - self.now()).total_seconds()),
        }

    def _refreshed(self, client: Client, parameters: Parameters, now: datetime) -> Tokens:
        asked = parameters.get("refreshToken")
        held = next((item for item in self._tokens.values() if item.refresh_token == asked), None)
        if not asked or held is None or held.client_id != client.client_id or held.session_ends_at <= now:
            raise _refused("InvalidGrantException", "invalid_grant", "Invalid refresh token provided")
        # The access token lives on to its own end; the refresh token is replaced.
        self._tokens[held.access_token] = replace(held, refresh_token="")
        return self._issue(client.client_id, held.session_ends_at)

    def _for_device(self, client: Client, parameters: Parameters, now: datetime) -> Tokens:
        code = parameters.get("deviceCode", "")
        device = self._devices.get(code)
        if device is None or device.client_id != client.client_id:
            raise _refused("InvalidGrantException", "invalid_grant", "Invalid device code")
        if device.expires_at <= now:
            raise _refused("ExpiredTokenException", "expired_token", "Device code has expired")
        if device.state == "denied":
            raise _refused("AccessDeniedException", "access_denied", "Authorization was denied")
        if device.state == "pending":
            raise self._not_yet(code, device, now)
        del self._devices[code]
        return self._issue(client.client_id, now + SESSION)

    def _not_yet(self, code: str, device: _Device, now: datetime) -> AwsError:
        """Pending, or slow down: whoever asks sooner than the interval allows has to wait longer from then on."""
        is_fast = device.asked_at is not None and now - device.asked_at < timedelta(seconds=device.interval_seconds)
        longer = device.interval_seconds + (_SLOWER_BY_SECONDS if is_fast else 0)
        self._devices[code] = replace(device, asked_at=now, interval_seconds=longer)
        if is_fast:
            return _refused("SlowDownException", "slow_down", "")
        return _refused("AuthorizationPendingException", "authorization_pending", "")

    # The portal

    def list_accounts(self, _: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """The accounts the person may enter."""
        self._tokens_of(parameters, self.now())
        return {
            "accountList": [
                {
                    "accountId": account.account_id,
                    "accountName": account.name,
                    "emailAddress": f"aws+{account.profile_name}@example.com",
                }
                for account in self._accounts()
            ]
        }

    def list_account_roles(self, _: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """The roles the person may take in an account."""
        self._tokens_of(parameters, self.now())
        account = self._account(parameters["accountId"])
        return {"roleList": [{"roleName": role, "accountId": account.account_id} for role in (ADMINISTRATOR, READER)]}

    def get_role_credentials(self, _: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """Temporary credentials of a role, for an hour."""
        self._tokens_of(parameters, self.now())
        account = self._account(parameters["accountId"])
        if parameters["roleName"] not in {READER, ADMINISTRATOR}:
            raise AwsError("ForbiddenException", "No access", 403)
        arn = f"arn:aws:sts::{account.account_id}:assumed-role/{sso_role(account)}/ana"
        key = self._identities.hand_out(account.account_id, arn, lasts=_ROLE)
        return {
            "roleCredentials": {
                "accessKeyId": key.access_key_id,
                "secretAccessKey": key.secret_access_key,
                "sessionToken": key.session_token,
                "expiration": int(key.expires_at.timestamp() * 1000),
            }
        }

    def logout(self, _: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """End the session of an access token."""
        held = self._tokens_of(parameters, self.now())
        with self._lock:
            self._tokens.pop(held.access_token, None)
        return {}

    def _register(self, now: datetime) -> Client:
        client = Client(token_urlsafe(16), token_urlsafe(32), now + _REGISTRATION)
        self._clients[client.client_id] = client
        return client

    def _client(self, parameters: Parameters, now: datetime) -> Client:
        client = self._clients.get(parameters["clientId"])
        if client is None or client.secret != parameters["clientSecret"] or client.expires_at <= now:
            raise _refused("InvalidClientException", "invalid_client", "Client not found or expired", status=401)
        return client

    def _issue(self, client_id: str, session_ends_at: datetime) -> Tokens:
        ends = min(self.now() + ACCESS, session_ends_at)
        tokens = Tokens(token_urlsafe(32), token_urlsafe(32), client_id, ends, session_ends_at)
        self._tokens[tokens.access_token] = tokens
        return tokens

    def _tokens_of(self, parameters: Parameters, now: datetime) -> Tokens:
        held = self._tokens.get(parameters["accessToken"])
        if held is None or held.expires_at <= now:
            raise AwsError("UnauthorizedException", "Session token not found or invalid", 401)
        return held

    def _accounts(self) -> list[Account]:
        return [
            account
            for account in self._scenario.accounts
            if account.sign_in is SignIn.SSO or account.account_id == PLATFORM_WORKLOADS.account_id
        ]

    def _account(self, account_id: str) -> Account:
        account = next((item for item in self._accounts() if item.account_id == account_id), None)
        if account is None:
            raise AwsError("ForbiddenException", "No access", 403)
        return account


def _refused(code: str, error: str, description: str, *, status: int = 400) -> AwsError:
    return AwsError(code, description, status, {"error": error, "error_description": description})
