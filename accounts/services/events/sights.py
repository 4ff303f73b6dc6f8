"""Keeps what an inventory told of a start or a stop before the next start makes EC2 forget it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from accounts.clients.aws.inventory import DESCRIBE_INSTANCES
from accounts.estimators.runtime import INVENTORY_START, RuntimeEvent
from accounts.models import AwsAccount, InstanceEvent
from finops.core.bulk import upsert

from .store import EVENT_COLUMNS, EVENT_KEY

_SAME = timedelta(minutes=2)
_STARTS = frozenset({"RunInstances", "StartInstances"})
_STOPS = frozenset({"StopInstances", "TerminateInstances", "BidEvictedEvent"})
_IDS_AT_ONCE = 500

Sights = Mapping[tuple[str, str], Sequence[RuntimeEvent]]  # by region and instance id


def keep_sights(*, account: AwsAccount, sights: Sights, now: datetime) -> int:
    """Store those of `sights` that no CloudTrail event tells already; return how many were new.

    They stand among the events with the inventory as their source. Twice, they are stored once. Belongs in the
    transaction that overwrites the instances.
    """
    if not sights:
        return 0
    told = _told_by_events(account, sights)
    rows = [
        {
            "aws_account_id": account.pk,
            "region": region,
            "event_id": sight.event_id,
            "instance_id": instance_id,
            "name": sight.name,
            "occurred_at": sight.occurred_at,
            "current_state": sight.current_state,
            "actor": sight.actor[:300],
            "source": DESCRIBE_INSTANCES.upstream,
            "retrieved_at": now,
        }
        for (region, instance_id), of_one in sights.items()
        for sight in of_one
        if not any(
            is_start == (sight.name == INVENTORY_START) and abs(at - sight.occurred_at) <= _SAME
            for is_start, at in told.get(instance_id, ())
        )
    ]
    values = [[row.get(column, "") for column in EVENT_COLUMNS] for row in rows]
    return upsert(InstanceEvent, values, columns=EVENT_COLUMNS, key=EVENT_KEY)


def _told_by_events(account: AwsAccount, sights: Sights) -> dict[str, list[tuple[bool, datetime]]]:
    """The starts (True) and stops (False) that CloudTrail told about the time of the sights, by instance."""
    told: dict[str, list[tuple[bool, datetime]]] = {}
    times = [sight.occurred_at for of_one in sights.values() for sight in of_one]
    ids = sorted({instance_id for _, instance_id in sights})
    for start in range(0, len(ids), _IDS_AT_ONCE):
        events = InstanceEvent.objects.filter(
            aws_account=account,
            instance_id__in=ids[start : start + _IDS_AT_ONCE],
            name__in=_STARTS | _STOPS,
            error_code="",
            occurred_at__gte=min(times) - _SAME,
            occurred_at__lte=max(times) + _SAME,
        )
        for instance_id, name, at in events.values_list("instance_id", "name", "occurred_at"):
            told.setdefault(instance_id, []).append((name in _STARTS, at))
    return told
