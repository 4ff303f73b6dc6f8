"""Which instances a reader asks for, and what there is to choose from."""

from dataclasses import dataclass, field

from django.db.models import F, Q, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from accounts.models import Instance
from accounts.models.instance import InstanceQuerySet
from accounts.selectors.health import DataHealth
from accounts.selectors.scope import Scope
from costing.estimators.window import Window
from finops.core.pages import Position

GONE = "gone"

# A word of the address → the column that rows are ordered by; the key breaks every tie.
BY_COLUMN = {
    "name": "name",
    "instance_id": "instance_id",
    "type": "instance_type",
    "region": "region",
    "account": "aws_account__name",
    "state": "state",
    "launched": "launched_at",
}
# The same for what is summed over the days of the window: the column of the ledger and of its totals.
BY_SUM = {
    "cost": "list_cost_usd",
    "energy": "energy_kwh",
    "operational": "operational_gco2e",
    "embodied": "embodied_gco2e",
    "running": "running_hours",
}
ORDERINGS = tuple(f"{sign}{word}" for word in (*BY_COLUMN, *BY_SUM) for sign in ("", "-"))
DEFAULT_ORDERING = "-cost"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of the list."""

    search: str = ""
    account: str = ""  # the 12-digit id
    region: str = ""
    instance_type: str = ""
    state: str = ""
    tag_key: str = ""
    tag_value: str | None = None  # None: whatever its value
    ordering: str = DEFAULT_ORDERING
    position: Position = field(default_factory=Position)

    @property
    def narrows_nothing(self) -> bool:
        """Whether the whole scope is asked for."""
        return not (self.needs_instances or self.account or self.region)

    @property
    def needs_instances(self) -> bool:
        """Whether the filter asks for something that daily totals do not hold apart.

        They do know account and region, which an instance never changes; its type and state it may.
        """
        return bool(self.search or self.instance_type or self.state or self.tag_key)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: values that occur in the scope."""

    accounts: tuple[tuple[str, str], ...]
    regions: tuple[str, ...]
    types: tuple[str, ...]
    states: tuple[str, ...]


def matching(scope: Scope, window: Window, wanted: Wanted) -> InstanceQuerySet:
    """The instances of `scope` that existed in `window` and that the filter lets through."""
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
    if wanted.tag_key:
        instances = _tagged(instances, wanted.tag_key, wanted.tag_value)
    if wanted.state == GONE:
        instances = instances.filter(gone_at__lte=window.now)
    elif wanted.state:
        instances = instances.filter(state=wanted.state).exclude(gone_at__lte=window.now)
    return instances


def _tagged(instances: InstanceQuerySet, key: str, value: str | None) -> InstanceQuerySet:
    if value is None:
        return instances.filter(tags__has_key=key)
    # The key is a reader's own words: as a lookup's name it would be taken apart at its underscores.
    return instances.alias(tag=Cast(KeyTextTransform(key, F("tags")), TextField())).filter(tag=value)


def choices(scope: Scope, health: DataHealth) -> Choices:
    """The values that occur; one query."""
    seen = list(scope.instances().order_by().values_list("region", "instance_type", "state").distinct())
    return Choices(
        accounts=tuple(
            (account.aws_account_id, account.name) for account in health.accounts if account.account_id is not None
        ),
        regions=tuple(sorted({region for region, _, _ in seen})),
        types=tuple(sorted({kind for _, kind, _ in seen})),
        states=(*sorted({state for _, _, state in seen}), GONE),
    )


def state_of(instance: Instance, window: Window) -> str:
    """The instance's state in AWS's word, or "gone"."""
    return GONE if instance.is_gone(at=window.now) else instance.state
