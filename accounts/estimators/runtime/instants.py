"""Instants as AWS and its tools write them."""

import math
import re
from datetime import UTC, datetime

_ZONE_NAME = re.compile(r"\s*(?:GMT|UTC|z)$")
_NUMBER = re.compile(r"-?\d{9,}(\.\d+)?$")


def parse_instant(value: object) -> datetime:
    """An instant from a datetime, ISO 8601 text with any offset, or seconds since 1970; in UTC.

    What has no offset is UTC. Raises ValueError, with a sentence, for anything else.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, str) and not _NUMBER.match(value.strip()):
        return _from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(  # noqa: TRY004 (a wrong value in a file, not a wrong call)
            f"{_shown(value)} is not an instant: write ISO 8601 text or seconds since 1970."
        )
    seconds = float(value)
    try:
        if math.isfinite(seconds):
            return datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, OSError, ValueError):
        pass
    raise ValueError(f"{_shown(value)} is not an instant: seconds since 1970 cannot be that many.")


def _from_text(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(_ZONE_NAME.sub("", text.strip()))
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{_shown(text)} is not an instant: write ISO 8601, for example 2026-03-01T08:00:00Z."
        ) from None


def _shown(value: object) -> str:
    return repr(value)[:60]
