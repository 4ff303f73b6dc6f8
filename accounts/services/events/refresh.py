"""Reads on in an account's CloudTrail from where the last reading ended."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.clients.aws.events import LOOKUP_EVENTS
from accounts.clients.aws.inventory import enabled_regions
from accounts.clients.aws.session import AwsSession
from accounts.models import AwsAccount
from accounts.services.step import Progress, StepOutcome, Writing, no_progress
from finops.core.periods import Period

from .reading import LOOKUP_INTERVAL, read_scans
from .scans import wanted_scans
from .store import store_events


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
    outcome = StepOutcome(source=LOOKUP_EVENTS.upstream)
    regions = account.enabled_regions or enabled_regions(aws)
    scans = wanted_scans(account, regions, period, now)
    if not scans:
        return outcome
    failed = read_scans(account, aws, scans, interval=interval, outcome=outcome, progress=progress)
    complete = [scan for scan in scans.values() if scan.is_complete]
    if not complete:
        raise next(iter(failed.values()))
    with writing():
        store_events(account, complete, period, now, outcome)
    return outcome
