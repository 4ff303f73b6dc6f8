"""What the runtime estimator is told of instances, out of their rows."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from accounts.estimators.runtime import InstanceFacts, RuntimeEvent
from accounts.models import Instance, InstanceEvent
from finops.core.periods import DAY, Period

# The state at the start of a period follows from the events before it: so many of the latest are read.
_EVENTS_BEFORE = 4
# SQLite takes no more than 32,766 values in one statement.
_IDS_AT_ONCE = 10_000

_COLUMNS = (
    "instance_id",
    "event_id",
    "name",
    "occurred_at",
    "previous_state",
    "current_state",
    "error_code",
    "instance_type",
    "actor",
)


def facts_of(instance: Instance) -> InstanceFacts:
    """What the inventory last said of `instance`."""
    return InstanceFacts(
        state=instance.state,
        launched_at=instance.launched_at,
        first_launched_at=instance.first_launched_at,
        state_transition_reason=instance.state_transition_reason,
        state_reason_code=instance.state_reason_code,
        state_reason_message=instance.state_reason_message,
        instance_type=instance.instance_type,
        platform_details=instance.platform_details,
        lifecycle=instance.lifecycle,
        tenancy=instance.tenancy,
        seen_at=instance.last_seen_at,
        gone_at=instance.gone_at,
    )


def events_of(*, account_id: int, instances: Sequence[Instance], period: Period) -> dict[str, list[RuntimeEvent]]:
    """The events of `instances` by instance id, oldest first; two queries for every few thousand instances.

    All from the start of `period` on, those after its end included (an event tells of the state before it),
    and the last few before it.
    """
    wanted = sorted({instance.instance_id for instance in instances})
    by_instance: dict[str, list[RuntimeEvent]] = {}
    for first in range(0, len(wanted), _IDS_AT_ONCE):
        some = wanted[first : first + _IDS_AT_ONCE]
        events = InstanceEvent.objects.filter(aws_account_id=account_id, instance_id__in=some)
        for instance_id, *columns in _rows(events, since=period.start - DAY):
            by_instance.setdefault(instance_id, []).append(RuntimeEvent(*columns))
    return by_instance


def _rows(events: QuerySet[InstanceEvent], *, since: datetime) -> Iterator[tuple[Any, ...]]:
    """The values of `_COLUMNS`, in order: the last few events of each instance before `since`, then all later ones."""
    later = events.filter(occurred_at__gte=since)
    before = (
        events.filter(occurred_at__lt=since, error_code="")
        .annotate(
            place=Window(
                RowNumber(), partition_by=F("instance_id"), order_by=[F("occurred_at").desc(), F("event_id").desc()]
            )
        )
        .filter(place__lte=_EVENTS_BEFORE)
    )
    for rows in (before, later):
        yield from rows.order_by("occurred_at", "event_id").values_list(*_COLUMNS)
