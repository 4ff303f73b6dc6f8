"""Adds instances that were gone before an inventory could see them: their events tell enough to count them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from accounts.models import AwsAccount, Instance, InstanceEvent
from finops.core.bulk import upsert
from finops.core.periods import Period

_STARTS = frozenset({"RunInstances", "StartInstances"})
_ENDS = frozenset({"TerminateInstances", "BidEvictedEvent"})
_COLUMNS = [
    "aws_account_id",
    "region",
    "instance_id",
    "name",
    "instance_type",
    "state",
    "launched_at",
    "first_launched_at",
    "state_transition_reason",
    "state_reason_code",
    "state_reason_message",
    "platform_details",
    "usage_operation",
    "lifecycle",
    "tenancy",
    "availability_zone",
    "tags",
    "first_seen_at",
    "last_seen_at",
    "gone_at",
]
_LAUNCHED, _GONE = _COLUMNS.index("first_launched_at"), _COLUMNS.index("gone_at")


def add_departed_instances(*, account: AwsAccount, instance_ids: Iterable[str]) -> list[Period]:
    """Add those of `instance_ids` that no inventory ever told of and whose launch and end are both stored.

    A terminated instance leaves EC2's list within the hour, and the list of a new account knows nothing of
    last month's; their cost was billed all the same. What events do not tell stays empty: tags, platform, and
    so the price. Returns the life of each that was added, from its launch to its end: days derived before know
    nothing of it. Belongs into the transaction that stores the events.
    """
    ids = sorted(set(instance_ids))
    lives: list[Period] = []
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        known = set(
            Instance.objects.filter(aws_account=account, instance_id__in=some).values_list("instance_id", flat=True)
        )
        events: defaultdict[str, list[InstanceEvent]] = defaultdict(list)
        unknown = [instance_id for instance_id in some if instance_id not in known]
        for event in InstanceEvent.objects.filter(aws_account=account, instance_id__in=unknown, error_code="").order_by(
            "occurred_at", "event_id"
        ):
            events[event.instance_id].append(event)
        rows = [row for told in events.values() if (row := _row(account, told)) is not None]
        upsert(Instance, rows, columns=_COLUMNS, key=["aws_account_id", "region", "instance_id"])
        lives += [Period(row[_LAUNCHED], row[_GONE]) for row in rows]
    return lives


def _row(account: AwsAccount, events: list[InstanceEvent]) -> tuple[Any, ...] | None:
    """A row for an instance whose whole life is told by `events`, which are in order; else None."""
    launch = next((event for event in events if event.name == "RunInstances" and event.instance_type), None)
    end = next((event for event in reversed(events) if event.name in _ENDS), None)
    if launch is None or end is None:
        return None
    last_start = next(event for event in reversed(events) if event.name in _STARTS)
    types = [event.instance_type for event in events if event.instance_type]
    was_spot = any(event.name == "BidEvictedEvent" for event in events)
    told = {
        "aws_account_id": account.pk,
        "region": launch.region,
        "instance_id": launch.instance_id,
        "instance_type": types[-1],
        "state": "terminated",
        "launched_at": last_start.occurred_at,
        "first_launched_at": launch.occurred_at,
        "lifecycle": "spot" if was_spot else "on-demand",
        "tenancy": "default",
        "tags": {},
        "first_seen_at": launch.occurred_at,
        "last_seen_at": end.occurred_at,
        "gone_at": end.occurred_at,
    }
    return tuple(told.get(column, "") for column in _COLUMNS)
