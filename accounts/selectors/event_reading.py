"""How far CloudTrail was read where an instance stands: no event told is not the same as no event heard."""

from dataclasses import dataclass
from datetime import datetime

from accounts.clients.aws.events import EVENT_NAMES
from accounts.models import EventWatermark, Instance, SourceState, User
from accounts.selectors.health import DataHealth, SourceHealth


@dataclass(frozen=True, slots=True)
class EventReading:
    """Between which instants every event is known, None where CloudTrail was not read yet; and what keeps it away."""

    since: datetime | None
    until: datetime | None
    trouble: str  # in words, empty where it answers
    fix: str


def event_reading(user: User, instance: Instance, *, health: DataHealth) -> EventReading:
    """How far the events of the region of `instance` are read, as `health`, which holds its account, tells it."""
    marks = EventWatermark.objects.filter(
        aws_account__in=Instance.objects.visible_to(user).filter(pk=instance.pk).values("aws_account"),
        region=instance.region,
        event_name__in=EVENT_NAMES,
    ).values_list("read_from", "read_until")
    read = list(marks)
    is_read = len(read) == len(EVENT_NAMES)
    source = next(
        source
        for source in health.of(["aws_cloudtrail"], account_id=instance.aws_account_id)
        if source.account_id == instance.aws_account_id
    )
    trouble = _trouble(source, instance.region)
    return EventReading(
        since=max(since for since, _ in read) if is_read else None,
        until=min(until for _, until in read) if is_read else None,
        trouble=trouble,
        fix=source.fix if trouble else "",
    )


def _trouble(source: SourceHealth, region: str) -> str:
    """Why the events of `region` are not read at present; what failed in other regions alone does not matter here."""
    if source.state is SourceState.DEGRADED and source.parts:
        return dict(source.parts).get(region, "")
    return source.last_error if source.is_trouble else ""
