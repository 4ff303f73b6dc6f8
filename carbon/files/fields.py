"""One field at a time: what the plain forms leave over, and the files that are small."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from .problems import malformed, shown
from .text import FIRST_YEAR, LAST_YEAR

_TIME_FORM: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d(:\d\d(:\d\d([.,]\d+)?)?)?( ?(Z|[+-]\d\d(:?\d\d)?))?", re.ASCII)
_NUMBER_FORM: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_EPOCH: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_END: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)


def instant_of(raw: str, *, path: Path, line: int, column: str) -> timedelta:
    """The time since 1970 UTC that an ISO 8601 text with date and hour names; without an offset it is UTC."""
    if not raw:
        raise malformed(path, line, "The time is missing.", column=column)
    try:
        instant = datetime.fromisoformat(raw if _TIME_FORM.fullmatch(raw) else "")
    except ValueError as error:
        raise malformed(path, line, f"{shown(raw)} is no time such as 2026-03-01T05:00:00Z.", column=column) from error
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    if not _EPOCH <= aware < _END:
        message = f"{shown(raw)} lies outside the years {FIRST_YEAR} to {LAST_YEAR}."
        raise malformed(path, line, message, column=column)
    return aware - _EPOCH


def number_of(raw: str, *, path: Path, line: int, column: str, up_to: float = float("inf")) -> float:
    """A decimal number from 0 to `up_to`; never NaN or infinite."""
    if not _NUMBER_FORM.fullmatch(raw):
        raise malformed(path, line, f"{shown(raw)} is no number." if raw else "The number is missing.", column=column)
    number = float(raw)
    if number < 0:
        raise malformed(path, line, f"{shown(raw)} is below 0.", column=column)
    if number > up_to or number == float("inf"):
        raise malformed(path, line, f"{shown(raw)} is above {up_to:g}.", column=column)
    return number
