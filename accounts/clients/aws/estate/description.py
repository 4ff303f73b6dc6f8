"""One resource in our words, and how a page of AWS's answer becomes a list of them."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.clients.aws.session import Operation
from accounts.estimators.resource_kinds import ResourceKind
from finops.core.upstream.errors import UpstreamMisunderstood

_MOST_RAW_CHARACTERS = 16_000
_LONGEST_NAME, _LONGEST_WORD = 256, 60

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ResourceDescription:
    """A resource as AWS describes it; empty or None where it says nothing.

    `facts` are what only some kinds have, with units in their names; one that AWS does not tell is left out.
    `raw` is AWS's answer as JSON holds it, bounded in size.
    """

    kind: ResourceKind
    region: str
    resource_id: str
    arn: str = ""
    name: str = ""
    state: str = ""
    resource_class: str = ""
    size_gib: float | None = None
    attached_to: str = ""
    created_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    are_tags_known: bool = True
    raw: dict[str, Any] = field(default_factory=dict)


def described(
    pages: Iterable[Told],
    operation: Operation,
    describe: Callable[[Told], ResourceDescription],
) -> list[ResourceDescription]:
    """Every item of all pages, described. One that cannot be read makes the whole unreadable: never a part."""
    try:
        return [describe(item) for page in pages for item in page[operation.payload]]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise cannot_be_read(operation) from error


def cannot_be_read(operation: Operation) -> UpstreamMisunderstood:
    """The error for an answer that has its payload, but not in AWS's shape."""
    return UpstreamMisunderstood(
        f"AWS answered {operation.name} with something that cannot be read.",
        upstream=operation.upstream,
        fix="If it happens again, look for a proxy that answers in place of AWS.",
    )


def tags_of(told: Iterable[Told] | None) -> dict[str, str]:
    """AWS's list of keys and values as a dictionary."""
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in told or ()}


def words(told: Any) -> str:
    """A state or a class as text, whatever it is, as long as a column is."""
    return "" if told is None else str(told)[:_LONGEST_WORD]


def name_of(tags: Mapping[str, str], otherwise: str) -> str:
    """The tag Name, or what else it is called."""
    return (tags.get("Name") or otherwise)[:_LONGEST_NAME]


def known(**facts: Any) -> dict[str, Any]:
    """The facts that AWS told; instants as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in facts.items()
        if value is not None
    }


def kept(told: Told) -> dict[str, Any]:
    """AWS's words as JSON holds them. Of a very long answer the longest parts are left out, and named."""
    plain: dict[str, Any] = json.loads(json.dumps(told, default=_as_text))
    lengths = {key: len(json.dumps(value)) for key, value in plain.items()}
    left_out = []
    while sum(lengths.values()) > _MOST_RAW_CHARACTERS:
        longest = max(lengths, key=lengths.__getitem__)
        left_out.append(longest)
        del plain[longest], lengths[longest]
    return plain | {"(left out, for they are long)": sorted(left_out)} if left_out else plain


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
