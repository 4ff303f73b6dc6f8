"""Derives the ledger of touched days, and only those, in pieces that fit in memory."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import transaction

from accounts.models import AwsAccount, Instance, TouchedDay
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from accounts.services.touched_days import touch_days
from costing.estimators.ledger import METHOD_VERSION, compute_ledger
from costing.models import CostSnapshot, DailyTotal
from finops.core.partitions import ensure_month_partitions
from finops.core.periods import DAY, Period, utc_day

from .account_days import add_up_days
from .facts import gather
from .store import Totals, codes_of, remove_others, store_snapshots, store_totals
from .windows import forget_windows

SOURCE = "ledger"

_DAYS_AT_ONCE = 35
_INSTANCE_DAYS_AT_ONCE = 50_000


def derive_touched_days(
    *,
    account: AwsAccount,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Derive the days of `account` whose facts changed. Running it again without new facts changes nothing.

    Where the team, or the installation, chose another power model, or our method changed, that is every day.

    Today's mark stays, so that the day is derived once more when it is over. A day touched while we work
    keeps its mark too.
    """
    method = ledger_method(account)
    if account.ledger_method != method:
        with writing():
            touch_days(account_ids=[account.pk], days=_derived_days(account))
    marks = dict(
        TouchedDay.objects.filter(aws_account=account, day__lte=utc_day(now))
        .order_by("day")
        .values_list("day", "version")
    )
    outcome = StepOutcome(SOURCE)
    spans = list(_consecutive(list(marks)))
    for done, days in enumerate(spans):
        progress(done=done, total=len(spans), part=f"{days[0]} to {days[-1]}")
        rows = derive_days(account=account, days=days, now=now, writing=writing, marks=marks)
        outcome.rows_written += rows
        outcome.parts[f"{days[0]}/{days[-1]}"] = PartOutcome(rows=rows)
    progress(done=len(spans), total=len(spans))
    if account.ledger_method != method:
        with writing():
            account.ledger_method = method
            account.save(update_fields=["ledger_method"])
    return outcome


def ledger_method(account: AwsAccount) -> str:
    """What the figures of `account` are to be derived with: the power model chosen for it, and our method."""
    return f"{power_model_of(account)}, method {METHOD_VERSION}"


def power_model_of(account: AwsAccount) -> str:
    """The team's own choice, or else the installation's."""
    return account.team.power_model or settings.POWER_MODEL


def _derived_days(account: AwsAccount) -> list[date]:
    return list(DailyTotal.objects.filter(aws_account=account).order_by("day").values_list("day", flat=True).distinct())


def derive_days(
    *,
    account: AwsAccount,
    days: Sequence[date],
    now: datetime,
    writing: Writing = transaction.atomic,
    marks: dict[date, int] | None = None,
) -> int:
    """Derive consecutive `days` for all instances of `account`; return how many rows were written.

    `marks` are the versions of the days' marks as seen before; they are removed with the last write.
    """
    power_model = power_model_of(account)
    ensure_month_partitions(CostSnapshot, days)
    instances = list(
        Instance.objects.filter(aws_account=account).seen_during(Period.of_days(days[0], days[-1])).order_by("pk")
    )
    totals = Totals()
    derived: list[npt.NDArray[np.int64]] = []
    written = 0
    size = max(1, _INSTANCE_DAYS_AT_ONCE // len(days))
    for start in range(0, len(instances), size):
        piece = gather(
            account=account, instances=instances[start : start + size], days=days, now=now, power_model=power_model
        )
        if piece is None:
            continue
        ledger = compute_ledger(piece.facts)
        totals.add(piece.keys, ledger)
        derived.append(codes_of(piece.keys))
        with writing():
            rows = store_snapshots(account_id=account.pk, keys=piece.keys, facts=piece.facts, ledger=ledger, now=now)
            if rows:
                forget_windows(account=account, changed_from=days[0], now=now)
        written += rows
    with writing():
        removed = remove_others(account_id=account.pk, days=days, derived=derived)
        if removed:
            forget_windows(account=account, changed_from=days[0], now=now)
        written += removed
        written += store_totals(account_id=account.pk, days=days, totals=totals, now=now)
        add_up_days(account_id=account.pk, days=days)
        _unmark(account, days, marks or {}, now)
    return written


def _unmark(account: AwsAccount, days: Sequence[date], marks: dict[date, int], now: datetime) -> None:
    for day in days:
        if day in marks and day < utc_day(now):
            TouchedDay.objects.filter(aws_account=account, day=day, version=marks[day]).delete()


def _consecutive(days: list[date]) -> Iterator[list[date]]:
    """Ordered days cut into runs without a gap, none longer than is good for memory."""
    run: list[date] = []
    for day in days:
        if run and (day != run[-1] + DAY or len(run) == _DAYS_AT_ONCE):
            yield run
            run = []
        run.append(day)
    if run:
        yield run
