"""Marks days whose facts changed, so that they, and only they, are derived again."""

from collections.abc import Iterable
from datetime import date

from django.db.models import F

from accounts.models import TouchedDay
from finops.core.periods import Period


def touch_days(*, account_ids: Iterable[int], days: Iterable[date]) -> None:
    """Mark each of `days` for each account. Belongs in the transaction that changes the facts.

    A day already marked gets a higher version, so that a derive going on meanwhile does not unmark it.
    """
    wanted = sorted({(account_id, day) for account_id in account_ids for day in days})
    if not wanted:
        return
    TouchedDay.objects.bulk_create(
        [TouchedDay(aws_account_id=account_id, day=day) for account_id, day in wanted],
        ignore_conflicts=True,
    )
    for account_id in sorted({account_id for account_id, _ in wanted}):
        TouchedDay.objects.filter(
            aws_account_id=account_id, day__in=[day for a, day in wanted if a == account_id]
        ).update(version=F("version") + 1)


def touch_period(*, account_ids: Iterable[int], period: Period) -> None:
    """Mark each UTC day that `period` touches."""
    touch_days(account_ids=account_ids, days=period.days())
