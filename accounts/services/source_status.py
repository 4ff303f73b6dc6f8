"""Keeps how each source answered last: its state, what went wrong in words, what it cost this month."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import AwsAccount, SourceState, SourceStatus
from accounts.services.step import StepOutcome
from finops.core.periods import DAY
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected, UpstreamUnavailable
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

# Degraded is what became of a source that is unavailable or answered in part.
_REASONS = {
    SourceState.THROTTLED: Reason.RATE_LIMITED,
    SourceState.LOGIN_NEEDED: Reason.LOGIN_NEEDED,
    SourceState.DENIED: Reason.DENIED,
    SourceState.NOT_ENABLED: Reason.NOT_ENABLED,
}


def state_of(error: UpstreamError) -> SourceState:
    """The state in which `error` leaves its source."""
    return _STATES[error.reason]


def error_of(status: SourceStatus, message: str) -> UpstreamError | None:
    """The error that left `status` as it is, in the words of `message`, for what rests on the same answer.

    None where the source answered, or nobody asked it yet.
    """
    if not status.last_error or status.state in {SourceState.AVAILABLE, SourceState.NEVER}:
        return None
    reason = _REASONS.get(SourceState(status.state), Reason.UNAVAILABLE)
    may_pass = reason in {Reason.UNAVAILABLE, Reason.RATE_LIMITED}
    kind = UpstreamUnavailable if may_pass else UpstreamRejected
    return kind(message, upstream=status.source, reason=reason, fix=status.fix)


def record_outcome(
    *, account: AwsAccount | None, outcome: StepOutcome, meter: CallMeter, now: datetime, next_due_at: datetime
) -> SourceStatus:
    """A step ended and brought something. With some parts failed the source counts as degraded.

    `account` is None for a source that belongs to the whole installation. Each account asks such a source for
    the parts it needs: what the others last heard of theirs stays, and a step that asked for nothing says
    nothing about the source.
    """

    def changes(status: SourceStatus) -> dict[str, Any]:
        if account is None and not outcome.parts:
            return {"next_due_at": next_due_at}
        detail = _detail(outcome)
        if account is None:
            asked_at = {"asked_at": now.isoformat()}
            detail = _still_wanted(status.detail, now) | {name: part | asked_at for name, part in detail.items()}
        failed = {name: part for name, part in sorted(detail.items()) if "error" in part}
        return {
            "state": SourceState.DEGRADED if failed else SourceState.AVAILABLE,
            "last_success_at": now,
            "next_due_at": next_due_at,
            "last_error": _some_parts_failed(failed, of=None if account else len(detail))[:500],
            "fix": next((part["fix"][:500] for part in failed.values()), ""),
            "detail": detail,
            "refused_values": outcome.refused_values,
        }

    return _record(account=account, source=outcome.source, meter=meter, now=now, changes=changes)


def _detail(outcome: StepOutcome) -> dict[str, dict[str, Any]]:
    return {
        name: {"state": SourceState.AVAILABLE.value, "rows": part.rows}
        if part.error is None
        else {
            "state": state_of(part.error).value,
            "rows": part.rows,
            "error": part.error.message,
            "fix": part.error.fix,
        }
        for name, part in sorted(outcome.parts.items())
    }


def _still_wanted(detail: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The parts asked for in the last day. One that fails is asked for again each hour, as long as it is wanted."""
    since = (now - DAY).isoformat()
    return {name: part for name, part in detail.items() if part.get("asked_at", "") >= since}


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
        changes=lambda _: {
            "state": state_of(error),
            "next_due_at": max(next_due_at, error.retry_at or next_due_at),
            "last_error": error.message[:500],
            "fix": error.fix[:500],
        },
    )


def ask_at_once(*, account: AwsAccount, source: str, now: datetime) -> None:
    """Make `source` due for `account`, for there is news in it; the next tick asks.

    A source that does not answer, or not to us, is left to be due when it was going to be: news do not mend that.
    """
    answering = SourceStatus.objects.filter(state__in=[SourceState.AVAILABLE, SourceState.DEGRADED])
    answering.filter(aws_account=account, source=source, next_due_at__gt=now).update(next_due_at=now)


def _record(
    *,
    account: AwsAccount | None,
    source: str,
    meter: CallMeter,
    now: datetime,
    changes: Callable[[SourceStatus], dict[str, Any]],
) -> SourceStatus:
    month = date(now.year, now.month, 1)
    with transaction.atomic():
        # Two workers may end at once with a source of the installation.
        SourceStatus.objects.bulk_create([SourceStatus(aws_account=account, source=source)], ignore_conflicts=True)
        status = SourceStatus.objects.select_for_update().get(aws_account=account, source=source)
        changed = changes(status)
        if changed.get("state") == SourceState.UNAVAILABLE and status.last_success_at is not None:
            changed["state"] = SourceState.DEGRADED
        if status.month != month:
            status.month, status.calls, status.cost_usd = month, 0, Decimal(0)
        for name, value in {"last_attempt_at": now, **changed}.items():
            setattr(status, name, value)
        status.calls += meter.total_calls
        status.cost_usd += meter.cost_usd
        status.save()
    return status


def _some_parts_failed(failed: dict[str, dict[str, Any]], *, of: int | None) -> str:
    """In one sentence which parts failed and why; empty where none did.

    `of` is how many parts a shared source has: they are counted there and not named, for a zone or a type
    may be another team's, and everybody reads the sentence.
    """
    by_message: dict[str, list[str]] = {}
    for name, part in failed.items():
        by_message.setdefault(part["error"], []).append(name)
    return " ".join(
        f"{', '.join(names) if of is None else f'{len(names)} of {of} parts'}: {message}"
        for message, names in by_message.items()
    )
