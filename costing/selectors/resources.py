"""Everything that the accounts in scope hold, of all kinds, filtered and cut into pages, with totals of the filter."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import Instance, Resource, SourceState
from accounts.selectors.health import DataHealth, SourceHealth, data_health
from accounts.selectors.scope import Scope
from costing.models import Finding, WindowTotal

GONE = "gone"
DAYS = 30
_SOURCES = tuple(dict.fromkeys(kind.source for kind in ResourceKind))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of the list."""

    search: str = ""
    kind: str = ""
    account: str = ""  # the 12-digit id
    region: str = ""
    regions: tuple[str, ...] = ()  # any of these
    state: str = ""  # in AWS's word; "gone" for what is there no more; empty for all that is there
    tag_key: str = ""
    tag_value: str | None = None  # None: whatever its value
    page: int = 1
    size: int = 50

    @property
    def narrows_nothing(self) -> bool:
        """Whether all that is there is asked for."""
        return not (self.search or self.kind or self.account or self.region or self.state or self.tag_key)


@dataclass(frozen=True, slots=True)
class ResourceLine:
    """One thing of an account. What it costs and emits is known of instances only; None says so."""

    kind: ResourceKind
    pk: int
    resource_id: str
    name: str
    account_id: str
    account_name: str
    region: str
    state: str
    resource_class: str
    size_gib: float | None
    created_at: datetime | None
    first_seen_at: datetime
    tags: Mapping[str, str]
    are_tags_known: bool
    list_cost_usd: Decimal | None = None
    gco2e: float | None = None
    findings: int = 0


@dataclass(frozen=True, slots=True)
class ResourceList:
    """One page of the list, and the sums of everything that the filter lets through."""

    scope: Scope
    wanted: Wanted
    lines: tuple[ResourceLine, ...]
    counts: Mapping[ResourceKind, int]  # of the filter, by kind
    list_cost_usd: Decimal | None  # of the instances among them, over the last complete days that are added up
    gco2e: float | None
    size_gib: float | None
    choices: "Choices"
    health: DataHealth
    gone: int = 0

    @property
    def count(self) -> int:
        """How many the filter lets through."""
        return sum(self.counts.values())

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.count // self.wanted.size))

    @property
    def unlisted(self) -> list[SourceHealth]:
        """The sources that could not be asked lately, or ever: "0 found" there is not the same as none."""
        return unlisted(self.health)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: values that occur in the scope."""

    accounts: tuple[tuple[str, str], ...] = ()
    regions: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    kinds: tuple[ResourceKind, ...] = field(default_factory=lambda: tuple(ResourceKind))


def unlisted(health: DataHealth) -> list[SourceHealth]:
    """The sources of lists that did not answer for an account, with what was said."""
    hopeless = {SourceState.DENIED, SourceState.LOGIN_NEEDED, SourceState.UNAVAILABLE, SourceState.DEGRADED}
    return [source for source in health.of(_SOURCES) if source.last_success_at is None or source.state in hopeless]


def resource_list(scope: Scope, wanted: Wanted, *, now: datetime) -> ResourceList:
    """Instances first, then the other kinds in their order, each by name; its queries do not grow with the rows."""
    health = data_health(scope, now=now)
    instances, resources = instances_of(scope, wanted), resources_of(scope, wanted)
    counts = Counter[str]()
    if machines := instances.count():
        counts[ResourceKind.EC2_INSTANCE] = machines
    size_gib = None
    for kind, number, gib in resources.order_by().values_list("kind").annotate(n=Count("pk"), gib=Sum("size_gib")):
        counts[kind] = number
        size_gib = (size_gib or 0) + gib if gib is not None else size_gib
    cost, gco2e = _sums(scope, instances)
    start = (wanted.page - 1) * wanted.size
    rows: list[Any] = list(instances.select_related("aws_account").order_by("name", "pk")[start : start + wanted.size])
    if len(rows) < wanted.size:
        begin = max(0, start - machines)
        listed = resources.select_related("aws_account").defer("raw", "facts").order_by("kind", "name", "pk")
        rows += listed[begin : begin + wanted.size - len(rows)]
    return ResourceList(
        scope=scope,
        wanted=wanted,
        lines=tuple(_lines(scope, rows, now)),
        counts={kind: counts[kind] for kind in ResourceKind if counts[kind]},
        list_cost_usd=cost,
        gco2e=gco2e,
        size_gib=size_gib,
        choices=_choices(scope, health),
        health=health,
        gone=_gone(scope) if wanted.narrows_nothing else 0,
    )


def all_resources(scope: Scope, wanted: Wanted) -> dict[ResourceKind, list[Any]]:
    """Every `Instance` and `Resource` that the filter lets through, by kind, each by name; two queries."""
    found: dict[ResourceKind, list[Any]] = defaultdict(list)
    found[ResourceKind.EC2_INSTANCE] = list(
        instances_of(scope, wanted).select_related("aws_account").order_by("name", "pk")
    )
    for row in resources_of(scope, wanted).select_related("aws_account").defer("raw").order_by("kind", "name", "pk"):
        found[ResourceKind(row.kind)].append(row)
    return found


def instances_of(scope: Scope, wanted: Wanted) -> QuerySet[Instance]:
    """The instances among what is asked for."""
    if wanted.kind not in {"", ResourceKind.EC2_INSTANCE}:
        return Instance.objects.none()
    found: QuerySet[Instance] = _matching(scope.instances(), wanted, "instance_id", "instance_type")
    return found


def resources_of(scope: Scope, wanted: Wanted) -> QuerySet[Resource]:
    """The others."""
    if wanted.kind == ResourceKind.EC2_INSTANCE:
        return Resource.objects.none()
    resources = Resource.objects.visible_to(scope.user).filter(aws_account__in=scope.accounts())
    if wanted.kind:
        resources = resources.filter(kind=wanted.kind)
    found: QuerySet[Resource] = _matching(resources, wanted, "resource_id", "resource_class")
    return found


def _matching(rows: Any, wanted: Wanted, id_field: str, class_field: str) -> Any:
    if wanted.search:
        words = [Q(**{f"{name}__icontains": wanted.search}) for name in ("name", id_field, class_field)]
        rows = rows.filter(words[0] | words[1] | words[2])
    if wanted.account:
        rows = rows.filter(aws_account__account_id=wanted.account)
    if wanted.region:
        rows = rows.filter(region=wanted.region)
    if wanted.regions:
        rows = rows.filter(region__in=wanted.regions)
    if wanted.tag_key and wanted.tag_value is None:
        rows = rows.filter(tags__has_key=wanted.tag_key)
    elif wanted.tag_key:
        # The key is a reader's own words: as a lookup's name it would be taken apart at its underscores.
        rows = rows.alias(tag=Cast(KeyTextTransform(wanted.tag_key, F("tags")), TextField()))
        rows = rows.filter(tag=wanted.tag_value)
    if wanted.state == GONE:
        return rows.filter(gone_at__isnull=False)
    rows = rows.filter(gone_at=None)
    return rows.filter(state=wanted.state) if wanted.state else rows


def _sums(scope: Scope, instances: QuerySet[Instance]) -> tuple[Decimal | None, float | None]:
    sums = (
        _whole_windows(scope)
        .filter(instance__in=instances)
        .aggregate(cost=Sum("list_cost_usd"), operational=Sum("operational_gco2e"), embodied=Sum("embodied_gco2e"))
    )
    return sums["cost"], _together(sums["operational"], sums["embodied"])


def _whole_windows(scope: Scope) -> QuerySet[WindowTotal]:
    return WindowTotal.objects.visible_to(scope.user).filter(days=DAYS, cost_grade="", carbon_grade="")


def _together(operational: float | None, embodied: float | None) -> float | None:
    return None if operational is None else operational + (embodied or 0)


def _lines(scope: Scope, rows: Iterable[Any], now: datetime) -> list[ResourceLine]:
    rows = list(rows)
    machines = [row.pk for row in rows if isinstance(row, Instance)]
    others = [row.pk for row in rows if isinstance(row, Resource)]
    totals = (
        {total.instance_id: total for total in _whole_windows(scope).filter(instance__in=machines)} if machines else {}
    )
    found: Counter[tuple[int | None, int | None]] = Counter(
        Finding.objects.visible_to(scope.user)
        .open_at(now)
        .filter(Q(instance__in=machines) | Q(resource__in=others))
        .values_list("instance_id", "resource_id")
    )
    return [_line(row, totals, found) for row in rows]


def _line(row: Any, totals: Mapping[int, WindowTotal], found: Counter[tuple[int | None, int | None]]) -> ResourceLine:
    is_machine = isinstance(row, Instance)
    total = totals.get(row.pk) if is_machine else None
    return ResourceLine(
        kind=ResourceKind.EC2_INSTANCE if is_machine else ResourceKind(row.kind),
        pk=row.pk,
        resource_id=row.instance_id if is_machine else row.resource_id,
        name=row.name,
        account_id=row.aws_account.account_id,
        account_name=row.aws_account.name,
        region=row.region,
        state=GONE if row.gone_at is not None else row.state,
        resource_class=row.instance_type if is_machine else row.resource_class,
        size_gib=None if is_machine else row.size_gib,
        created_at=row.first_launched_at if is_machine else row.created_at,
        first_seen_at=row.first_seen_at,
        tags=row.tags,
        are_tags_known=is_machine or row.are_tags_known,
        list_cost_usd=total.list_cost_usd if total else None,
        gco2e=_together(total.operational_gco2e, total.embodied_gco2e) if total else None,
        findings=found[(row.pk, None) if is_machine else (None, row.pk)],
    )


def _choices(scope: Scope, health: DataHealth) -> Choices:
    machines = scope.instances().order_by().values_list("region", "state")
    others = Resource.objects.visible_to(scope.user).filter(aws_account__in=scope.accounts())
    seen = list(machines.union(others.order_by().values_list("region", "state")))
    return Choices(
        accounts=tuple((each.aws_account_id, each.name) for each in health.accounts if each.account_id is not None),
        regions=tuple(sorted({region for region, _ in seen if region})),
        states=(*sorted({state for _, state in seen if state}), GONE),
    )


def _gone(scope: Scope) -> int:
    wanted = Wanted(state=GONE)
    return instances_of(scope, wanted).count() + resources_of(scope, wanted).count()
