"""Writes what a complete listing told: what is new, what changed, and what is gone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from accounts.clients.aws.estate import ResourceDescription
from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import AwsAccount, Resource
from accounts.services.step import StepOutcome
from finops.core.bulk import upsert

# What AWS tells of a resource, in the order in which stored and told ones are compared.
_TOLD = (
    "arn",
    "name",
    "state",
    "resource_class",
    "size_gib",
    "attached_to",
    "created_at",
    "facts",
    "tags",
    "are_tags_known",
    "raw",
)
_STATE, _ATTACHED = _TOLD.index("state"), _TOLD.index("attached_to")
_KEY = ("aws_account_id", "kind", "region", "resource_id")
_SEEN = ("state_since_at", "first_seen_at", "last_seen_at", "gone_at")
_AT_ONCE = 500

_told = attrgetter(*_TOLD)


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything of one kind that a region has, or the account where `region` is None."""

    kind: ResourceKind
    resources: Sequence[ResourceDescription]
    region: str | None


def store_listing(*, account: AwsAccount, listing: Listing, now: datetime) -> int:
    """Store a complete listing; how many rows changed. Belongs into a transaction."""
    rows = Resource.objects.filter(aws_account=account, kind=listing.kind)
    if listing.region is not None:
        rows = rows.filter(region=listing.region)
    # A list that changes while it is read may tell a resource twice: the later word counts.
    seen = {each.resource_id: each for each in listing.resources}
    stored = {
        resource_id: (region, tuple(told), since, first_seen_at, gone_at)
        for resource_id, region, since, first_seen_at, gone_at, *told in rows.values_list(
            "resource_id", "region", "state_since_at", "first_seen_at", "gone_at", *_TOLD
        )
    }
    _settle(rows, seen, {resource_id: region for resource_id, (region, *_) in stored.items()})
    news: list[tuple[Any, ...]] = []
    for resource_id, described in seen.items():
        new, before = _told(described), stored.get(resource_id)
        key = (account.pk, listing.kind.value, described.region, resource_id)
        if before is None:
            news.append((*key, *new, now, now, now, None))
            continue
        _, old, since, first_seen_at, gone_at = before
        if new != old or gone_at is not None:
            is_as_it_was = gone_at is None and (new[_STATE], new[_ATTACHED]) == (old[_STATE], old[_ATTACHED])
            news.append((*key, *new, since if is_as_it_was else now, first_seen_at, now, None))
    written = upsert(Resource, news, columns=[*_KEY, *_TOLD, *_SEEN], key=_KEY)
    gone = [resource_id for resource_id, before in stored.items() if resource_id not in seen and before[-1] is None]
    for start in range(0, len(gone), _AT_ONCE):
        written += rows.filter(resource_id__in=gone[start : start + _AT_ONCE], gone_at=None).update(gone_at=now)
    rows.filter(gone_at=None).update(last_seen_at=now)
    return written


def _settle(rows: Any, seen: dict[str, ResourceDescription], region_of: dict[str, str]) -> None:
    """Give a bucket that stood without a region the one that is told now, so that it stays the same row."""
    for resource_id, region in region_of.items():
        if resource_id in seen and seen[resource_id].region != region:
            rows.filter(resource_id=resource_id, region=region).update(region=seen[resource_id].region)


def note_unasked(
    *, account: AwsAccount, kinds: Sequence[ResourceKind], regions: Sequence[str], outcome: StepOutcome
) -> None:
    """Resources of a region that is enabled no more cannot be asked about: they are neither there nor gone."""
    unasked = Resource.objects.filter(aws_account=account, gone_at=None).of_kind(*kinds).exclude(region__in=regions)
    counts = Counter(unasked.values_list("kind", "region"))
    outcome.notes.extend(
        f"{count} {ResourceKind(kind).plural} in {region}, which was not asked, are shown as last seen."
        for (kind, region), count in sorted(counts.items())
    )
