"""Signing in to AWS and out again: a code is shown, a person confirms it at AWS, and we ask now and then."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from accounts.clients.aws.identity_center import UPSTREAM, Registration, Tokens, Unconfirmed
from accounts.models import Door, SsoSession, SsoState
from accounts.services.audit import Actor, record
from accounts.services.refusal import Refused
from accounts.services.runs import request_run
from accounts.services.sso.offers import list_offers
from accounts.services.sso.tokens import NO_CODE, NO_TOKENS, changes_of_tokens, opened, registration_of
from accounts.sources import identity_center
from finops.core.encryption import seal
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected

logger = structlog.get_logger(__name__)

_REGISTERED_AT_LEAST = timedelta(days=1)  # longer than a sign-in can last without being renewed
_SLOWER_BY_SECONDS = 5  # RFC 8628, 3.5
_SLOWEST_SECONDS = 60

_NOT_CONFIRMED = {
    Unconfirmed.EXPIRED: (SsoState.EXPIRED, "The code was not confirmed in time. Begin again for a new one."),
    Unconfirmed.DENIED: (SsoState.DENIED, "The sign-in was refused on AWS's page."),
}


@sensitive_variables()
def start_sign_in(*, session: SsoSession, actor: Actor, now: datetime) -> None:
    """Ask AWS for a code that the person confirms there; a code of before is forgotten, tokens of before live on.

    Raises Refused where AWS gives none, with what to do.
    """
    try:
        registration, is_new = _registration(session, now=now)
        portal = identity_center(session)
        try:
            device = portal.start(registration, start_url=session.start_url)
        except UpstreamError as error:
            if error.reason is not Reason.LOGIN_NEEDED or is_new:
                raise
            registration = portal.register()  # AWS has forgotten the one we had
            device = portal.start(registration, start_url=session.start_url)
    except UpstreamError as error:
        raise Refused(error.message, fix=error.fix) from error
    interval_seconds = round(device.interval.total_seconds())
    changes: dict[str, Any] = {
        "client_id": seal(registration.client_id, bound_to=session.bound_to("client_id")),
        "client_secret": seal(registration.client_secret, bound_to=session.bound_to("client_secret")),
        "client_expires_at": registration.expires_at,
        "state": SsoState.WAITING,
        "last_error": "",
        "device_code": seal(device.device_code, bound_to=session.bound_to("device_code")),
        "user_code": device.user_code,
        "verification_url": device.verification_url,
        "code_expires_at": now + device.lasts,
        "poll_interval_seconds": interval_seconds,
        "next_poll_at": now + timedelta(seconds=interval_seconds),
        "started_by": actor.user,
    }
    with transaction.atomic():
        SsoSession.objects.filter(pk=session.pk).update(fence=F("fence") + 1, **changes)
        _record(session, "sso.sign_in_started", actor=actor, now=now)


@sensitive_variables()
def poll_sign_in(*, session_id: int, now: datetime) -> SsoState:  # noqa: PLR0911 (one line for each way it may stand)
    """Ask AWS once whether the code is confirmed, if it is time to; how the sign-in stands then.

    Of all who ask at once, pages and the tick, one asks AWS. Once somebody has signed in, what they may enter
    is listed, and the accounts behind the sign-in are refreshed.
    """
    session = SsoSession.objects.select_related("team", "started_by").get(pk=session_id)
    if session.state != SsoState.WAITING or session.code_expires_at is None or session.next_poll_at is None:
        return SsoState(session.state)
    if session.code_expires_at <= now:
        return _not_confirmed(session, *_NOT_CONFIRMED[Unconfirmed.EXPIRED])
    if session.next_poll_at > now or not _may_poll(session, now=now):
        return SsoState.WAITING
    try:
        answer = _polled(session)
    except UpstreamRejected as error:
        return _not_confirmed(session, SsoState.EXPIRED, error.message)
    except UpstreamError as error:
        logger.warning("sign_in_not_polled", session_id=session.pk, why=error.message)
        answer = Unconfirmed.PENDING
    if isinstance(answer, Tokens):
        return _signed_in(session, answer, now=now)
    if answer in _NOT_CONFIRMED:
        return _not_confirmed(session, *_NOT_CONFIRMED[answer])
    if answer is Unconfirmed.SLOW_DOWN:
        seconds = min(session.poll_interval_seconds + _SLOWER_BY_SECONDS, _SLOWEST_SECONDS)
        SsoSession.objects.filter(pk=session.pk, fence=session.fence).update(
            poll_interval_seconds=seconds, next_poll_at=now + timedelta(seconds=seconds)
        )
    return SsoState.WAITING


@sensitive_variables()
def _polled(session: SsoSession) -> Tokens | Unconfirmed:
    """AWS's answer; raises UpstreamRejected where the code leads nowhere any more."""
    registration, code = registration_of(session), opened(session, "device_code")
    if registration is None or not code:
        raise _used_up()
    try:
        return identity_center(session).tokens_of_code(registration, code)
    except UpstreamRejected as error:
        if error.reason is Reason.LOGIN_NEEDED:
            raise _used_up() from error
        raise


def _used_up() -> UpstreamRejected:
    return UpstreamRejected(
        "The code cannot be used any more. Begin again for a new one.", upstream=UPSTREAM, reason=Reason.LOGIN_NEEDED
    )


def poll_waiting(*, now: datetime) -> int:
    """Ask about every code that may be confirmed by now; how many those were. One's trouble stays its own."""
    waiting = list(SsoSession.objects.due_for_a_poll(now=now).order_by("pk").values_list("pk", flat=True))
    for session_id in waiting:
        try:
            poll_sign_in(session_id=session_id, now=now)
        except Exception:
            logger.exception("sign_in_not_polled", session_id=session_id)
    return len(waiting)


def cancel_sign_in(*, session: SsoSession, actor: Actor, now: datetime) -> None:
    """Forget the code that waits; whoever confirms it now gives us nothing. Twice does no harm."""
    with transaction.atomic():
        changes = NO_CODE | {"state": _without_code(session), "last_error": "", "fence": F("fence") + 1}
        if SsoSession.objects.filter(pk=session.pk, state=SsoState.WAITING).update(**changes):
            _record(session, "sso.sign_in_cancelled", actor=actor, now=now)


@sensitive_variables()
def sign_out(*, session: SsoSession, actor: Actor, now: datetime) -> UpstreamError | None:
    """Wipe the tokens, then end the session at AWS; the error where AWS did not hear of it. Twice does no harm.

    Keys of a role that AWS has handed out before live on to their own end, an hour at the most; nothing here
    uses them any more.
    """
    token = opened(session, "access_token")
    changes: dict[str, Any] = NO_TOKENS | NO_CODE
    changes |= {"state": SsoState.SIGNED_OUT, "last_error": "", "signed_in_at": None, "signed_in_by": None}
    changes |= {"offered": [], "offered_count": 0, "offered_at": None, "fence": F("fence") + 1}
    with transaction.atomic():
        SsoSession.objects.filter(pk=session.pk).update(**changes)
        if session.state != SsoState.SIGNED_OUT:
            _record(session, "sso.signed_out", actor=actor, now=now)
    if not token:
        return None
    try:
        identity_center(session).log_out(token)
    except UpstreamError as error:
        return None if error.reason is Reason.LOGIN_NEEDED else error  # it was over already
    return None


def _registration(session: SsoSession, *, now: datetime) -> tuple[Registration, bool]:
    """This installation as AWS knows it, made known where it is not or soon will not be; and whether it is new."""
    known = registration_of(session)
    if known is not None and known.expires_at > now + _REGISTERED_AT_LEAST:
        return known, False
    return identity_center(session).register(), True


def _may_poll(session: SsoSession, *, now: datetime) -> bool:
    """Whether it is us who ask this time: the next question is put off before this one is asked."""
    following = now + timedelta(seconds=session.poll_interval_seconds)
    rows = SsoSession.objects.filter(pk=session.pk, fence=session.fence, next_poll_at=session.next_poll_at)
    return bool(rows.update(next_poll_at=following))


def _without_code(session: SsoSession, otherwise: SsoState = SsoState.SIGNED_OUT) -> SsoState:
    """How a sign-in stands once its code is gone: one that was there before lives on."""
    return SsoState.SIGNED_IN if session.has_token else otherwise


def _not_confirmed(session: SsoSession, state: SsoState, words: str) -> SsoState:
    stands = _without_code(session, state)
    SsoSession.objects.filter(pk=session.pk, fence=session.fence).update(**NO_CODE, state=stands, last_error=words)
    return stands


@sensitive_variables()
def _signed_in(session: SsoSession, tokens: Tokens, *, now: datetime) -> SsoState:
    changes = changes_of_tokens(session, tokens, now=now, is_first=True) | NO_CODE
    changes |= {
        "state": SsoState.SIGNED_IN,
        "last_error": "",
        "signed_in_at": now,
        "signed_in_by": session.started_by,
        "fence": F("fence") + 1,
    }
    with transaction.atomic():
        if not SsoSession.objects.filter(pk=session.pk, fence=session.fence).update(**changes):
            return SsoState(SsoSession.objects.get(pk=session.pk).state)  # begun anew or given up meanwhile
        person = session.started_by
        actor = Actor(door=Door.TASK, name=person.email if person else "sign-in", user=person)
        _record(session, "sso.signed_in", actor=actor, now=now)
    try:
        list_offers(session_id=session.pk, now=now)
    except UpstreamError as error:
        SsoSession.objects.filter(pk=session.pk).update(last_error=error.message[:500])
    for account in session.aws_accounts.active().order_by("pk"):
        request_run(account=account, user=person, now=now)
    return SsoState.SIGNED_IN


def _record(session: SsoSession, action: str, *, actor: Actor, now: datetime) -> None:
    record(actor=actor, action=action, target=session, team=session.team, now=now)
