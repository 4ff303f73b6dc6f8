"""Writes down who changed what. Every service that changes settings, people or accounts calls `record`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_ipv46_address
from django.db import models
from django.http import HttpRequest

from accounts.models import AuditEntry, Door, Team, User

CHANGED = "changed"  # stands for a secret
_SECRETS = frozenset({"password", "external_id", "secret", "token"})
_SECRET_ENDINGS = ("_secret", "_token", "_key", "_password")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and by which door they came."""

    door: Door
    name: str  # an e-mail address, or the name of a command or task
    user: User | None = None
    ip_address: str | None = None
    request_id: str = ""

    @classmethod
    def of_request(cls, request: HttpRequest, door: Door) -> Self:
        """The signed-in person behind `request`."""
        user = request.user
        if not isinstance(user, User):
            raise TypeError("Only a signed-in person changes anything.")
        return cls(
            door=door,
            name=user.email,
            user=user,
            ip_address=address_of(request),
            request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
        )


def record(
    *,
    actor: Actor,
    action: str,
    target: models.Model,
    team: Team | None,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add one entry; belongs in the transaction that makes the change.

    Of `before` and `after` only the fields that differ are kept. `action` is a word of the object and what was
    done to it: account.registered, member.removed.
    """
    old, new = _differences(before or {}, after or {})
    return AuditEntry.objects.create(
        team=team,
        team_name=team.name if team else "",
        actor=actor.user,
        actor_name=actor.name,
        door=actor.door,
        at=now,
        action=action,
        object_kind=str(target._meta.verbose_name),  # noqa: SLF001 (Django's documented model metadata)
        object_id=str(target.pk),
        object_name=str(target)[:200],
        before=old,
        after=new,
        ip_address=actor.ip_address,
        request_id=actor.request_id,
    )


def fields_of(row: models.Model) -> dict[str, Any]:
    """The row's columns by the names that the log tells them with; JSON takes every value."""
    return {field.attname: field.value_to_string(row) if _is_odd(row, field) else field.value_from_object(row)
            for field in row._meta.concrete_fields}  # fmt: skip # noqa: SLF001 (Django's documented model metadata)


def _is_odd(row: models.Model, field: Any) -> bool:
    """Whether JSON has no form for the field's value."""
    value = field.value_from_object(row)
    return not isinstance(value, str | int | float | bool | list | dict | None)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return tuple({name: _told(name, side[name]) for name in names if name in side} for side in (before, after))  # type: ignore[return-value] # two sides give two


def _told(name: str, value: Any) -> Any:
    is_secret = name in _SECRETS or name.endswith(_SECRET_ENDINGS)
    return CHANGED if is_secret and value not in ("", None) else value


def address_of(request: HttpRequest) -> str | None:
    """The caller's address; behind a proxy the one that our own proxy saw, which is the last it names."""
    told = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        told = str(request.META.get("HTTP_X_FORWARDED_FOR", told)).rpartition(",")[2].strip()
    try:
        validate_ipv46_address(told)
    except ValidationError:
        return None
    return told
