"""The way into WattTime: user and password give a token for half an hour, and the token opens everything else."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, Protocol

from finops.core.upstream.answer import Refusal
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from finops.core.upstream.patience import Patience
from finops.core.upstream.session import UpstreamSession

LABEL = "WattTime"
_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 400, 401, 403, 404


class TokenStore(Protocol):
    """Keeps a credential's token between calls: half an hour, for all workers."""

    def read(self) -> str | None:
        """The token in force, None where there is none."""

    def keep(self, token: str) -> None:
        """Keep a new one."""


class TokenInMemory:
    """For one process that asks once."""

    def __init__(self) -> None:
        """Begin without one."""
        self._token: str | None = None

    def read(self) -> str | None:
        """The token kept last."""
        return self._token

    def keep(self, token: str) -> None:
        """Keep it as long as this object lives."""
        self._token = token


class TokenWire:
    """Asks WattTime with one credential. For one thread."""

    def __init__(
        self,
        *,
        user: str,
        password: str,
        base_url: str,
        tokens: TokenStore,
        name: str,
        meter: CallMeter | None,
        patience: Patience | None,
    ) -> None:
        """Open nothing yet; the first call does."""
        self._credential = b64encode(f"{user}:{password}".encode()).decode()
        self._base_url = base_url
        self._tokens = tokens
        self._name = name
        self._meter = meter if meter is not None else CallMeter()
        self._patience = patience
        self._sessions: dict[str, UpstreamSession] = {}

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Ask with the token in force; where it is refused, with a new one, once."""
        token = self._tokens.read()
        if token is not None:
            try:
                return self._object(self._session(token).get_json(path, **params))
            except UpstreamRejected as error:
                if error.reason is not Reason.BAD_CREDENTIALS:
                    raise
        token = self._log_in()
        return self._object(self._session(token).get_json(path, **params))

    def _log_in(self) -> str:
        session = self._open({"Authorization": f"Basic {self._credential}"}, _read_refusal_of_login)
        try:
            answer = self._object(session.get_json("login"))
        finally:
            session.close()
        token = answer.get("token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise self._misunderstood("its login holds no token")
        self._tokens.keep(token)
        return token

    def _session(self, token: str) -> UpstreamSession:
        if token not in self._sessions:
            for old in self._sessions.values():
                old.close()
            self._sessions = {token: self._open({"Authorization": f"Bearer {token}"}, _read_refusal)}
        return self._sessions[token]

    def _open(self, headers: dict[str, str], read_refusal: Callable[[int, Any], Refusal | None]) -> UpstreamSession:
        return UpstreamSession(
            self._name,
            self._base_url,
            headers,
            label=LABEL,
            meter=self._meter,
            patience=self._patience,
            read_refusal=read_refusal,
        )

    def _object(self, payload: Any) -> dict[str, Any]:
        if not isinstance(payload, dict):
            raise self._misunderstood("it is no object")
        return payload

    def _misunderstood(self, why: str) -> UpstreamMisunderstood:
        return UpstreamMisunderstood(f"The answer of {LABEL} cannot be used: {why}.", upstream=self._name)


def _read_refusal(status: int, body: Any) -> Refusal | None:
    """403 is a plan that lacks what was asked, where it says so; else a token that is over."""
    told = " ".join(str(body.get(key, "")) for key in ("error", "message")).lower() if isinstance(body, dict) else ""
    if status == _FORBIDDEN and ("scope" in told or "access" in told):
        return Refusal(
            Reason.NOT_IN_PLAN,
            f"The plan of this {LABEL} user does not include what was asked for this region.",
            f"See in your {LABEL} account which regions and signals the plan includes, or choose another plan.",
        )
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return Refusal(Reason.BAD_CREDENTIALS, f"{LABEL} does not accept the token.", "Check the user and password.")
    if status == _NOT_FOUND:
        return Refusal(Reason.NO_DATA, f"{LABEL} has no data for this place, signal and time.")
    return None


def _read_refusal_of_login(status: int, body: Any) -> Refusal | None:  # noqa: ARG001 (it may be a web page)
    if status in {_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN}:
        return Refusal(
            Reason.BAD_CREDENTIALS,
            f"{LABEL} does not know this user with this password.",
            "Set the user and the password of the key again.",
        )
    return None
