"""The ledger's days as a list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from accounts.selectors.scope import Scope
from costing.models import CostSnapshot
from costing.models.cost_snapshot import CostSnapshotQuerySet
from finops.core.pages import Order, Page, Position, page_of
from finops.core.periods import Period

_ORDER = (Order("day"), Order("instance_id"))


@dataclass(frozen=True, slots=True)
class SnapshotPage:
    """Some days of the ledger, by day and instance, and how many there are in all."""

    page: Page[CostSnapshot]
    count: int


def snapshot_page(
    scope: Scope,
    *,
    days: tuple[date, date],
    account: str,
    instance: int | None,
    position: Position,
) -> SnapshotPage:
    """The ledger of `scope` from the first to the last of `days`, both included; two queries."""
    snapshots = _snapshots(scope, days=days, account=account, instance=instance)
    return SnapshotPage(
        page=page_of(snapshots, _ORDER, position),
        count=snapshots.count(),
    )


def all_snapshots(
    scope: Scope, *, days: tuple[date, date], account: str, instance: int | None
) -> Iterator[CostSnapshot]:
    """The same days in the same order, read as they are asked for."""
    return _snapshots(scope, days=days, account=account, instance=instance).iterator(chunk_size=1000)


def _snapshots(scope: Scope, *, days: tuple[date, date], account: str, instance: int | None) -> CostSnapshotQuerySet:
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
    return snapshots
