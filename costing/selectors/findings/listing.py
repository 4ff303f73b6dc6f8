"""The findings in scope, as the page and the API list them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, Value, When

from accounts.models import AwsAccount, User
from accounts.selectors.health import DataHealth, data_health
from accounts.selectors.scope import Scope
from costing.estimators.findings import RULES, Severity
from costing.models import Evaluation, Finding, FindingState

_RANK = Case(
    *(When(severity=severity, then=Value(place)) for place, severity in enumerate(Severity)),
    default=Value(len(Severity)),
    output_field=IntegerField(),
)
ANY = "any"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of the list."""

    state: str = FindingState.OPEN
    severity: str = ""
    side: str = ""
    rule: str = ""
    account: str = ""
    page: int = 1
    size: int = 50


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the rules could look: never is nothing found the same as nothing looked at."""

    accounts: int
    accounts_evaluated: int
    things: int
    undecided: int
    evaluated_at: datetime | None  # the account that waits longest


@dataclass(frozen=True, slots=True)
class FindingList:
    """One page of findings, with how many there are in each state."""

    scope: Scope
    wanted: Wanted
    lines: tuple[Finding, ...]
    count: int
    by_state: Mapping[str, int]
    coverage: Coverage
    operable: frozenset[int]  # accounts whose findings the reader may decide on
    accounts: tuple[tuple[str, str], ...]
    health: DataHealth

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.count // self.wanted.size))


def findings_in(scope: Scope) -> Any:
    """All findings of the accounts in scope."""
    return Finding.objects.visible_to(scope.user).filter(aws_account__in=scope.accounts())


def in_state(findings: Any, state: str, *, now: datetime) -> Any:
    """Those in `state`. What was put off until an instant that has come waits for somebody again."""
    if state == ANY:
        return findings
    if state == FindingState.OPEN:
        return findings.open_at(now)
    if state == FindingState.SNOOZED:
        return findings.filter(state=state, snoozed_until__gt=now)
    return findings.filter(state=state)


def finding_list(scope: Scope, wanted: Wanted, *, now: datetime) -> FindingList:
    """The most severe first, then what costs most, then the oldest; its queries do not grow with the rows."""
    health = data_health(scope, now=now)
    everything = findings_in(scope)
    narrowed = everything
    for name, value in (
        ("severity", wanted.severity),
        ("side", wanted.side),
        ("rule", wanted.rule),
        ("aws_account__account_id", wanted.account),
    ):
        if value:
            narrowed = narrowed.filter(**{name: value})
    rows = in_state(narrowed, wanted.state, now=now)
    ordered = rows.annotate(rank=_RANK).order_by("rank", F("usd_per_month").desc(nulls_last=True), "found_at", "pk")
    start = (wanted.page - 1) * wanted.size
    lines = ordered.select_related("aws_account__team", "instance", "resource", "decided_by")
    return FindingList(
        scope=scope,
        wanted=wanted,
        lines=tuple(lines[start : start + wanted.size]),
        count=rows.count(),
        by_state=_by_state(narrowed, now),
        coverage=coverage_of(scope),
        operable=frozenset(AwsAccount.objects.operable_by(scope.user).values_list("pk", flat=True)),
        accounts=tuple((each.aws_account_id, each.name) for each in health.accounts if each.account_id is not None),
        health=health,
    )


def _by_state(findings: Any, now: datetime) -> dict[str, int]:
    is_due = Q(state=FindingState.SNOOZED, snoozed_until__lte=now)
    shown = Case(When(is_due, then=Value(FindingState.OPEN.value)), default=F("state"))
    rows = findings.order_by().annotate(shown=shown).values_list("shown").annotate(rows=Count("pk"))
    counts = dict(rows)
    return {state.value: counts.get(state.value, 0) for state in FindingState}


def coverage_of(scope: Scope) -> Coverage:
    """How many accounts and things the rules looked at; two queries."""
    evaluations = list(Evaluation.objects.visible_to(scope.user).filter(aws_account__in=scope.accounts()))
    return Coverage(
        accounts=scope.accounts().count(),
        accounts_evaluated=len(evaluations),
        things=sum(each.things for each in evaluations),
        undecided=sum(each.undecided for each in evaluations),
        evaluated_at=min((each.evaluated_at for each in evaluations), default=None),
    )


def findings_of_instance(user: User, instance_pk: int) -> tuple[Finding, ...]:
    """What the rules found in an instance that `user` may see, the latest first."""
    rows = Finding.objects.visible_to(user).filter(instance=instance_pk).select_related("decided_by")
    return tuple(rows.order_by("-found_at", "pk"))


def finding_of(user: User, *, pk: int) -> Finding | None:
    """The finding with that key, where `user` may see it."""
    rows = Finding.objects.visible_to(user).select_related("aws_account__team", "instance", "resource")
    return rows.filter(pk=pk).first()


def operable_finding(user: User, *, pk: int) -> Finding | None:
    """The same, where `user` may decide on it."""
    rows = Finding.objects.operable_by(user).select_related("aws_account__team", "instance", "resource")
    return rows.filter(pk=pk).first()


def rule_choices() -> list[tuple[str, str]]:
    """Every rule with its words, in their order."""
    return [(rule.key, f"{rule.label} ({rule.kind.replace('_', ' ')})") for rule in RULES]
