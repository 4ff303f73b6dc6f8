"""Which accounts are to be refreshed now, and with which steps."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db.models import Q

from accounts.models import AwsAccount, RefreshRun, RunState, SourceStatus, TouchedDay
from accounts.services.removal import continue_removals
from accounts.services.runs import park_exhausted, request_run, ring_for_waiting
from accounts.services.sso.sign_in import poll_waiting
from costing.services.ledger import ledger_method
from finops.core.periods import utc_day
from finops.pipeline.steps import PIPELINE, Step

logger = structlog.get_logger(__name__)

# What broke five times over would break again in a minute, and cost what it costs.
REST_AFTER_PARKING = timedelta(hours=1)


def due_steps(*, account: AwsAccount, now: datetime) -> list[str]:
    """The steps whose source was never asked or is due again, in order; empty where nothing is due.

    Whatever is asked, the ledger is derived after it; and where only days that are over wait to be derived,
    or the whole ledger rests on a power model or method that is not in force any more, that alone. Today's mark
    waits for the next refresh.
    """
    return _due([account], now=now)[account.pk]


def tick(*, now: datetime) -> int:
    """Make the runs that are due, park those whose workers keep dying, ring for all that wait; wipe what was removed.

    Asks about sign-ins that wait for their code, too. Called once a minute; called twice it does no harm, for an
    account has one active run at the most. Returns how many runs were rung for.
    """
    parked = park_exhausted(now=now)
    if parked:
        logger.error("runs_parked", count=parked)
    parked_lately = RefreshRun.objects.filter(state=RunState.PARKED, finished_at__gt=now - REST_AFTER_PARKING)
    idle = AwsAccount.objects.active().exclude(pk__in=RefreshRun.objects.active().values("aws_account"))
    idle = idle.exclude(pk__in=parked_lately.values("aws_account"))
    accounts = list(idle.select_related("team").order_by("pk"))
    for account, steps in zip(accounts, _due(accounts, now=now).values(), strict=True):
        if steps:
            request_run(account=account, now=now, steps=steps, announce=False)
    rung = ring_for_waiting(now=now)
    poll_waiting(now=now)
    continue_removals()  # last, for it may take its time
    return rung


def _due(accounts: Sequence[AwsAccount], *, now: datetime) -> dict[int, list[str]]:
    """The due steps of each account, in the accounts' order; two queries, however many accounts."""
    next_due = {
        (status.aws_account_id, status.source): status.next_due_at
        for status in SourceStatus.objects.filter(Q(aws_account__in=accounts) | Q(aws_account=None))
    }
    waiting = set(
        TouchedDay.objects.filter(aws_account__in=accounts, day__lt=utc_day(now)).values_list("aws_account", flat=True)
    )

    def is_due(step: Step, account: AwsAccount) -> bool:
        if (account.pk, PIPELINE["inventory"].source) not in next_due:
            return True  # A new account may stand in zones and have types that nobody asked about yet.
        at = next_due.get((None if step.is_shared else account.pk, step.source))
        return at is None or at <= now

    due: dict[int, list[str]] = {}
    for account in accounts:
        steps = {name for name, step in PIPELINE.items() if name != "derive" and is_due(step, account)}
        is_outdated = account.ledger_method not in {"", ledger_method(account)}
        wanted = steps | {"derive"} if steps or account.pk in waiting or is_outdated else set()
        due[account.pk] = [name for name in PIPELINE if name in wanted]
    return due
