"""Refresh runs: one active run an account, worked on under a lease, written under a fence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import AwsAccount, RefreshRun, RunState, User
from accounts.services.doorbell import ring
from finops.core.periods import Period

# The steps of a refresh in their order; finops/pipeline.py says what each does.
STEPS = (
    "inventory",
    "databases",
    "buckets",
    "functions",
    "disks",
    "addresses",
    "events",
    "utilization",
    "metrics",
    "grid",
    "forecast",
    "power",
    "price",
    "bill",
    "derive",
    "findings",
)

MAX_ATTEMPTS = 5
KIND = "refresh"


class LeaseLost(Exception):  # noqa: N818 (the name says what is so)
    """Somebody else holds the run now: what we would have written is not written."""


def lease() -> timedelta:
    """How long a worker may stay silent before its run is given to another."""
    return timedelta(seconds=settings.REFRESH_LEASE_SECONDS)


def history_before(now: datetime) -> Period:
    """The days a refresh wants facts for: HISTORY_DAYS whole UTC days before today, and today so far."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Period(today - timedelta(days=settings.HISTORY_DAYS), now)


def request_run(
    *,
    account: AwsAccount,
    now: datetime,
    user: User | None = None,
    steps: Sequence[str] = STEPS,
    regions: Sequence[str] = (),
    period: Period | None = None,
    announce: bool = True,
) -> RefreshRun:
    """Queue a refresh of `account` and ring for a worker, or join the one that is active already.

    `regions` narrows what is listed to these; empty means all that are enabled. Metrics, events and bills are of
    the account, whatever its regions.

    With `announce` False nobody is rung for: the caller means to do the run itself.
    """
    unknown = set(steps) - set(STEPS)
    if unknown:
        raise ValueError(f"There is no step {', '.join(sorted(unknown))}. There are: {', '.join(STEPS)}.")
    period = period or history_before(now)
    while True:
        try:
            with transaction.atomic():
                run = RefreshRun.objects.create(
                    aws_account=account,
                    kind=KIND,
                    steps=[step for step in STEPS if step in steps],
                    regions=sorted(set(regions)),
                    period_start=period.start,
                    period_end=period.end,
                    next_try_at=now,
                    created_at=now,
                    requested_by=user,
                )
                if announce:
                    transaction.on_commit(partial(ring, run.pk, somebody_waits=user is not None))
        except IntegrityError:
            active = RefreshRun.objects.active().filter(aws_account=account, kind=KIND).first()
            if active is not None:
                return _hurried(_widened(active, steps, regions), user if announce else None)
        else:
            return run


def _widened(run: RefreshRun, steps: Sequence[str], regions: Sequence[str]) -> RefreshRun:
    """The active run, with `steps` and `regions` too where it has not begun; one that has is joined as it is."""
    wanted = [step for step in STEPS if step in {*run.steps, *steps}]
    everywhere = sorted({*run.regions, *regions}) if run.regions and regions else []
    if (wanted, everywhere) != (run.steps, run.regions):
        queued = RefreshRun.objects.filter(pk=run.pk, state=RunState.QUEUED)
        if queued.update(steps=wanted, regions=everywhere):
            run.steps, run.regions = wanted, everywhere
    return run


def _hurried(run: RefreshRun, user: User | None) -> RefreshRun:
    """The active run; where the clock asked for it and `user` waits now, in the queue of those who wait."""
    by_the_clock = RefreshRun.objects.filter(pk=run.pk, state=RunState.QUEUED, requested_by=None)
    if user is not None and by_the_clock.update(requested_by=user):
        run.requested_by = user
        # The earlier ring may still wait its turn: whichever comes second finds the run taken.
        transaction.on_commit(partial(ring, run.pk, somebody_waits=True))
    return run


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a run, for as long as nobody took it over."""

    run: RefreshRun
    fence: int

    def _held(self) -> Any:
        return RefreshRun.objects.filter(pk=self.run.pk, fence=self.fence, state=RunState.RUNNING)

    def renew(self) -> bool:
        """Hold the run for another lease; False where it is ours no more."""
        return bool(self._held().update(lease_until=timezone.now() + lease()))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction that starts by checking the fence; raises LeaseLost and writes nothing if it fell.

        The check locks the run's row, so nobody can take the run over before we commit.
        """
        with transaction.atomic():
            if not self.renew():
                raise LeaseLost(f"Run {self.run.pk} was taken over by another worker.")
            yield

    def note_progress(self, progress: dict[str, Any]) -> None:
        """Show how far the run is; silently nothing where it is ours no more."""
        self._held().update(progress=progress)

    def finish(self, *, now: datetime) -> None:
        """The run is done, whatever single sources said: their states tell that."""
        if not self._held().update(
            state=RunState.DONE, lease_until=None, finished_at=now, error_code="", error_message=""
        ):
            raise LeaseLost(f"Run {self.run.pk} was taken over by another worker.")

    def give_up(self, *, now: datetime, code: str, message: str) -> None:
        """The attempt failed: try again later, or park the run after MAX_ATTEMPTS."""
        parked = self.run.attempts >= MAX_ATTEMPTS
        self._held().update(
            state=RunState.PARKED if parked else RunState.QUEUED,
            lease_until=None,
            finished_at=now if parked else None,
            next_try_at=now + timedelta(minutes=2**self.run.attempts),
            error_code=code[:60],
            error_message=message[:500],
        )


def claim_run(*, run_id: int, now: datetime) -> Claim | None:
    """Take a run that waits or whose worker fell silent; None where there is nothing to take."""
    seen = RefreshRun.objects.claimable(now=now).filter(pk=run_id).values_list("fence", flat=True).first()
    if seen is None:
        return None
    taken = (
        RefreshRun.objects.claimable(now=now)
        .filter(pk=run_id, fence=seen)
        .update(
            state=RunState.RUNNING,
            lease_until=now + lease(),
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            started_at=Coalesce("started_at", now),
        )
    )
    if not taken:
        return None
    run = RefreshRun.objects.select_related("aws_account__team", "aws_account__payer").get(pk=run_id)
    # Read back after the update: another worker may only take it when our new lease has ended.
    return Claim(run=run, fence=seen + 1) if run.fence == seen + 1 else None


def park_exhausted(*, now: datetime) -> int:
    """Park the runs whose workers died MAX_ATTEMPTS times; return how many those were."""
    return (
        RefreshRun.objects.claimable(now=now)
        .filter(Q(state=RunState.RUNNING), attempts__gte=MAX_ATTEMPTS)
        .update(
            state=RunState.PARKED,
            lease_until=None,
            finished_at=now,
            error_code="worker_died",
            error_message="Its worker ended in mid-work several times. See the worker's log, then refresh again.",
        )
    )


def ring_for_waiting(*, now: datetime) -> int:
    """Ring for every run that is due or was left by its worker; return how many those were."""
    waiting = list(RefreshRun.objects.claimable(now=now).order_by("pk").values_list("pk", "requested_by"))
    for run_id, user_id in waiting:
        ring(run_id, somebody_waits=user_id is not None)
    return len(waiting)
