"""Adds up a team's bills by service and by account, for what sums months of them at once."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth

from accounts.models import AwsAccount, Team
from costing.models import BilledCost, BilledMonth, BilledStand, BilledTotal
from costing.models.billed_cost import BilledCostQuerySet
from finops.core.periods import DAY

_PLACES = Decimal("0.0000000001")  # SQLite sums money as binary fractions
_ROWS_AT_ONCE = 5000


def add_up_bills(*, team_id: int, days: Collection[date]) -> None:
    """Write the totals of `days` anew from BilledCost; of all days where an account has left the team since.

    Belongs in the transaction that changes BilledCost. Two refreshes of one team wait for each other here: each
    has to see what the other wrote.
    """
    Team.objects.select_for_update().get(pk=team_id)
    accounts = sorted(
        AwsAccount.objects.filter(team_id=team_id, removal_requested_at=None).values_list("pk", flat=True)
    )
    stand = BilledStand.objects.filter(team_id=team_id).first()
    bills = BilledCost.objects.filter(aws_account__in=accounts).order_by()
    totals = BilledTotal.objects.filter(team_id=team_id)
    months = BilledMonth.objects.filter(aws_account__in=accounts)
    bills_of_months = bills
    if stand is not None and set(stand.account_ids) <= set(accounts):
        bills, totals = bills.filter(day__in=days), totals.filter(day__in=days)
        touched = sorted({day.replace(day=1) for day in days})
        months = months.filter(day__in=touched)
        of_touched = (Q(day__gte=first, day__lt=(first + 31 * DAY).replace(day=1)) for first in touched)
        bills_of_months = bills_of_months.filter(reduce(or_, of_touched, Q(pk__in=[])))
    totals.delete()
    months.delete()
    sums: dict[str, Any] = {"unblended": Sum("unblended_cost"), "amortized": Sum("amortized_cost")}
    _add_up_months(bills_of_months, sums)
    for keys in (("day", "currency", "service", "record_type"), ("day", "currency", "aws_account_id")):
        rows = bills.values(*keys).annotate(**sums)
        BilledTotal.objects.bulk_create(
            (
                BilledTotal(
                    team_id=team_id,
                    unblended_cost=row["unblended"].quantize(_PLACES),
                    amortized_cost=row["amortized"].quantize(_PLACES),
                    **{key: row[key] for key in keys},
                )
                for row in rows.iterator(chunk_size=_ROWS_AT_ONCE)
            ),
            batch_size=_ROWS_AT_ONCE,
        )
    if stand is None or stand.account_ids != accounts:
        BilledStand.objects.update_or_create(team_id=team_id, defaults={"account_ids": accounts})


def _add_up_months(bills: BilledCostQuerySet, sums: dict[str, Any]) -> None:
    keys = ("aws_account_id", "service", "record_type", "currency")
    rows = bills.annotate(month=TruncMonth("day")).values("month", *keys).annotate(**sums)
    BilledMonth.objects.bulk_create(
        (
            BilledMonth(
                day=row["month"],
                unblended_cost=row["unblended"].quantize(_PLACES),
                amortized_cost=row["amortized"].quantize(_PLACES),
                **{key: row[key] for key in keys},
            )
            for row in rows.iterator(chunk_size=_ROWS_AT_ONCE)
        ),
        batch_size=_ROWS_AT_ONCE,
    )
