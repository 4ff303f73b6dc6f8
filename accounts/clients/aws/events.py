"""CloudTrail: who started, stopped and changed instances."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from accounts.estimators.runtime import RuntimeEvent
from finops.core.periods import Period
from finops.core.upstream.errors import UpstreamMisunderstood

from .cloudtrail_events import events_of
from .session import AwsSession, Operation

LOOKUP_EVENTS = Operation("aws_cloudtrail", "cloudtrail", "LookupEvents", "Events")

# What starts, ends or resizes an instance. A spot interruption is an event of AWS's own, not a call.
EVENT_NAMES = (
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
    "BidEvictedEvent",
    "ModifyInstanceAttribute",
)


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of events, each with the instance it is about. `refused` records could not be read."""

    events: list[tuple[str, RuntimeEvent]]
    refused: int
    next_token: str  # of the page after it; empty on the last

    @property
    def is_last(self) -> bool:
        """Whether nothing is missing."""
        return not self.next_token


def lookup_events(
    aws: AwsSession,
    *,
    region: str,
    name: str,
    period: Period,
    token: str = "",
    pace: Callable[[], None] | None = None,
) -> Iterator[EventPage]:
    """The events called `name`, newest first, page by page; each step asks once, after calling `pace`.

    AWS lets two pages a second be asked in an account and region, keeps 90 days, and tells an event some
    minutes after it happened. Only the last page says that nothing is missing. With the `token` of a page it
    reads on from there.
    """
    begin: dict[str, Any] = {"NextToken": token} if token else {}
    pages = aws.pages(
        LOOKUP_EVENTS,
        region=region,
        before_page=pace,
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        StartTime=period.start,
        EndTime=period.end,
        MaxResults=50,
        **begin,
    )
    for page in pages:
        records = page["Events"]
        if not isinstance(records, list):
            raise UpstreamMisunderstood("AWS answered LookupEvents without a list.", upstream=LOOKUP_EVENTS.upstream)
        events: list[tuple[str, RuntimeEvent]] = []
        refused = 0
        for record in records:
            try:
                events += events_of(record)
            except ValueError:
                refused += 1
        yield EventPage(events, refused, next_token=page.get("NextToken") or "")
