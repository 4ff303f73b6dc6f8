"""Who is who at the endpoint: access keys, and the temporary ones that STS and SSO hand out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from threading import Lock

from finops.sandbox.scenario import Scenario, real_clock


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `expires_at` is None for keys that do not expire; it goes by the real clock, as botocore does."""

    account_id: str
    arn: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TemporaryKey:
    """Credentials for a while."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime


class Identities:
    """All access keys that are known."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._lock = Lock()
        self._principals = {
            account.access_key_id: Principal(account.account_id, account.principal_arn) for account in scenario.accounts
        }
        self._trusted: dict[str, set[str | None]] = {}
        for account in scenario.accounts:
            self._trusted[account.role_arn] = {account.external_id}

    def principal(self, access_key_id: str) -> Principal | None:
        """Whose key it is, or None."""
        return self._principals.get(access_key_id)

    def hand_out(self, account_id: str, arn: str, *, lasts: timedelta) -> TemporaryKey:
        """New temporary credentials for `arn`."""
        key = TemporaryKey("ASIA" + token_hex(8).upper(), token_hex(20), token_hex(64), real_clock() + lasts)
        with self._lock:
            self._principals[key.access_key_id] = Principal(account_id, arn, key.expires_at)
        return key

    def trust(self, role_arn: str, external_id: str) -> None:
        """Let `role_arn` be assumed with this external id too, as its owner would write into the trust policy."""
        with self._lock:
            self._trusted.setdefault(role_arn, set()).add(external_id)

    def may_assume(self, role_arn: str, external_id: str | None) -> bool:
        """Whether the trust policy of the role lets the caller in."""
        if any(account.careless_role_arn == role_arn for account in self._scenario.accounts):
            return True
        return external_id in self._trusted.get(role_arn, set())
