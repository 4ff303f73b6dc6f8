"""The bill as the explorer sums it: by service and record type, or its usage by region or usage type."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q

from accounts.selectors.scope import Scope
from costing.models import BilledCost, BilledSplit
from costing.selectors.explorer.facts import Facts
from costing.selectors.explorer.question import SPLITS, Dimension, Measure, Question

_PLACES = Decimal("0.0000000001")  # as Cost Explorer's amounts are stored
_OWNERS = {Dimension.TEAM: "aws_account__team__slug", Dimension.ACCOUNT: "aws_account__account_id"}


@dataclass(frozen=True, slots=True)
class BillFacts:
    """What is summed; `whole` is the bill that a split has to add up to, where the split narrows nothing."""

    facts: Facts
    whole: Facts | None = None


def bill_facts(scope: Scope, question: Question) -> BillFacts:
    """The bill's rows that `question` asks about."""
    split = next(iter(question.used & SPLITS), None)
    whole = _facts(
        BilledCost.objects.visible_to(scope.user),
        scope,
        question,
        {**_OWNERS, Dimension.SERVICE: "service", Dimension.RECORD_TYPE: "record_type"},
    )
    if split is None:
        return BillFacts(whole)
    rows = BilledSplit.objects.visible_to(scope.user).filter(_kind(question), dimension=split)
    facts = _facts(rows, scope, question, {**_OWNERS, Dimension.SERVICE: "service", split: "value"})
    return BillFacts(facts, None if split in question.filters else whole)


def why_not_split(scope: Scope, question: Question, first: date, last: date) -> str:
    """Why the bills of these accounts do not answer the question, as a sentence; empty where they do.

    A payer's bill is told by two of service, account and region (or usage type), not by all three. One query,
    and only where all three are asked for.
    """
    if not question.used & SPLITS or not question.used >= {Dimension.SERVICE, Dimension.ACCOUNT}:
        return ""
    account = question.filters.get(Dimension.ACCOUNT)
    of_members = (
        BilledSplit.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts(), day__gte=first, day__lte=last, service="", covers_members=False)
        .filter(Q(aws_account__account_id=account) if account is not None else Q())
    )
    if not of_members.exists():
        return ""
    return (
        "A payer's bill is told by two things at a time, so service, account and region (or usage type) are not "
        "known together for the accounts it pays for. Leave one of the three out."
    )


def _kind(question: Question) -> Q:
    """Which of the two ways a payer's usage is told; an account on its own has but one."""
    if Dimension.SERVICE in question.used and Dimension.ACCOUNT not in question.used:
        return ~Q(service="")
    return Q(covers_members=False)


def _facts(rows: Any, scope: Scope, question: Question, columns: dict[Dimension, str]) -> Facts:
    rows = rows.filter(aws_account__in=scope.accounts())
    for dimension, value in question.filters.items():
        if dimension in columns:
            rows = rows.filter(**{columns[dimension]: value})
    return Facts(
        rows=rows,
        columns={str(dimension): column for dimension, column in columns.items()},
        unit=None,
        amount=F("unblended_cost" if question.measure is Measure.BILLED else "amortized_cost"),
        places=_PLACES,
    )
