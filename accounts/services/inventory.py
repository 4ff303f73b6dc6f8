"""Brings the list of instances of an account up to date."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.clients.aws.events import LOOKUP_EVENTS
from accounts.clients.aws.inventory import DESCRIBE_INSTANCES, InstanceDescription, describe_instances, enabled_regions
from accounts.clients.aws.session import AwsSession
from accounts.estimators.runtime import ENDING_STATES, InstanceFacts, RuntimeEvent, forgotten_sights
from accounts.models import AwsAccount, Instance
from accounts.services.events.sights import keep_sights
from accounts.services.parallel import ask_all, once
from accounts.services.runs import history_before
from accounts.services.source_status import ask_at_once
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, narrowed, no_progress
from accounts.services.touched_days import touch_period
from finops.core.bulk import upsert
from finops.core.periods import DAY, HOUR, Period, start_of_day, utc_day
from finops.core.upstream.errors import Reason, UpstreamError

SOURCE = DESCRIBE_INSTANCES.upstream

# What EC2 tells of an instance, in the order in which stored and told ones are compared.
_TOLD = (
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
)
_TYPE, _STATE, _LAUNCHED_AT, _FIRST_LAUNCHED_AT, _REASON = (
    _TOLD.index(name)
    for name in ("instance_type", "state", "launched_at", "first_launched_at", "state_transition_reason")
)
_NAME, _TAGS = _TOLD.index("name"), _TOLD.index("tags")
_REASON_CODE, _REASON_MESSAGE = _TOLD.index("state_reason_code"), _TOLD.index("state_reason_message")
_MAY_RUN = frozenset({"pending", "running", "stopping", "shutting-down"})

Stored = dict[tuple[str, str], list[Any]]


def refresh_inventory(
    *,
    account: AwsAccount,
    aws: AwsSession,
    now: datetime,
    only_regions: Collection[str] = (),
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Ask every enabled region for its instances and store what it tells; mark the days this changes.

    `only_regions` narrows that to some; the others stay as they were. A region counts only as a whole: one that
    failed on its last page changes nothing, and an instance is gone only where its region answered completely
    without it. One that is gone stays as history. Raises UpstreamError where no region answered. Running it twice
    with the same `now` changes nothing.
    """
    outcome = StepOutcome(source=SOURCE)
    regions = _regions(account, aws, outcome)
    asked = narrowed(regions, only_regions, outcome)
    told = _ask(asked, aws, outcome, progress)
    if not told and asked:
        raise next(iter(outcome.failed_parts.values()))
    with writing():
        _store(account, told, now, outcome)
        if account.enabled_regions != regions:
            account.enabled_regions = regions
            account.save(update_fields=["enabled_regions"])
    return outcome


def _regions(account: AwsAccount, aws: AwsSession, outcome: StepOutcome) -> list[str]:
    try:
        return enabled_regions(aws)
    except UpstreamError as error:
        if error.reason is not Reason.DENIED or not account.enabled_regions:
            raise
        outcome.parts["list of regions"] = PartOutcome(error=error)
        outcome.notes.append("The list of enabled regions may not be read; those known from before were asked.")
        return list(account.enabled_regions)


def _ask(
    regions: list[str], aws: AwsSession, outcome: StepOutcome, progress: Progress
) -> dict[str, list[InstanceDescription]]:
    """What each region that answered completely told."""
    told: dict[str, list[InstanceDescription]] = {}
    done = 0

    def take(region: str, instances: list[InstanceDescription]) -> None:
        told[region] = instances

    def ended(region: str, error: UpstreamError | None) -> None:
        nonlocal done
        done += 1
        rows = len(told.get(region, ()))
        outcome.parts[region] = PartOutcome(rows=rows, error=error)
        outcome.rows_read += rows
        progress(done=done, total=len(regions), part=region)

    ask_all(
        {region: once(partial(describe_instances, aws, region=region)) for region in regions},
        take=take,
        ended=ended,
        beat=lambda: progress(done=done, total=len(regions)),
    )
    return told


def _store(
    account: AwsAccount, told: dict[str, list[InstanceDescription]], now: datetime, outcome: StepOutcome
) -> None:
    instances = Instance.objects.filter(aws_account=account)
    stored: Stored = {
        (region, instance_id): rest
        for region, instance_id, *rest in instances.filter(region__in=told).values_list(
            "region", "instance_id", *_TOLD, "first_seen_at", "last_seen_at", "gone_at"
        )
    }
    # A list that changes while it is read may tell an instance twice: the later word counts.
    seen = {(i.region, i.instance_id): i for of_region in told.values() for i in of_region}
    news = _news(account, seen, stored, now)
    outcome.rows_written = upsert(
        Instance,
        news.rows,
        columns=["aws_account_id", "region", "instance_id", *_TOLD, "first_seen_at", "last_seen_at", "gone_at"],
        key=["aws_account_id", "region", "instance_id"],
    )
    keep_sights(account=account, sights=news.forgotten, now=now)
    gone = {key for key in stored.keys() - seen.keys() if stored[key][-1] is None}
    news.since += [stored[key][-2] for key in gone if stored[key][_STATE] in _MAY_RUN]
    outcome.rows_written += _mark_gone(instances, gone, now)
    # Those left are the ones seen. One statement says so for all, whether or not anything else changed.
    instances.filter(region__in=told, gone_at=None).exclude(last_seen_at=now).update(last_seen_at=now)
    _note_unasked(instances, told, outcome)
    _touch(account, news.since, now)
    if news.is_about_running or gone:
        # Its event names the second and who did it; the next reading by the clock may be hours away.
        ask_at_once(account=account, source=LOOKUP_EVENTS.upstream, now=now)


@dataclass(slots=True)
class _News:
    """What the answers tell that was not stored: the rows to write, and what follows from them."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    since: list[datetime] = field(default_factory=list)  # when each fact that matters to the ledger may have changed
    forgotten: dict[tuple[str, str], list[RuntimeEvent]] = field(default_factory=dict)  # starts and stops
    is_about_running: bool = False


def _news(
    account: AwsAccount, seen: dict[tuple[str, str], InstanceDescription], stored: Stored, now: datetime
) -> _News:
    news = _News()
    today = start_of_day(utc_day(now))
    for key, description in seen.items():
        new = [getattr(description, name) for name in _TOLD]
        before = stored.get(key)
        if before is None:
            news.since.append(new[_FIRST_LAUNCHED_AT] or new[_LAUNCHED_AT] or now)
            news.rows.append((account.pk, *key, *new, now, now, None))
            news.is_about_running = True
            continue
        first_seen_at, last_seen_at, gone_at = before[-3:]
        _keep_what_is_no_longer_told(new, before)
        if _matters(new, before) or gone_at is not None:
            restarted_at = new[_LAUNCHED_AT] if new[_LAUNCHED_AT] != before[_LAUNCHED_AT] else None
            # EC2 may take a moment to tell what it already knows, hence the hour.
            news.since.append(min(last_seen_at, restarted_at or last_seen_at) - HOUR)
            news.is_about_running = True
            forgotten = forgotten_sights(_facts(before), _facts(new))
            if forgotten:
                news.forgotten[key] = forgotten
        elif new[_STATE] in _MAY_RUN and last_seen_at < now:
            news.since.append(last_seen_at)
        elif new[_STATE] not in ENDING_STATES and last_seen_at < today:
            # It stands still, and each new day has a row that says so.
            news.since.append(start_of_day(utc_day(last_seen_at) + DAY))
        if new != before[:-3] or gone_at is not None:
            news.rows.append((account.pk, *key, *new, first_seen_at, now, None))
    return news


def _facts(told: list[Any]) -> InstanceFacts:
    return InstanceFacts(
        state=told[_STATE],
        launched_at=told[_LAUNCHED_AT],
        state_transition_reason=told[_REASON],
        state_reason_code=told[_REASON_CODE],
        state_reason_message=told[_REASON_MESSAGE],
    )


def _keep_what_is_no_longer_told(new: list[Any], before: list[Any]) -> None:
    """A terminated instance has lost its network interface and, after a while, its tags."""
    new[_FIRST_LAUNCHED_AT] = new[_FIRST_LAUNCHED_AT] or before[_FIRST_LAUNCHED_AT]
    if new[_STATE] == "terminated" and not new[_TAGS]:
        new[_TAGS], new[_NAME] = before[_TAGS], before[_NAME]


def _matters(new: list[Any], before: list[Any]) -> bool:
    """Whether what changed says something about when, or as what, the instance ran."""
    return any(new[position] != before[position] for position in (_TYPE, _STATE, _LAUNCHED_AT, _REASON))


def _mark_gone(instances: QuerySet[Instance], gone: set[tuple[str, str]], now: datetime) -> int:
    count = 0
    by_region: dict[str, list[str]] = {}
    for region, instance_id in sorted(gone):
        by_region.setdefault(region, []).append(instance_id)
    for region, ids in by_region.items():
        for start in range(0, len(ids), 500):
            count += instances.filter(region=region, instance_id__in=ids[start : start + 500]).update(gone_at=now)
    return count


def _note_unasked(instances: QuerySet[Instance], told: Iterable[str], outcome: StepOutcome) -> None:
    """Instances of a region that is enabled no more cannot be asked about: they are neither there nor gone."""
    asked = {*told, *outcome.parts}
    counts = Counter(instances.filter(gone_at=None).exclude(region__in=asked).values_list("region", flat=True))
    outcome.notes.extend(
        f"{count} instances in {region}, which is enabled no more, are shown as last seen."
        for region, count in sorted(counts.items())
    )


def _touch(account: AwsAccount, since: list[datetime], now: datetime) -> None:
    """Mark the days from the earliest change to today, as far back as the ledger reaches."""
    if since:
        touch_period(account_ids=[account.pk], period=Period(min(max(min(since), history_before(now).start), now), now))
