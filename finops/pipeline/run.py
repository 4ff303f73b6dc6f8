"""Does the steps of a refresh in their order; one that fails leaves its state and its words, and the others go on."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from accounts.models import SourceStatus
from accounts.services.runs import LeaseLost
from accounts.services.source_status import record_failure, record_outcome
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamUnavailable
from finops.pipeline.report import StepReport
from finops.pipeline.steps import PIPELINE, Context, Step

logger = structlog.get_logger(__name__)

# What may pass by itself is tried again long before the cadence of a slow source; a sign-in when somebody may
# have made it.
_PASSES_BY_ITSELF = {Reason.UNAVAILABLE, Reason.RATE_LIMITED}
_TRIED_AGAIN_AFTER = timedelta(minutes=15)
_SIGN_IN_TRIED_AGAIN_AFTER = timedelta(hours=1)

_REGION = re.compile(r"\b[a-z]{2}(?:-[a-z]+)+-[0-9]\b")  # inside a part's name, as in "RunInstances in eu-west-1"

# Told after every part of every step: the step's name, what is done of how many parts, the latest part,
# and how the step stands ("running", "done", "failed").
Watch = Callable[[StepReport], None]


def run_steps(
    *, context: Context, steps: Iterable[str], watch: Watch, earlier: Mapping[str, StepReport] = MappingProxyType({})
) -> list[StepReport]:
    """Do `steps` in their order; a step that fails leaves its state and its words, and the others go on.

    `earlier` are the reports of an attempt before this one: what that did to its end is not done again, unless
    it builds on a step that is. Raises LeaseLost where another worker took the run over, and
    SoftTimeLimitExceeded where the time for it is up; what was done by then stays.
    """
    reports: list[StepReport] = []
    is_news = False
    for step in (PIPELINE[name] for name in PIPELINE if name in set(steps)):
        before = earlier.get(step.name)
        if before is not None and before.state == "done" and (step.stands_alone or not is_news):
            reports.append(before)
        else:
            is_news = True
            reports.append(_run_step(step, context=context, watch=watch))
    return reports


def _next_due_at(step: Step, errors: Iterable[UpstreamError], *, now: datetime) -> datetime:
    """When `step` is to be done again after `errors`: by its cadence, or sooner where that may help.

    An upstream that said when it may be asked again is not asked before, as far as the cadence goes.
    """
    due_at = now + step.cadence
    for error in errors:
        if error.reason in _PASSES_BY_ITSELF:
            due_at = min(due_at, max(now + _TRIED_AGAIN_AFTER, error.retry_at or now))
        elif error.reason is Reason.LOGIN_NEEDED:
            due_at = min(due_at, now + _SIGN_IN_TRIED_AGAIN_AFTER)
    return due_at


def _due_before(step: Step, context: Context) -> datetime | None:
    """Where only some regions were listed: when the source was due anyhow, for the others still wait for that."""
    if not (step.is_by_region and context.regions):
        return None
    statuses = SourceStatus.objects.filter(aws_account=context.account, source=step.source)
    return statuses.values_list("next_due_at", flat=True).first() or context.now


_BROKE = "This step of the refresh broke by an error of our own, not of the upstream. What it brought before stays."
_BROKE_FIX = "It is tried again by itself; where that does not help, the worker's log says why at step_failed."


def _record_failure(step: Step, error: UpstreamError, context: Context) -> None:
    record_failure(
        account=None if step.is_shared else context.account,
        source=step.source,
        error=error,
        meter=context.meter,
        now=context.now,
        next_due_at=_next_due_at(step, [error], now=context.now),
    )


def _run_step(step: Step, *, context: Context, watch: Watch) -> StepReport:
    report = StepReport(step.name, state="running")
    watch(report)

    def progress(*, done: int, total: int, part: str = "") -> None:
        report.done, report.total, report.part = done, total, part
        if region := _REGION.search(part):
            report.regions.setdefault(region[0], "done")
        watch(report)

    context.meter.reset()
    try:
        outcome = step.do(context, progress)
    except (LeaseLost, SoftTimeLimitExceeded):
        raise  # neither is this step's fault, and no other step may begin
    except UpstreamError as error:
        if error.reason is Reason.LOGIN_NEEDED:
            context.login_error = error
        _record_failure(step, error, context)
        report.state, report.message, report.fix = "failed", error.message, error.fix
    except Exception:
        # One step's fault must not keep the others from what they can do; the run is tried again.
        logger.exception("step_failed", step=step.name, account_id=context.account.account_id)
        fault = UpstreamUnavailable(_BROKE, upstream=step.source, fix=_BROKE_FIX)
        _record_failure(step, fault, context)
        report.state, report.message, report.fix = "broken", fault.message, fault.fix
    else:
        # The sandbox's grid goes by a name of its own; its state is kept where the real one's would be.
        outcome.source = step.source
        failed = outcome.failed_parts
        record_outcome(
            account=None if step.is_shared else context.account,
            outcome=outcome,
            meter=context.meter,
            now=context.now,
            next_due_at=_due_before(step, context) or _next_due_at(step, failed.values(), now=context.now),
        )
        report.state = "done" if not failed else "partly"
        report.regions |= {region[0]: "failed" for part in failed if (region := _REGION.search(part))}
        report.rows = outcome.rows_written
        report.message = "; ".join([*outcome.notes, *(f"{part}: {error.message}" for part, error in failed.items())])
        report.fix = " ".join(dict.fromkeys(error.fix for error in failed.values() if error.fix))
    watch(report)
    return report
