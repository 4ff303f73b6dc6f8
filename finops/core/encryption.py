"""Secrets at rest: sealed with AES-256-GCM, each bound to the row it belongs to.

A sealed text reads `v1:{key id}:{nonce and ciphertext}`. The keys come from FINOPS_ENCRYPTION_KEYS and not from
SECRET_KEY, which signs and may be changed any day. The first key seals, all of them open: to change keys, put
a new one before the old one. What cannot be opened is an error and never an empty secret.
"""

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

_VERSION = "v1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_SEALED = re.compile(rf"{_VERSION}:({_KEY_ID.pattern}):([A-Za-z0-9_-]+)")
_EXAMPLE = "2026:<32 bytes in base64>"


class CannotOpenError(Exception):
    """A sealed secret cannot be opened here. The message says why and holds nothing of it."""


def bound(table: str, column: str, team_id: int | None) -> str:
    """What a secret is bound to: moved to another column, or to another team's row, it does not open."""
    return f"{table}:{column}:{team_id or 0}"


def seal(secret: str, *, bound_to: str) -> str:
    """`secret` as it may be stored; sealed twice it looks different each time."""
    key_id, key = next(iter(_keys().items()))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, secret.encode(), bound_to.encode())
    return f"{_VERSION}:{key_id}:{urlsafe_b64encode(sealed).decode().rstrip('=')}"


def open_sealed(sealed: str, *, bound_to: str) -> str:
    """The secret in a sealed text. Raises CannotOpenError where the key is gone or the text is not this row's."""
    match = _SEALED.fullmatch(sealed)
    if match is None:
        raise CannotOpenError("The stored secret is not in a sealed form. Set it again.")
    key_id, text = match.groups()
    key = _keys().get(key_id)
    if key is None:
        raise CannotOpenError(
            f"The stored secret was sealed with the key “{key_id}”, which FINOPS_ENCRYPTION_KEYS does not hold. "
            "Put that key back, behind the present one, or set the secret again."
        )
    try:
        raw = _decoded(text)
        return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound_to.encode()).decode()
    except (InvalidTag, ValueError):
        raise CannotOpenError(
            f"The stored secret does not open with the key “{key_id}”: it was sealed with another key of that name, "
            "changed, or belongs to another row. Set it again."
        ) from None


class SealedField(models.TextField):  # type: ignore[type-arg] # generic for the type checker only
    """Holds sealed texts, or none; anything else is refused before it can reach the database."""

    def get_prep_value(self, value: Any) -> Any:
        """The text, if it is sealed."""
        text = super().get_prep_value(value)
        if text and not _SEALED.fullmatch(text):
            raise ValueError(f"{self.model.__name__}.{self.name} takes sealed texts only (finops.core.encryption).")
        return text


def keys_in(text: str) -> dict[str, bytes]:
    """The keys that a setting names, `id:base64` with commas between, the sealing one first.

    Raises ValueError, which quotes no key.
    """
    keys: dict[str, bytes] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = part.partition(":")
        if not _KEY_ID.fullmatch(key_id) or not encoded:
            raise ValueError(f"Each key reads {_EXAMPLE}; ids hold letters, digits, dots, dashes and underscores.")
        try:
            key = _decoded(encoded.strip().replace("+", "-").replace("/", "_"))
        except ValueError:
            raise ValueError(f"The key “{key_id}” is not base64; each key reads {_EXAMPLE}.") from None
        if len(key) != _KEY_BYTES:
            raise ValueError(f"The key “{key_id}” has {len(key)} bytes and needs {_KEY_BYTES}.")
        if key_id in keys:
            raise ValueError(f"Two keys are called “{key_id}”.")
        keys[key_id] = key
    if not keys:
        raise ValueError(f"There is no key; each reads {_EXAMPLE}.")
    return keys


def _decoded(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except NotBase64 as error:
        raise ValueError("not base64") from error


def _keys() -> Mapping[str, bytes]:
    return _parsed(str(settings.FINOPS_ENCRYPTION_KEYS))


@lru_cache(maxsize=2)
def _parsed(text: str) -> Mapping[str, bytes]:
    try:
        return keys_in(text)
    except ValueError as error:
        raise CannotOpenError(f"FINOPS_ENCRYPTION_KEYS cannot be used. {error}") from None
