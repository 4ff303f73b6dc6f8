"""Tokens of paged answers: opaque, bound to the question and to the instant of its first page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from json import dumps, loads
from typing import Any

_OF_PAGING = {
    *("NextToken", "NextPageToken", "Marker", "ContinuationToken"),
    *("MaxResults", "MaxRecords", "MaxItems", "MaxBuckets"),
}


class BadTokenError(ValueError):
    """The token is not ours, or was given for another question."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins, and as of when the whole answer is told."""

    offset: int
    as_of: datetime


def _question(parameters: Mapping[str, Any]) -> str:
    asked = {key: value for key, value in parameters.items() if key not in _OF_PAGING}
    return blake2b(dumps(asked, sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


def position_of(token: str | None, parameters: Mapping[str, Any], *, now: datetime) -> Position:
    """Where to go on; the start, as of now, without a token. Raises BadTokenError."""
    if token is None:
        return Position(0, now)
    try:
        offset, as_of, question = loads(urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError) as error:
        raise BadTokenError(token) from error
    if question != _question(parameters):
        raise BadTokenError(token)
    return Position(int(offset), datetime.fromtimestamp(as_of, tz=UTC))


def token_for(position: Position, parameters: Mapping[str, Any]) -> str:
    """The token that leads to `position` when the same question is asked again."""
    content = [position.offset, position.as_of.timestamp(), _question(parameters)]
    return urlsafe_b64encode(dumps(content).encode()).decode()
