"""Keeps the keys of grid sources: sealed, checked against what the source says they may ask, tokens shared."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Team
from carbon.clients.intensity import ZoneAccess
from carbon.models import KeyedUpstream, UpstreamKey
from carbon.sources import electricity_maps_source, watttime_source
from finops.core.encryption import CannotOpenError, open_sealed, seal
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected
from finops.core.upstream.meter import CallMeter

# Half an hour at WattTime, less what a call and clocks that differ may take.
_TOKEN_LASTS = timedelta(minutes=25)


def set_key(
    *, upstream: str, team: Team | None, secret: str, user_name: str = "", now: datetime | None = None
) -> UpstreamKey:
    """Store a key in place of the one that was there; what is known of the old one is forgotten."""
    with transaction.atomic():
        key = UpstreamKey.objects.select_for_update().filter(upstream=upstream, team=team).order_by("pk").first()
        key = key or UpstreamKey(upstream=upstream, team=team)
        key.user_name = user_name.strip()
        replace_secret(key, secret)
        key.save()
    if now is not None:
        check_key(key, now=now)
    return key


def replace_secret(key: UpstreamKey, secret: str) -> None:
    """Give the key another secret, not yet saved; token and access of the old one are forgotten."""
    secret = secret.strip()
    key.secret = seal(secret, bound_to=key.bound_to("secret"))
    # Of a short one four characters would be too much.
    key.last_four = secret[-4:] if len(secret) >= 12 else ""  # noqa: PLR2004
    key.access, key.checked_at, key.last_error = {}, None, ""
    key.token, key.token_expires_at = "", None


def secret_of(key: UpstreamKey) -> str:
    """The secret. Raises UpstreamRejected where it cannot be opened here."""
    try:
        return open_sealed(key.secret, bound_to=key.bound_to("secret"))
    except CannotOpenError as error:
        raise UpstreamRejected(
            str(error), upstream=key.upstream, reason=Reason.BAD_CREDENTIALS, fix="Set the key again in the admin."
        ) from None


class StoredToken:
    """The token of a key in the database, sealed, so that all workers share it."""

    def __init__(self, key: UpstreamKey, *, now: datetime) -> None:
        """`now` is when the token is asked for."""
        self._key = key
        self._now = now

    def read(self) -> str | None:
        """The token in force, None where there is none or it does not open here."""
        key = UpstreamKey.objects.only("token", "token_expires_at", "team_id").get(pk=self._key.pk)
        if not key.token or key.token_expires_at is None or key.token_expires_at <= self._now:
            return None
        try:
            return open_sealed(key.token, bound_to=key.bound_to("token"))
        except CannotOpenError:
            return None  # a new one costs one login

    def keep(self, token: str) -> None:
        """Keep a new one for all."""
        UpstreamKey.objects.filter(pk=self._key.pk).update(
            token=seal(token, bound_to=self._key.bound_to("token")), token_expires_at=self._now + _TOKEN_LASTS
        )


def check_key(key: UpstreamKey, *, now: datetime, meter: CallMeter | None = None) -> None:
    """Ask the source what the key may ask, and keep the answer, or the error in words.

    After an error that may pass, what was known before stays.
    """
    access: list[ZoneAccess] | None = None
    error: UpstreamError | None = None
    try:
        access = _access(key, now=now, meter=meter)
    except UpstreamError as raised:
        error = raised
    changes: dict[str, object] = {"checked_at": now, "last_error": error.message[:500] if error else ""}
    if access is not None:
        changes["access"] = {entry.zone: sorted(entry.access) for entry in access}
    elif isinstance(error, UpstreamRejected):
        changes["access"] = {}
    UpstreamKey.objects.filter(pk=key.pk).update(**changes)
    for name, value in changes.items():
        setattr(key, name, value)


def _access(key: UpstreamKey, *, now: datetime, meter: CallMeter | None) -> list[ZoneAccess] | None:
    secret = secret_of(key)
    if key.upstream == KeyedUpstream.ELECTRICITY_MAPS:
        maps = electricity_maps_source(key=secret, meter=meter)
        return maps.zones() if maps else None
    watttime = watttime_source(
        user=key.user_name, password=secret, tokens=StoredToken(key, now=now), now=now, meter=meter
    )
    return watttime.access() if watttime else None
