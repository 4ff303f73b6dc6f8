"""Holds an account's instances and resources against the rules and keeps what was found."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import AwsAccount
from accounts.services.step import Progress, StepOutcome, Writing, no_progress
from costing.estimators.findings import BY_KEY, Verdict
from costing.models import Evaluation, Finding, FindingState
from costing.selectors.findings.estate import estate_of
from costing.selectors.findings.evidence import evidence_of
from costing.selectors.findings.judgement import Found, judge
from costing.selectors.findings.limits import Limit, limits_in_force, set_limits
from costing.selectors.findings.stake import Stake, stake_of, stakes

SOURCE = "findings"
_FACTS = (
    "side", "severity", "since_at", "found_at", "evaluated_at", "resolved_at", "evidence",
    "usd_per_month", "gco2e_per_month", "stake_reason", "state", "snoozed_until",
)  # fmt: skip
_AT_ONCE = 500

Key = tuple[int | None, int | None, str]  # instance, resource, rule


def evaluate_findings(
    *,
    account: AwsAccount,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Look at everything once, with the limits in force; the number of queries does not grow with the account.

    What a rule no longer finds is resolved by itself, but only where the rule could say something: what lacks
    samples stays as it was. What is gone is resolved too. Running it twice with the same `now` changes nothing.
    """
    progress(done=0, total=1, part="rules")
    estate = estate_of(account, now=now)
    limits = limits_in_force(account, set_limits())
    judged = judge(estate, {key: limit.value for key, limit in limits.items()})
    known = stakes(
        found.things.rows[one.row].pk
        for found in judged
        if found.things.kind is ResourceKind.EC2_INSTANCE
        for one in found.standing
    )
    outcome = StepOutcome(source=SOURCE)
    with writing():
        outcome.rows_written = _store(account, judged, limits, known, now)
        counts = _counts(judged)
        Evaluation.objects.update_or_create(
            aws_account=account,
            defaults={
                "evaluated_at": now,
                "counts": counts,
                "undecided": sum(found.undecided for found in judged),
                "things": sum(len(found.things.rows) for found in judged),
            },
        )
    outcome.rows_read = sum(len(found.things.rows) for found in judged)
    if undecided := sum(found.undecided for found in judged):
        outcome.notes.append(f"Not enough data to say anything of {undecided} of {outcome.rows_read} resources.")
    progress(done=1, total=1, part="rules")
    return outcome


def _counts(judged: Iterable[Found]) -> dict[str, dict[str, int]]:
    counts = {}
    for found in judged:
        for rule, told in found.verdicts.items():
            counts[rule] = {
                "judged": int(told.is_judged.sum()),
                "found": sum(one.rule == rule for one in found.standing),
                "not_enough_data": int((~told.is_judged).sum()),
            }
    return counts


def _store(
    account: AwsAccount, judged: list[Found], limits: dict[str, Limit], known: dict[int, Stake], now: datetime
) -> int:
    stored: dict[Key, Finding] = {
        (row.instance_id, row.resource_id, row.rule): row for row in Finding.objects.filter(aws_account=account)
    }
    undecided: set[Key] = set()
    new: list[Finding] = []
    changed: list[Finding] = []
    holds: set[Key] = set()
    for found in judged:
        undecided |= _undecided(found)
        for verdict in found.standing:
            key = _key(found, verdict.row, verdict.rule)
            holds.add(key)
            row = stored.get(key)
            is_new = row is None
            row = row or Finding(aws_account=account, instance_id=key[0], resource_id=key[1], rule=key[2])
            before = _told(row)
            stake = stake_of(verdict.rule, instance_id=key[0], known=known)
            _tell(row, found, verdict, limits, stake=stake, now=now, is_new=is_new)
            if is_new:
                new.append(row)
            elif _told(row) != before:
                changed.append(row)
    for key, row in stored.items():
        if key not in holds and key not in undecided and row.resolved_at is None:
            row.resolved_at = row.evaluated_at = now
            if row.state != FindingState.DISMISSED:
                row.state, row.snoozed_until = FindingState.RESOLVED, None
            changed.append(row)
    Finding.objects.bulk_create(new, batch_size=_AT_ONCE)
    Finding.objects.bulk_update(changed, _FACTS, batch_size=_AT_ONCE)
    return len(new) + len(changed)


def _tell(
    row: Finding,
    found: Found,
    verdict: Verdict,
    limits: dict[str, Limit],
    *,
    stake: Stake,
    now: datetime,
    is_new: bool,
) -> None:
    rule = BY_KEY[verdict.rule]
    since = _since(found, verdict)
    if is_new or row.resolved_at is not None:
        row.found_at, row.since_at = now, since
        if row.state != FindingState.DISMISSED:
            row.state, row.snoozed_until = FindingState.OPEN, None
    elif row.since_at is not None and since is not None:
        row.since_at = min(row.since_at, since)  # the series moves on, what it began with does not
    row.side, row.severity, row.resolved_at, row.evaluated_at = rule.side, rule.severity, None, now
    row.evidence = evidence_of(verdict, found.things, limits)
    row.usd_per_month, row.gco2e_per_month, row.stake_reason = stake.usd, stake.gco2e, stake.reason


def _since(found: Found, verdict: Verdict) -> datetime | None:
    if found.things.kind in {ResourceKind.EBS_VOLUME, ResourceKind.ELASTIC_IP}:
        since: datetime = found.things.rows[verdict.row].state_since_at
        return since
    if found.things.kind is ResourceKind.EBS_SNAPSHOT:
        made: datetime | None = found.things.rows[verdict.row].created_at
        return made
    return found.things.hour(verdict.since_hour)


def _undecided(found: Found) -> set[Key]:
    return {
        _key(found, int(row), rule) for rule, told in found.verdicts.items() for row in (~told.is_judged).nonzero()[0]
    }


def _key(found: Found, row: int, rule: str) -> Key:
    pk = found.things.rows[row].pk
    return (pk, None, rule) if found.things.kind is ResourceKind.EC2_INSTANCE else (None, pk, rule)


def _told(row: Finding) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _FACTS)
