"""Which accounts are to be refreshed now, and with which steps."""

from datetime import datetime

import structlog
from django.db.models import Q

from accounts.models import AwsAccount, SourceStatus, TouchedDay
from accounts.services.runs import STEPS, park_exhausted, request_run, ring_for_waiting
from finops.core.periods import utc_day
from finops.pipeline.steps import PIPELINE

logger = structlog.get_logger(__name__)


def due_steps(*, account: AwsAccount, now: datetime) -> list[str]:
    """The steps whose source was never asked or is due again, in order; empty where nothing is due.

    Whatever is asked, the ledger is derived after it; and where only days that are over wait to be derived,
    that alone. Today's mark waits for the next refresh.
    """
    next_due = {
        status.source: status.next_due_at
        for status in SourceStatus.objects.filter(Q(aws_account=account) | Q(aws_account=None))
    }
    due = [
        name
        for name in STEPS
        if name != "derive" and ((at := next_due.get(PIPELINE[name].source)) is None or at <= now)
    ]
    if due or TouchedDay.objects.filter(aws_account=account, day__lt=utc_day(now)).exists():
        return [*due, "derive"]
    return []


def tick(*, now: datetime) -> int:
    """Make the runs that are due, park those whose workers keep dying, ring for all that wait.

    Called once a minute; called twice it does no harm, for an account has one active run at the most.
    Returns how many runs were rung for.
    """
    parked = park_exhausted(now=now)
    if parked:
        logger.error("runs_parked", count=parked)
    for account in AwsAccount.objects.active().order_by("pk"):
        steps = due_steps(account=account, now=now)
        if steps:
            request_run(account=account, now=now, steps=steps)
    return ring_for_waiting(now=now)
