"""Keeps how each source answered last: its state, what went wrong in words, what it cost this month."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import AwsAccount, SourceState, SourceStatus
from accounts.services.step import StepOutcome
from finops.core.upstream.errors import Reason, UpstreamError
from finops.core.upstream.meter import CallMeter

_STATES = {
    Reason.UNAVAILABLE: SourceState.UNAVAILABLE,
    Reason.RATE_LIMITED: SourceState.THROTTLED,
    Reason.LOGIN_NEEDED: SourceState.LOGIN_NEEDED,
    Reason.BAD_CREDENTIALS: SourceState.LOGIN_NEEDED,
    Reason.DENIED: SourceState.DENIED,
    Reason.NOT_ENABLED: SourceState.NOT_ENABLED,
    Reason.NOT_IN_PLAN: SourceState.NOT_ENABLED,
    Reason.SANDBOX_ANSWER: SourceState.NOT_ENABLED,
    Reason.NO_DATA: SourceState.UNAVAILABLE,
    Reason.BAD_REQUEST: SourceState.UNAVAILABLE,
    Reason.MISUNDERSTOOD: SourceState.UNAVAILABLE,
}


def state_of(error: UpstreamError) -> SourceState:
    """The state in which `error` leaves its source."""
    return _STATES[error.reason]


def record_outcome(
    *, account: AwsAccount | None, outcome: StepOutcome, meter: CallMeter, now: datetime, next_due_at: datetime
) -> SourceStatus:
    """A step ended and brought something. With some parts failed the source counts as degraded.

    `account` is None for a source that belongs to the whole installation.
    """
    failed = outcome.failed_parts
    first = next(iter(failed.values()), None)
    return _record(
        account=account,
        source=outcome.source,
        meter=meter,
        now=now,
        changes={
            "state": SourceState.DEGRADED if failed else SourceState.AVAILABLE,
            "last_success_at": now,
            "next_due_at": next_due_at,
            "last_error": _some_parts_failed(outcome)[:500],
            "fix": first.fix[:500] if first is not None else "",
            "detail": {
                name: {"state": SourceState.AVAILABLE.value, "rows": part.rows}
                if part.error is None
                else {
                    "state": state_of(part.error).value,
                    "rows": part.rows,
                    "error": part.error.message,
                    "fix": part.error.fix,
                }
                for name, part in sorted(outcome.parts.items())
            },
            "refused_values": outcome.refused_values,
        },
    )


def record_failure(
    *,
    account: AwsAccount | None,
    source: str,
    error: UpstreamError,
    meter: CallMeter,
    now: datetime,
    next_due_at: datetime,
) -> SourceStatus:
    """A step brought nothing. What an earlier one brought goes on being shown, with its age.

    A source that may answer later and has answered before counts as degraded: its figures are the earlier
    ones. It is asked again when it said it may be asked, if that is after `next_due_at`.
    """
    return _record(
        account=account,
        source=source,
        meter=meter,
        now=now,
        changes={
            "state": state_of(error),
            "next_due_at": max(next_due_at, error.retry_at or next_due_at),
            "last_error": error.message[:500],
            "fix": error.fix[:500],
        },
    )


def _record(
    *, account: AwsAccount | None, source: str, meter: CallMeter, now: datetime, changes: dict[str, Any]
) -> SourceStatus:
    month = date(now.year, now.month, 1)
    with transaction.atomic():
        # Two workers may end at once with a source of the installation.
        SourceStatus.objects.bulk_create([SourceStatus(aws_account=account, source=source)], ignore_conflicts=True)
        status = SourceStatus.objects.select_for_update().get(aws_account=account, source=source)
        if changes["state"] == SourceState.UNAVAILABLE and status.last_success_at is not None:
            changes["state"] = SourceState.DEGRADED
        if status.month != month:
            status.month, status.calls, status.cost_usd = month, 0, Decimal(0)
        for name, value in {"last_attempt_at": now, **changes}.items():
            setattr(status, name, value)
        status.calls += meter.total_calls
        status.cost_usd += meter.cost_usd
        status.save()
    return status


def _some_parts_failed(outcome: StepOutcome) -> str:
    """In one sentence which parts failed and why; empty where none did."""
    by_message: dict[str, list[str]] = {}
    for part, error in sorted(outcome.failed_parts.items()):
        by_message.setdefault(error.message, []).append(part)
    return " ".join(f"{', '.join(parts)}: {message}" for message, parts in by_message.items())
