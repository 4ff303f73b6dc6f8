"""Adds up the ledger by instance over the windows that pages offer, so that no page reads a row a day."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, IntegerField, Value, When

from accounts.models import AwsAccount, Instance
from accounts.services.step import Writing
from costing.estimators.comparison import last_complete_day
from costing.estimators.window import LEDGER_LAG
from costing.models import WINDOWS, CostSnapshot, WindowStand, WindowTotal
from costing.selectors.totals import WINDOW_COLUMNS, snapshot_sums
from finops.core.bulk import upsert
from finops.core.periods import DAY, Period

_INSTANCES_AT_ONCE = 5000
_KEY = ("instance_id", "days", "cost_grade", "carbon_grade")


def add_up_windows(*, account: AwsAccount, now: datetime, writing: Writing = transaction.atomic) -> int:
    """Write the window totals of `account` anew, up to the last complete day; return rows written.

    Nothing is done where they go that far already and no complete day was derived since.
    """
    last = last_complete_day(now=now, lag=LEDGER_LAG)
    if WindowStand.objects.filter(aws_account=account, last_day=last).exists():
        return 0
    written = 0
    with writing():
        WindowTotal.objects.filter(instance__in=Instance.objects.filter(aws_account=account)).delete()
        for first, until in _pieces(account):
            written += upsert(
                WindowTotal,
                _rows(account, first, until, last=last),
                columns=(*_KEY, *WINDOW_COLUMNS.values()),
                key=_KEY,
            )
        WindowStand.objects.update_or_create(aws_account=account, defaults={"last_day": last})
    return written


def forget_windows(*, account: AwsAccount, changed_from: date, now: datetime) -> None:
    """Let nobody read the window totals of `account` until they are added up again, where they hold changed days.

    Belongs in the transaction that changes its ledger.
    """
    if changed_from > last_complete_day(now=now, lag=LEDGER_LAG):
        return
    WindowStand.objects.filter(aws_account=account).delete()


def _pieces(account: AwsAccount) -> Iterator[tuple[int, int]]:
    """The first and the last key of so many instances each."""
    keys = list(Instance.objects.filter(aws_account=account).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), _INSTANCES_AT_ONCE):
        piece = keys[start : start + _INSTANCES_AT_ONCE]
        yield piece[0], piece[-1]


def _rows(account: AwsAccount, first: int, until: int, *, last: date) -> Iterator[tuple[Any, ...]]:
    """A row an instance, window and pair of grades, and one an instance and window of all grades together.

    The ledger is read once: by stretches of which each window has one more than the shorter ones.
    """
    snapshots = CostSnapshot.objects.filter(aws_account=account, instance_id__gte=first, instance_id__lte=until).during(
        Period.of_days(last - (max(WINDOWS) - 1) * DAY, last)
    )
    stretch = Case(
        *(When(day__gt=last - days * DAY, then=Value(days)) for days in sorted(WINDOWS)), output_field=IntegerField()
    )
    totals: dict[tuple[int, int, str, str], list[Any]] = {}
    for sums in snapshot_sums(snapshots.annotate(stretch=stretch), "instance_id", "stretch"):
        values = [sums[name] for name in WINDOW_COLUMNS]
        for days in WINDOWS:
            if days >= sums["stretch"]:
                for grades in ((sums["cost_grade"], sums["carbon_grade"]), ("", "")):
                    key = (sums["instance_id"], days, *grades)
                    totals[key] = _added(totals[key], values) if key in totals else values
    for key in sorted(totals):
        yield (*key, *totals[key])


def _added(some: list[Any], more: list[Any]) -> list[Any]:
    """Sums of sums; what nobody knows adds nothing."""
    return [b if a is None else a if b is None else a + b for a, b in zip(some, more, strict=True)]
