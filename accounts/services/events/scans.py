"""What is to be asked of CloudTrail: each event name of each region, on from where the last reading ended."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.clients.aws.events import EVENT_NAMES
from accounts.estimators.runtime import RuntimeEvent
from accounts.models import AwsAccount, EventWatermark, Instance, InstanceEvent
from finops.core.periods import DAY, Period

_KEPT = timedelta(days=90)
# CloudTrail tells an event some five minutes after it happened, and promises nothing.
_OVERLAP = timedelta(minutes=30)


@dataclass(slots=True)
class Scan:
    """The reading of one event name in one region: what is asked, and what came."""

    region: str
    name: str
    period: Period
    read_from: datetime
    is_history: bool  # of a time about which nothing was known: what lies before an event is new as well
    events: list[tuple[str, RuntimeEvent]] = field(default_factory=list)
    refused: int = 0
    is_complete: bool = False


def wanted_scans(
    account: AwsAccount, regions: Iterable[str], period: Period, now: datetime
) -> dict[tuple[str, str], Scan]:
    """What is to be asked, region after region for each name, so that the first requests go to many regions."""
    marks = {(m.region, m.event_name): m for m in EventWatermark.objects.filter(aws_account=account)}
    known = {
        *Instance.objects.filter(aws_account=account).order_by().values_list("region", flat=True).distinct(),
        *InstanceEvent.objects.filter(aws_account=account).order_by().values_list("region", flat=True).distinct(),
    }
    wanted_from = max(period.start, now - _KEPT)
    scans = {}
    for name in EVENT_NAMES:
        for region in regions:
            mark = marks.get((region, name))
            if mark is None or mark.read_from > wanted_from or mark.read_until < now - _KEPT:
                asked = Period(min(wanted_from, now), now)
                scans[region, name] = Scan(region, name, asked, read_from=asked.start, is_history=True)
            elif region in known or mark.read_until <= now - DAY:
                asked = Period(min(mark.read_until - _OVERLAP, now), now)
                scans[region, name] = Scan(region, name, asked, read_from=mark.read_from, is_history=False)
    return scans
