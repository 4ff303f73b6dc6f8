"""Reads on in an account's CloudTrail from where the last reading ended."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.clients.aws.events import EVENT_NAMES, LOOKUP_EVENTS, EventPage, lookup_events
from accounts.clients.aws.inventory import enabled_regions
from accounts.clients.aws.session import AwsSession
from accounts.estimators.runtime import RuntimeEvent
from accounts.models import AwsAccount, EventWatermark, Instance, InstanceEvent
from accounts.services.departed import add_departed_instances
from accounts.services.pace import reserve_turn
from accounts.services.parallel import ask_all
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from accounts.services.touched_days import touch_days
from finops.core.bulk import upsert
from finops.core.periods import DAY, Period
from finops.core.upstream.errors import Reason, UpstreamError

SOURCE = LOOKUP_EVENTS.upstream
LOOKUP_INTERVAL = timedelta(seconds=0.5)  # AWS: two requests a second in an account and region, not adjustable

_KEPT = timedelta(days=90)
# CloudTrail tells an event some five minutes after it happened, and promises nothing.
_OVERLAP = timedelta(minutes=30)
_AT_ONCE = 24  # a page takes AWS four seconds on average, so two a second want several under way in each region
# AWS counts requests when they arrive, not when they were due. One that came too early is asked again, and its
# region rests before it for so many turns; a page that comes in between begins anew.
_TURNS_OF_REST = (4, 16, 60)
_STATE_AFTER = {
    "RunInstances": "running",
    "StartInstances": "running",
    "StopInstances": "stopped",
    "TerminateInstances": "terminated",
    "BidEvictedEvent": "terminated",
}
_SETTLED = {"pending": "running", "stopping": "stopped", "shutting-down": "terminated"}


@dataclass(slots=True)
class _Scan:
    """The reading of one event name in one region: what is asked, and what came."""

    region: str
    name: str
    period: Period
    read_from: datetime
    is_history: bool  # of a time about which nothing was known: what lies before an event is new as well
    events: list[tuple[str, RuntimeEvent]] = field(default_factory=list)
    refused: int = 0
    is_complete: bool = False


def refresh_events(
    *,
    account: AwsAccount,
    aws: AwsSession,
    period: Period,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
    interval: timedelta = LOOKUP_INTERVAL,
) -> StepOutcome:
    """Store the events of `period` that are not known yet, and mark the days they change.

    Each event name of each region is read on from its own watermark, with 30 minutes of overlap, and the
    first time from `period.start`, 90 days back at the most. It counts only when read to its end. Regions in
    which no instance and no event was ever seen are read once a day: an instance may live there for minutes
    between two inventories. Raises UpstreamError where nothing could be read.
    """
    outcome = StepOutcome(source=SOURCE)
    regions = account.enabled_regions or enabled_regions(aws)
    scans = _scans(account, regions, period, now)
    if not scans:
        return outcome
    failed = _read(account, aws, scans, interval=interval, outcome=outcome, progress=progress)
    complete = [scan for scan in scans.values() if scan.is_complete]
    if not complete:
        raise next(iter(failed.values()))
    with writing():
        _store(account, complete, period, now, outcome)
    return outcome


def _scans(account: AwsAccount, regions: Iterable[str], period: Period, now: datetime) -> dict[tuple[str, str], _Scan]:
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
                scans[region, name] = _Scan(region, name, asked, read_from=asked.start, is_history=True)
            elif region in known or mark.read_until <= now - DAY:
                asked = Period(min(mark.read_until - _OVERLAP, now), now)
                scans[region, name] = _Scan(region, name, asked, read_from=mark.read_from, is_history=False)
    return scans


def _read(
    account: AwsAccount,
    aws: AwsSession,
    scans: dict[tuple[str, str], _Scan],
    *,
    interval: timedelta,
    outcome: StepOutcome,
    progress: Progress,
) -> dict[str, UpstreamError]:
    """Fill the scans; the first error of each region that had one."""
    failed: dict[str, UpstreamError] = {}
    rests: dict[tuple[str, str], timedelta] = {}
    done = 0

    def turn(key: tuple[str, str]) -> float:
        if scans[key].is_complete or key[0] in failed:
            return 0.0  # what is left asks nothing, and a turn taken for it would be lost to the others
        clock = timezone.now()
        may_start = clock + rests.pop(key, timedelta(0))
        name = f"{account.account_id} {key[0]} {LOOKUP_EVENTS.name}"
        return (reserve_turn(key=name, interval=interval, now=may_start) - clock).total_seconds()

    def take(key: tuple[str, str], page: EventPage | _Rest) -> None:
        if isinstance(page, _Rest):
            rests[key] = page.turns * interval
            return
        scan = scans[key]
        scan.events += page.events
        scan.refused += page.refused
        scan.is_complete = page.is_last

    def ended(key: tuple[str, str], error: UpstreamError | None) -> None:
        nonlocal done
        done += 1
        if error is not None:
            failed.setdefault(key[0], error)
        progress(done=done, total=len(scans), part=f"{key[1]} in {key[0]}")

    ask_all(
        {key: _pages(aws, scan, failed) for key, scan in scans.items()},
        take=take,
        ended=ended,
        pause=turn,
        beat=lambda: progress(done=done, total=len(scans)),
        at_once=_AT_ONCE,
    )
    for region in sorted({scan.region for scan in scans.values()}):
        of_region = [scan for scan in scans.values() if scan.region == region and scan.is_complete]
        rows = sum(len(scan.events) for scan in of_region)
        outcome.parts[region] = PartOutcome(rows=rows, error=failed.get(region))
        outcome.rows_read += rows
        outcome.refused_values += sum(scan.refused for scan in of_region)
    return failed


@dataclass(frozen=True, slots=True)
class _Rest:
    """Instead of a page: AWS was asked too often, and the next request is to wait for so many turns."""

    turns: int


def _pages(aws: AwsSession, scan: _Scan, failed: Mapping[str, UpstreamError]) -> Iterator[EventPage | _Rest]:
    """The pages of `scan`; where AWS was asked too often, a rest, and then on from the page that was refused."""
    token, rested = "", 0
    while True:
        if scan.region in failed:  # one refusal is enough
            raise failed[scan.region]
        try:
            for page in lookup_events(aws, region=scan.region, name=scan.name, period=scan.period, token=token):
                token, rested = page.next_token, 0
                yield page
        except UpstreamError as error:
            if error.reason is not Reason.RATE_LIMITED or rested == len(_TURNS_OF_REST):
                raise
        else:
            return
        yield _Rest(_TURNS_OF_REST[rested])
        rested += 1


def _store(account: AwsAccount, scans: list[_Scan], period: Period, now: datetime, outcome: StepOutcome) -> None:
    rows = {
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
        columns=_COLUMNS,
        key=["aws_account_id", "event_id", "instance_id"],
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
    days = _days(account, new, period, now).union(*(_days_between(life.start, life.end, period) for life in lives))
    touch_days(account_ids=[account.pk], days=days)


_COLUMNS = [
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
        SOURCE,
        now,
    )


def _days(
    account: AwsAccount, new: dict[tuple[str, str], tuple[_Scan, RuntimeEvent]], period: Period, now: datetime
) -> set[date]:
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
        days |= _days_between(start, end, period)
    return days


def _days_between(start: datetime, end: datetime, period: Period) -> set[date]:
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
            aws_account=account, instance_id__in=ordered[start : start + 500], error_code="", source=SOURCE
        ).order_by("occurred_at", "event_id")
        for instance_id, occurred_at, name in events.values_list("instance_id", "occurred_at", "name"):
            timelines[instance_id].append((occurred_at, name))
    return timelines


def _contradicts(name_before: str, event: RuntimeEvent) -> bool:
    """Whether an event found the instance otherwise than the one before it had left it."""
    found = _SETTLED.get(event.previous_state, event.previous_state)
    left = _STATE_AFTER.get(name_before, "")
    return bool(found and left) and found != left
