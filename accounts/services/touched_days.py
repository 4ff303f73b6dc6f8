"""Marks days whose facts changed, so that they, and only they, are derived again."""

from collections.abc import Iterable
from datetime import date

from django.db import connection

from accounts.models import TouchedDay
from finops.core.periods import Period


def touch_days(*, account_ids: Iterable[int], days: Iterable[date]) -> None:
    """Mark each of `days` for each account. Belongs in the transaction that changes the facts.

    A day already marked gets a higher version, so that a derive going on meanwhile does not unmark it.
    """
    wanted = sorted({(account_id, day) for account_id in account_ids for day in days})
    if not wanted:
        return
    columns = "aws_account_id, day, version"
    # One statement, for between an insert and an update a derive may remove the mark, and the touch is lost.
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {TouchedDay._meta.db_table} AS mark ({columns}) VALUES (%s, %s, 1) "  # noqa: S608, SLF001
            "ON CONFLICT (aws_account_id, day) DO UPDATE SET version = mark.version + 1",
            [(account_id, connection.ops.adapt_datefield_value(day)) for account_id, day in wanted],
        )


def touch_period(*, account_ids: Iterable[int], period: Period) -> None:
    """Mark each UTC day that `period` touches."""
    touch_days(account_ids=account_ids, days=period.days())
