"""The tokens of a sign-in: opened, renewed by one worker at a time, stored before they are used, wiped.

A refresh token is used up by its first use. So whoever renews takes a lease on the row by compare-and-set, which
raises the fence, asks AWS outside of any transaction, and stores the answer only where the fence still stands. A
worker that dies in between leaves a refresh token that AWS refuses: the access token then serves to its own end,
and after that somebody has to sign in again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import F, Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.clients.aws.identity_center import UPSTREAM, IdentityCenter, Registration, Tokens
from accounts.models import SsoSession, SsoState
from accounts.sources import identity_center, renew_words
from finops.core.encryption import CannotOpenError, open_sealed, seal
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected, UpstreamUnavailable

logger = structlog.get_logger(__name__)

RENEW_BEFORE = timedelta(minutes=15)
_LEASE = timedelta(seconds=30)  # longer than the connection and the answer of one call may take together
_LONGEST_WAIT = timedelta(seconds=40)
_PAUSE_SECONDS = 0.1
# A token that lives shorter than the first one is cut off by the end of the sign-in itself.
_AS_LONG_AS_BEFORE = 0.9

NO_TOKENS: dict[str, Any] = {
    "access_token": "",
    "refresh_token": "",
    "expires_at": None,
    "ends_at": None,
    "renewing_until": None,
}
NO_CODE: dict[str, Any] = {
    "device_code": "",
    "user_code": "",
    "verification_url": "",
    "code_expires_at": None,
    "next_poll_at": None,
    "started_by": None,
}


@dataclass(frozen=True, slots=True)
class _Held:
    """What of a sign-in is at hand; empty where there is none, or where it does not open here."""

    access_token: str
    refresh_token: str

    def lasts(self, session: SsoSession, *, refused: str, now: datetime) -> timedelta:
        """How long the access token still serves."""
        if not self.access_token or self.access_token == refused or session.expires_at is None:
            return timedelta(0)
        return max(session.expires_at - now, timedelta(0))


@sensitive_variables()
def sso_token(
    session_id: int,
    *,
    refused: str = "",
    clock: Callable[[], datetime] = timezone.now,
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """The access token of a sign-in, renewed where it ends soon or is the one that AWS `refused`.

    However many workers ask at once, one renews: the others go on with the token there is, or wait for the new
    one. Raises UpstreamRejected with LOGIN_NEEDED where somebody has to sign in again; asking AWS nothing, where
    that is known already.
    """
    asked_at = clock()
    while True:
        now = clock()
        session = SsoSession.objects.get(pk=session_id)
        held = _held(session)
        lasts = held.lasts(session, refused=refused, now=now)
        if lasts > RENEW_BEFORE:
            return held.access_token
        if not held.refresh_token or session.client_expires_at is None or session.client_expires_at <= now:
            if lasts:
                return held.access_token
            raise end_sign_in(session)
        if claimed := _claimed(session, now=now):
            if token := _renewed(claimed, held, lasts=lasts, now=now):
                return token
        elif lasts:
            return held.access_token
        elif now - asked_at > _LONGEST_WAIT:
            raise UpstreamUnavailable(
                f"The sign-in “{session.name}” is being renewed elsewhere, and that takes too long.", upstream=UPSTREAM
            )
        else:
            pause(_PAUSE_SECONDS)


def changes_of_tokens(session: SsoSession, tokens: Tokens, *, now: datetime, is_first: bool) -> dict[str, Any]:
    """The columns that hold `tokens`, sealed, and what they tell of the sign-in's end."""
    seconds = int(tokens.lasts.total_seconds())
    expires_at = now + tokens.lasts
    is_cut_off = not is_first and seconds < session.token_seconds * _AS_LONG_AS_BEFORE
    changes = {
        "access_token": seal(tokens.access_token, bound_to=session.bound_to("access_token")),
        "refresh_token": "",
        "expires_at": expires_at,
        "ends_at": expires_at if is_cut_off or not tokens.refresh_token else None,
        "renewing_until": None,
    }
    if tokens.refresh_token:
        changes["refresh_token"] = seal(tokens.refresh_token, bound_to=session.bound_to("refresh_token"))
    return changes | ({"token_seconds": seconds} if is_first else {})


def registration_of(session: SsoSession) -> Registration | None:
    """This installation as AWS knows it for this sign-in; None where it does not, or not any more."""
    client_id, client_secret = opened(session, "client_id"), opened(session, "client_secret")
    if not client_id or not client_secret or session.client_expires_at is None:
        return None
    return Registration(client_id, client_secret, session.client_expires_at)


def opened(session: SsoSession, column: str) -> str:
    """The secret in `column`; empty where there is none, or where no key here opens it: then a sign-in mends it."""
    sealed = getattr(session, column)
    if not sealed:
        return ""
    try:
        return open_sealed(sealed, bound_to=session.bound_to(column))
    except CannotOpenError as error:
        logger.error("sign_in_cannot_be_opened", session_id=session.pk, column=column, why=str(error))  # noqa: TRY400 (its words say all)
        return ""


def end_sign_in(session: SsoSession) -> UpstreamRejected:
    """Wipe the tokens of a sign-in that is over, unless it was made anew meanwhile; the error that says so."""
    words = f"The sign-in “{session.name}” has ended."
    if session.state in {SsoState.SIGNED_IN, SsoState.WAITING} and session.has_token:
        changes: dict[str, Any] = NO_TOKENS | {"last_error": words, "fence": F("fence") + 1}
        if session.state == SsoState.SIGNED_IN:
            changes["state"] = SsoState.EXPIRED
        if SsoSession.objects.filter(pk=session.pk, fence=session.fence).update(**changes):
            logger.info("sign_in_ended", session_id=session.pk)
    elif session.state in {SsoState.SIGNED_OUT, SsoState.WAITING, SsoState.DENIED}:
        words = f"Nobody is signed in to AWS for “{session.name}”."
    return UpstreamRejected(words, upstream=UPSTREAM, reason=Reason.LOGIN_NEEDED, fix=renew_words(session))


def _held(session: SsoSession) -> _Held:
    if not session.has_token:
        return _Held("", "")
    return _Held(opened(session, "access_token"), opened(session, "refresh_token"))


def _claimed(session: SsoSession, *, now: datetime) -> SsoSession | None:
    """The right to renew, for as long as the lease lasts; None where somebody else has it, or has done so."""
    free = Q(renewing_until=None) | Q(renewing_until__lte=now)
    rows = SsoSession.objects.filter(free, pk=session.pk, fence=session.fence)
    if not rows.update(renewing_until=now + _LEASE, fence=F("fence") + 1):
        return None
    session.fence += 1
    return session


@sensitive_variables()
def _renewed(session: SsoSession, held: _Held, *, lasts: timedelta, now: datetime) -> str:
    """The new access token, stored; the one there is, where AWS gives none yet; empty where the row went on."""
    rows = SsoSession.objects.filter(pk=session.pk, fence=session.fence)
    registration = registration_of(session)
    if registration is None:
        raise end_sign_in(session)
    portal: IdentityCenter = identity_center(session)
    try:
        tokens = portal.renewed(registration, held.refresh_token)
    except UpstreamError as error:
        if error.reason is not Reason.LOGIN_NEEDED:
            rows.update(renewing_until=None)
            if lasts:
                return held.access_token
            raise
        if not lasts:
            raise end_sign_in(session) from error
        # It cannot be renewed any more, and serves to its end: from now on that is known.
        rows.update(refresh_token="", ends_at=session.expires_at, renewing_until=None, fence=F("fence") + 1)
        return held.access_token
    # The fence rises once more: whoever read the row during our lease holds a refresh token that is used up.
    if not rows.update(**changes_of_tokens(session, tokens, now=now, is_first=False), fence=F("fence") + 1):
        return ""  # somebody signed in anew, or out: what AWS says to the row as it is now, the caller finds out
    return tokens.access_token
