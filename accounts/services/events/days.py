"""Which days the running hours of instances change on, when events are told that were not known."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from accounts.clients.aws.events import LOOKUP_EVENTS
from accounts.estimators.runtime import RuntimeEvent
from accounts.models import AwsAccount, Instance, InstanceEvent
from finops.core.periods import Period

from .scans import Scan

NewEvents = dict[tuple[str, str], tuple[Scan, RuntimeEvent]]  # by event id and instance id

_STATE_AFTER = {
    "RunInstances": "running",
    "StartInstances": "running",
    "StopInstances": "stopped",
    "TerminateInstances": "terminated",
    "BidEvictedEvent": "terminated",
}
_SETTLED = {"pending": "running", "stopping": "stopped", "shutting-down": "terminated"}


def touched_by(account: AwsAccount, new: NewEvents, period: Period, now: datetime) -> set[date]:
    """The days whose running hours the new events change: from each event to the instance's next one, or today.

    Where nothing was known of the time before an event, or where what was known contradicts what the
    event says of it, the days back to the one before it change as well; else those back to the last sight
    of the instance, for what happened since was in doubt until now.
    """
    effective = [(key[1], scan, event) for key, (scan, event) in new.items() if not event.error_code]
    timelines = _timelines(account, {instance_id for instance_id, _, _ in effective})
    seen = _last_seen(account, timelines)
    days: set[date] = set()
    for instance_id, scan, event in effective:
        timeline = timelines[instance_id]
        times = [occurred_at for occurred_at, _ in timeline]
        before = bisect_left(times, event.occurred_at)
        after = bisect_right(times, event.occurred_at)
        end = times[after] if after < len(times) else now
        event_before = times[before - 1] if before else period.start
        if scan.is_history or (before and _contradicts(timeline[before - 1][1], event)):
            start = event_before
        else:
            start = min(event.occurred_at, max(seen.get(instance_id, event.occurred_at), event_before))
        days |= days_between(start, end, period)
    return days


def days_between(start: datetime, end: datetime, period: Period) -> set[date]:
    """The days from the one of `start` to the one of `end`, none before `period` begins."""
    start = max(start, period.start)
    return set(Period(start, max(end, start + timedelta(microseconds=1))).days())


def _last_seen(account: AwsAccount, instance_ids: Iterable[str]) -> dict[str, datetime]:
    """When an inventory last told of each of the instances."""
    seen: dict[str, datetime] = {}
    ordered = sorted(instance_ids)
    for start in range(0, len(ordered), 500):
        some = Instance.objects.filter(aws_account=account, instance_id__in=ordered[start : start + 500])
        seen.update(some.values_list("instance_id", "last_seen_at"))
    return seen


def _timelines(account: AwsAccount, instance_ids: set[str]) -> dict[str, list[tuple[datetime, str]]]:
    """When what happened to each instance, by time, as far as it is stored; failed calls left out."""
    timelines: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    ordered = sorted(instance_ids)
    for start in range(0, len(ordered), 500):
        events = InstanceEvent.objects.filter(
            aws_account=account,
            instance_id__in=ordered[start : start + 500],
            error_code="",
            source=LOOKUP_EVENTS.upstream,
        ).order_by("occurred_at", "event_id")
        for instance_id, occurred_at, name in events.values_list("instance_id", "occurred_at", "name"):
            timelines[instance_id].append((occurred_at, name))
    return timelines


def _contradicts(name_before: str, event: RuntimeEvent) -> bool:
    """Whether an event found the instance otherwise than the one before it had left it."""
    found = _SETTLED.get(event.previous_state, event.previous_state)
    left = _STATE_AFTER.get(name_before, "")
    return bool(found and left) and found != left
