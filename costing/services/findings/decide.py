"""What people make of a finding: accept it, dismiss it with a reason, put it off, or open it again."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.services.audit import Actor, record
from accounts.services.refusal import Refused
from costing.models import Finding, FindingState

_LONGEST_SNOOZE = timedelta(days=366)
_DECIDED = ("state", "reason", "snoozed_until")


def accept(*, finding: Finding, actor: Actor, now: datetime) -> None:
    """Somebody will do something about it."""
    _decide(finding, actor, now, state=FindingState.ACCEPTED)


def dismiss(*, finding: Finding, reason: str, actor: Actor, now: datetime) -> None:
    """It is meant to be so, for `reason`; it stays dismissed until somebody opens it again."""
    if not reason.strip():
        raise Refused("Say why it is dismissed, for whoever looks at it next.", field="reason")
    _decide(finding, actor, now, state=FindingState.DISMISSED, reason=reason.strip()[:300])


def snooze(*, finding: Finding, until: datetime, actor: Actor, now: datetime) -> None:
    """Nobody is asked about it until then."""
    if not now < until <= now + _LONGEST_SNOOZE:
        raise Refused("Snooze a finding until a day to come, a year from now at most.", field="until")
    _decide(finding, actor, now, state=FindingState.SNOOZED, snoozed_until=until)


def reopen(*, finding: Finding, actor: Actor, now: datetime) -> None:
    """It waits for somebody again."""
    _decide(finding, actor, now, state=FindingState.OPEN)


@transaction.atomic
def _decide(
    finding: Finding,
    actor: Actor,
    now: datetime,
    *,
    state: FindingState,
    reason: str = "",
    snoozed_until: datetime | None = None,
) -> None:
    """Write it down, once: deciding the same twice changes nothing. What is resolved already takes no decision."""
    row = (
        Finding.objects.select_for_update(of=("self",))
        .select_related("aws_account__team", "instance", "resource")
        .get(pk=finding.pk)
    )
    if row.resolved_at is not None and state is not FindingState.OPEN:
        raise Refused("This finding was resolved by itself meanwhile; there is nothing to decide.")
    if row.resolved_at is not None:
        state = FindingState.RESOLVED  # a dismissal taken back; the rule does not find it now
    before = _decision(row)
    row.state, row.reason, row.snoozed_until = state, reason, snoozed_until
    if _decision(row) == before:
        return
    row.decided_by, row.decided_at = actor.user, now
    row.save(update_fields=[*_DECIDED, "decided_by", "decided_at"])
    record(
        actor=actor,
        action=f"finding.{'reopened' if state in {FindingState.OPEN, FindingState.RESOLVED} else state.value}",
        target=row,
        team=row.aws_account.team,
        now=now,
        before=before,
        after=_decision(row),
    )


def _decision(row: Finding) -> dict[str, Any]:
    until = row.snoozed_until.isoformat() if row.snoozed_until else None
    return {"state": str(row.state), "reason": row.reason, "snoozed_until": until}
