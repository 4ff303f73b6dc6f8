"""Works on one claimed run: heartbeat beside it, steps in order, its end written under the fence."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils import timezone

from accounts.services.runs import Claim, LeaseLost, claim_run, lease
from finops.core.periods import Period
from finops.pipeline.report import StepReport
from finops.pipeline.run import run_steps
from finops.pipeline.steps import Context

logger = structlog.get_logger(__name__)

_PROGRESS_EVERY_SECONDS = 0.5
_OUT_OF_TIME = "The refresh took longer than a worker may take for it. What was done stays, the rest is tried again."


def execute_run(
    *, run_id: int, now: datetime, watch: Callable[[StepReport], None] | None = None
) -> list[StepReport] | None:
    """Do what the run's row asks for; None where somebody else does it, or it is done already.

    `now` is the instant the refresh is about; leases go by the real clock. A step of ours that breaks
    leaves the run to be tried again, from where it broke; an upstream that fails does not, its state says so.
    Raises SoftTimeLimitExceeded where the worker's time for it is up; then too the run is tried again.
    """
    claim = claim_run(run_id=run_id, now=timezone.now())
    if claim is None:
        return None
    run = claim.run
    log = logger.bind(run_id=run.pk, account_id=run.aws_account.account_id, attempt=run.attempts)
    context = Context(
        account=run.aws_account,
        period=Period(run.period_start, run.period_end),
        now=now,
        writing=claim.writing,
        regions=frozenset(run.regions),
    )
    earlier = {name: StepReport.of_json(name, told) for name, told in run.progress.items() if name in run.steps}
    reporter = _Reporter(claim, watch, earlier)
    try:
        with _heartbeat(claim):
            reports = run_steps(context=context, steps=run.steps, watch=reporter, earlier=earlier)
        reporter.flush()
        broken = [report for report in reports if report.state == "broken"]
        if broken:
            claim.give_up(now=timezone.now(), code=f"{broken[0].name}_broken", message=broken[0].message)
        else:
            claim.finish(now=timezone.now())
    except LeaseLost:
        log.warning("run_taken_over")
        return None
    except SoftTimeLimitExceeded:
        claim.give_up(now=timezone.now(), code="out_of_time", message=_OUT_OF_TIME)
        raise
    log.info("run_finished", broken=[report.name for report in broken])
    return reports


class _Reporter:
    """Passes each report on at once and keeps the run's row in step, twice a second at the most."""

    def __init__(
        self, claim: Claim, watch: Callable[[StepReport], None] | None, earlier: Mapping[str, StepReport]
    ) -> None:
        self._claim = claim
        self._watch = watch
        self._steps: dict[str, dict[str, object]] = {
            name: earlier.get(name, StepReport(name)).as_json() for name in claim.run.steps
        }
        self._written_at = float("-inf")

    def __call__(self, report: StepReport) -> None:
        self._steps[report.name] = report.as_json()
        if self._watch is not None:
            self._watch(report)
        elapsed = timezone.now().timestamp() - self._written_at
        if report.state != "running" or elapsed >= _PROGRESS_EVERY_SECONDS:
            self.flush()

    def flush(self) -> None:
        # Inside a step's transaction the row is locked by ourselves; the next report comes soon enough.
        if not connection.in_atomic_block:
            self._claim.note_progress(self._steps)
            self._written_at = timezone.now().timestamp()


@contextmanager
def _heartbeat(claim: Claim) -> Iterator[None]:
    """Renew the lease from a thread of its own while the steps work.

    A beat that the database does not take is lost alone: the lease outlasts the next ones.
    """
    stop = Event()

    def beat() -> None:
        while not stop.wait(lease().total_seconds() / 4):
            try:
                close_old_connections()
                if not claim.renew():
                    break
            except (DatabaseError, InterfaceError) as error:
                logger.warning("heartbeat_missed", run_id=claim.run.pk, error=type(error).__name__)
                connection.close()
        connection.close()

    thread = Thread(target=beat, name=f"heartbeat-{claim.run.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
