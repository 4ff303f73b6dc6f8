"""Stores the events that are new, how far CloudTrail was read, and marks the days that change."""

from datetime import datetime

from accounts.clients.aws.events import LOOKUP_EVENTS
from accounts.estimators.runtime import RuntimeEvent
from accounts.models import AwsAccount, EventWatermark, InstanceEvent
from accounts.services.departed import add_departed_instances
from accounts.services.step import StepOutcome
from accounts.services.touched_days import touch_days
from finops.core.bulk import upsert
from finops.core.periods import Period

from .days import NewEvents, days_between, touched_by
from .scans import Scan

EVENT_COLUMNS = [
    "aws_account_id",
    "region",
    "event_id",
    "instance_id",
    "name",
    "occurred_at",
    "previous_state",
    "current_state",
    "instance_type",
    "error_code",
    "actor",
    "source",
    "retrieved_at",
]
EVENT_KEY = ["aws_account_id", "event_id", "instance_id"]


def store_events(account: AwsAccount, scans: list[Scan], period: Period, now: datetime, outcome: StepOutcome) -> None:
    """Store what `scans`, read to their end, brought and is not known yet. Belongs into one transaction."""
    rows: NewEvents = {
        (event.event_id, instance_id): (scan, event)
        for scan in scans
        for instance_id, event in scan.events
        # Of all the attributes an instance has, only its type matters here.
        if event.name != "ModifyInstanceAttribute" or event.instance_type
    }
    since = min(scan.period.start for scan in scans)
    known = set(
        InstanceEvent.objects.filter(aws_account=account, occurred_at__gte=since).values_list("event_id", "instance_id")
    )
    new = {key: rows[key] for key in rows.keys() - known}
    outcome.rows_written = upsert(
        InstanceEvent,
        [_row(account, scan.region, instance_id, event, now) for (_, instance_id), (scan, event) in new.items()],
        columns=EVENT_COLUMNS,
        key=EVENT_KEY,
    )
    upsert(
        EventWatermark,
        [(account.pk, scan.region, scan.name, scan.read_from, now) for scan in scans],
        columns=["aws_account_id", "region", "event_name", "read_from", "read_until"],
        key=["aws_account_id", "region", "event_name"],
    )
    lives = add_departed_instances(account=account, instance_ids=[instance_id for _, instance_id in new])
    if lives:
        outcome.notes.append(
            f"{len(lives)} instances that were gone before they could be listed are known by their events."
        )
    days = touched_by(account, new, period, now).union(*(days_between(life.start, life.end, period) for life in lives))
    touch_days(account_ids=[account.pk], days=days)


def _row(account: AwsAccount, region: str, instance_id: str, event: RuntimeEvent, now: datetime) -> tuple[object, ...]:
    return (
        account.pk,
        region,
        event.event_id[:64],
        instance_id[:40],
        event.name[:60],
        event.occurred_at,
        event.previous_state[:20],
        event.current_state[:20],
        event.instance_type[:40],
        event.error_code[:100],
        event.actor.replace("\0", "")[:300],
        LOOKUP_EVENTS.upstream,
        now,
    )
