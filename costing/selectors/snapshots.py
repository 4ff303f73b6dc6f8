"""The ledger's days as a list."""

from dataclasses import dataclass
from datetime import date, datetime

from accounts.selectors.scope import Scope
from costing.estimators.comparison import last_complete_day
from costing.estimators.window import LEDGER_LAG
from costing.models import CostSnapshot
from finops.core.periods import Period


@dataclass(frozen=True, slots=True)
class SnapshotPage:
    """Some days of the ledger, by day and instance, and how many there are in all."""

    snapshots: list[CostSnapshot]
    count: int
    last_complete_day: date


def snapshot_page(
    scope: Scope,
    *,
    days: tuple[date, date],
    account: str,
    instance: int | None,
    page: int,
    page_size: int,
    now: datetime,
) -> SnapshotPage:
    """The ledger of `scope` from the first to the last of `days`, both included; two queries."""
    snapshots = (
        CostSnapshot.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .during(Period.of_days(*days))
        .order_by("day", "instance_id")
    )
    if account:
        snapshots = snapshots.filter(aws_account__in=scope.accounts().filter(account_id=account))
    if instance is not None:
        snapshots = snapshots.filter(instance=instance)
    start = (page - 1) * page_size
    return SnapshotPage(
        snapshots=list(snapshots[start : start + page_size]),
        count=snapshots.count(),
        last_complete_day=last_complete_day(now=now, lag=LEDGER_LAG),
    )
