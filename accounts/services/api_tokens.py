"""Makes, checks and revokes the tokens that let programs in."""

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_network
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import ApiToken, Membership, Team, TokenScope, User
from accounts.services.audit import Actor, record
from accounts.services.refusal import Refused

LONGEST_LIFE = timedelta(days=365)

_FORM = re.compile(r"cfo_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_USE_NOTED_EVERY = timedelta(minutes=1)
# What an unknown id is held against, so that it takes as long to refuse as a wrong secret.
_NOBODYS_DIGEST = "0" * 64


class NewToken(NamedTuple):
    """A token just made. `text` is told once: nobody can find it out again."""

    row: ApiToken
    text: str


@transaction.atomic
def create_api_token(
    *,
    user: User,
    team: Team,
    name: str,
    scope: TokenScope,
    expires_at: datetime,
    actor: Actor,
    now: datetime,
    allowed_networks: Sequence[str] = (),
) -> NewToken:
    """Make a token; raises Refused where the user is not in the team, or the life or a network is not one."""
    if not Membership.objects.held_by(user).filter(team=team).exists():
        raise Refused(f"{user} is not a member of {team}. Choose a team of theirs.", field="team")
    if not name.strip():
        raise Refused("Name what will use the token, so that somebody can tell later if it may go.", field="name")
    if not now < expires_at <= now + LONGEST_LIFE:
        raise Refused(f"A token lives {LONGEST_LIFE.days} days at most. Choose fewer.", field="days")
    networks = [_network(text) for text in allowed_networks]
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    number = max(settings.API_TOKEN_PEPPERS)
    row = ApiToken.objects.create(
        user=user,
        team=team,
        name=name.strip(),
        token_id=token_id,
        digest=_digest(token_id, secret, number),
        pepper_number=number,
        scope=scope,
        allowed_networks=networks,
        created_at=now,
        expires_at=expires_at,
    )
    after = {"scope": scope, "expires_at": expires_at, "allowed_networks": networks}
    record(actor=actor, action="token.created", target=row, team=team, now=now, after=after)
    return NewToken(row, f"cfo_{token_id}_{secret}")


@transaction.atomic
def revoke_api_token(*, token: ApiToken, actor: Actor, now: datetime) -> None:
    """Let nobody in with `token` any more. A second time changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        record(actor=actor, action="token.revoked", target=token, team=token.team, now=now, after={"revoked_at": now})


def user_of_token(*, text: str, address: str | None, now: datetime) -> tuple[User, ApiToken] | None:
    """The user that `text` lets in, with the token's reach on them; None for any that does not.

    Unknown, wrong, expired, revoked, from elsewhere, or of somebody who left: the caller cannot tell which.
    """
    form = _FORM.fullmatch(text)
    token_id, secret = form.groups() if form else ("", "")
    token = ApiToken.objects.usable(at=now).filter(token_id=token_id).select_related("user").first()
    number = token.pepper_number if token else max(settings.API_TOKEN_PEPPERS)
    expected = token.digest if token else _NOBODYS_DIGEST
    if not hmac.compare_digest(_digest(token_id, secret, number), expected) or token is None:
        return None
    user = token.user
    if not user.is_active or not token.allows(address):
        return None
    if not Membership.objects.filter(user=user, team_id=token.team_id).exists():
        return None
    _note_use(token, now)
    user.reach = token.reach
    return user, token


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is None or token.last_used_at <= now - _USE_NOTED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_NOTED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _digest(token_id: str, secret: str, pepper_number: int) -> str:
    """HMAC-SHA256; with a pepper that is no longer configured, one that fits nothing."""
    pepper = settings.API_TOKEN_PEPPERS.get(pepper_number) or secrets.token_hex(32)
    return hmac.new(pepper.encode(), f"{token_id}.{secret}".encode(), sha256).hexdigest()


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        message = f"{text!r} is no network. Write addresses as 203.0.113.7 or 10.0.0.0/8."
        raise Refused(message, field="allowed_networks") from None
