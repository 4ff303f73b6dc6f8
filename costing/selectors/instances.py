"""The instances in scope, filtered, sorted and cut into pages, with totals that equal the filter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import FilteredRelation, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast

from accounts.models import Instance
from accounts.models.instance import InstanceQuerySet
from accounts.selectors.aws_accounts import account_rows
from accounts.selectors.health import DataHealth, data_health
from accounts.selectors.scope import Scope
from costing.estimators.window import Window
from costing.models import CostSnapshot
from costing.models.cost_snapshot import CostSnapshotQuerySet
from costing.selectors.amounts import Amounts, amounts_of
from costing.selectors.emptiness import Emptiness, why_empty
from costing.selectors.figures import Basis, Figures, basis_for, figures_of
from costing.selectors.totals import Totals, daily_sums, grouped, snapshot_sums, total
from finops.core.pages import Order, Page, Position, page_of

GONE = "gone"

# A word of the address → what the rows are sorted by; the key breaks every tie.
_BY_COLUMN = {
    "name": "name",
    "instance_id": "instance_id",
    "type": "instance_type",
    "region": "region",
    "account": "aws_account__name",
    "state": "state",
    "launched": "launched_at",
}
_BY_SUM = {
    "cost": "list_cost_usd",
    "energy": "energy_kwh",
    "operational": "operational_gco2e",
    "embodied": "embodied_gco2e",
    "running": "running_hours",
}
ORDERINGS = tuple(f"{sign}{word}" for word in (*_BY_COLUMN, *_BY_SUM) for sign in ("", "-"))
DEFAULT_ORDERING = "-cost"
_AT_ONCE = 500
_MOST_INSTANCES = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of the list."""

    search: str = ""
    account: str = ""  # the 12-digit id
    region: str = ""
    instance_type: str = ""
    state: str = ""
    ordering: str = DEFAULT_ORDERING
    position: Position = Position()  # noqa: RUF009 (frozen)

    @property
    def narrows_nothing(self) -> bool:
        """Whether the whole scope is asked for."""
        return not (self.search or self.account or self.region or self.instance_type or self.state)


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """One instance with its sums over the complete days."""

    id: int
    instance_id: str
    name: str
    account_pk: int
    account_id: str
    account_name: str
    region: str
    instance_type: str
    state: str  # "gone" where a complete inventory had it no more
    lifecycle: str
    launched_at: datetime | None
    gone_at: datetime | None
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: values that occur in the scope."""

    accounts: tuple[tuple[str, str], ...]
    regions: tuple[str, ...]
    types: tuple[str, ...]
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstanceList:
    """One page of the list, and the figures of everything that the filter lets through."""

    scope: Scope
    window: Window
    wanted: Wanted
    currency: str
    lines: tuple[InstanceLine, ...]
    page: Page[dict[str, Any]]
    count: int
    figures: Figures
    choices: Choices
    health: DataHealth
    emptiness: Emptiness | None
    is_simulated: bool

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.count // self.wanted.position.size))


def instance_list(scope: Scope, window: Window, wanted: Wanted) -> InstanceList:
    """The page that `wanted` asks for; empty beyond the last one. Queries do not grow with instances or days."""
    health = data_health(scope, now=window.now)
    basis = basis_for(scope, window, health=health)
    matching = _matching(scope, window, wanted)
    count = matching.count()
    # The keys first: sorting by a sum groups the whole list, and whole rows would be carried along.
    page = page_of(*_ordered(matching, window, wanted.ordering), wanted.position)
    return InstanceList(
        scope=scope,
        window=window,
        wanted=wanted,
        currency=basis.currency,
        lines=tuple(_lines(scope, window, basis, [row["pk"] for row in page.rows])),
        page=page,
        count=count,
        figures=figures_of(_total(scope, window, wanted, matching), basis),
        choices=_choices(scope),
        health=health,
        emptiness=None if count else _why_empty(scope, wanted, health),
        is_simulated=basis.is_simulated,
    )


def all_instances(scope: Scope, window: Window, wanted: Wanted) -> tuple[Basis, Iterator[InstanceLine]]:
    """Every line of the list in its order, read as they are asked for, and what their numbers are made of."""
    basis = basis_for(scope, window, health=data_health(scope, now=window.now))
    queryset, order = _ordered(_matching(scope, window, wanted), window, wanted.ordering)
    keys = [row["pk"] for row in page_of(queryset, order, Position(size=_MOST_INSTANCES)).rows]
    pieces = (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
    return basis, (line for piece in pieces for line in _lines(scope, window, basis, piece))


def _lines(scope: Scope, window: Window, basis: Basis, keys: list[int]) -> Iterator[InstanceLine]:
    """The instances with these keys and their sums, in the order of the keys; two queries."""
    found = scope.instances().select_related("aws_account").in_bulk(keys)
    sums = grouped(snapshot_sums(_ledger(scope, window).filter(instance__in=keys), "instance_id"), "instance_id")
    for instance in (found[key] for key in keys if key in found):
        yield InstanceLine(
            id=instance.pk,
            instance_id=instance.instance_id,
            name=instance.name,
            account_pk=instance.aws_account_id,
            account_id=instance.aws_account.account_id,
            account_name=instance.aws_account.name,
            region=instance.region,
            instance_type=instance.instance_type,
            state=state_of(instance, now=window.now),
            lifecycle=instance.lifecycle,
            launched_at=instance.launched_at,
            gone_at=instance.gone_at,
            amounts=amounts_of(sums.get((instance.pk,)) or total([]), basis),
        )


def state_of(instance: Instance, *, now: datetime) -> str:
    """The instance's state in AWS's word, or "gone"."""
    return GONE if instance.is_gone(at=now) else instance.state


def _matching(scope: Scope, window: Window, wanted: Wanted) -> InstanceQuerySet:
    instances = scope.instances().seen_during(window.period)
    if wanted.search:
        instances = instances.filter(
            Q(name__icontains=wanted.search)
            | Q(instance_id__icontains=wanted.search)
            | Q(instance_type__icontains=wanted.search)
        )
    if wanted.account:
        instances = instances.filter(aws_account__account_id=wanted.account)
    if wanted.region:
        instances = instances.filter(region=wanted.region)
    if wanted.instance_type:
        instances = instances.filter(instance_type=wanted.instance_type)
    if wanted.state == GONE:
        instances = instances.filter(gone_at__lte=window.now)
    elif wanted.state:
        instances = instances.filter(state=wanted.state).exclude(gone_at__lte=window.now)
    return instances


def _ordered(
    instances: InstanceQuerySet, window: Window, ordering: str
) -> tuple[QuerySet[Instance, dict[str, Any]], list[Order]]:
    """Keys of the instances and what they are ordered by, and that order."""
    word, is_descending = ordering.removeprefix("-"), ordering.startswith("-")
    if word in _BY_SUM:
        days = window.complete.days()
        # Instances without a ledger row stay in the list: the days are joined from the left.
        by = "ordered_by"
        instances = instances.annotate(
            ledger=FilteredRelation(
                "cost_snapshots",
                condition=Q(
                    cost_snapshots__day__gte=window.first, cost_snapshots__day__lte=days[-1] if days else window.first
                ),
            ),
            # As a float, for a cursor has to find the very sum again, and SQLite rounds decimals when it gives them.
            ordered_by=Cast(Sum(f"ledger__{_BY_SUM[word]}"), FloatField()),
        )
    else:
        by = _BY_COLUMN[word]
    order = [Order(by, is_descending, is_nullable=word in _BY_SUM or word == "launched"), Order("pk")]
    return instances.values("pk", by), order


def _why_empty(scope: Scope, wanted: Wanted, health: DataHealth) -> Emptiness:
    if not scope.instances().exists():
        return why_empty(scope, account_rows(scope), health)
    return Emptiness.NOT_IN_PERIOD if wanted.narrows_nothing else Emptiness.FILTERED


def _ledger(scope: Scope, window: Window) -> CostSnapshotQuerySet:
    return CostSnapshot.objects.visible_to(scope.user).during(window.complete)


def _total(scope: Scope, window: Window, wanted: Wanted, matching: InstanceQuerySet) -> Totals:
    """The sum over everything that matches; over the daily totals where they hold the filter apart.

    Account and region of an instance never change, so both ways give the same; its type and state may.
    """
    if wanted.search or wanted.instance_type or wanted.state:
        return total(snapshot_sums(_ledger(scope, window).filter(instance__in=matching)))
    where = Q()
    if wanted.account:
        where &= Q(aws_account__account_id=wanted.account)
    if wanted.region:
        where &= Q(region=wanted.region)
    return total(daily_sums(scope, window.complete, where=where))


def _choices(scope: Scope) -> Choices:
    seen = list(scope.instances().order_by().values_list("region", "instance_type", "state").distinct())
    states = {state for _, _, state in seen}
    return Choices(
        accounts=tuple(scope.accounts().order_by("name", "account_id").values_list("account_id", "name")),
        regions=tuple(sorted({region for region, _, _ in seen})),
        types=tuple(sorted({kind for _, kind, _ in seen})),
        states=(*sorted(states), GONE),
    )
