"""One instance: its facts, its ledger by day and by hour, and what its figures rest on."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from accounts.estimators.runtime import INVENTORY_START, INVENTORY_STOP, Runtime, RuntimeEvent
from accounts.models import Instance, User
from accounts.selectors.event_reading import EventReading, event_reading
from accounts.selectors.health import DataHealth, data_health
from accounts.selectors.runs import RunView, latest_runs
from accounts.selectors.runtime import explain
from accounts.selectors.scope import Scope
from carbon.estimators.emissions import IntensityClass, intensity_class
from costing.estimators.window import Window
from costing.models import CostSnapshot
from costing.selectors.amounts import Amounts, amounts_of
from costing.selectors.figures import Figures, basis_for, figures_of
from costing.selectors.hours import HourLine, lines_of
from costing.selectors.instance_filter import state_of
from costing.selectors.instance_notes import Note, notes_of
from costing.selectors.lanes import Lane, lanes_of
from costing.selectors.other_model import ModelLine, by_each_model
from costing.selectors.rests_on import Facts, Ground, facts_of, grounds_of
from costing.selectors.totals import sums_of, total
from finops.core.periods import HOUR, Period, start_of_hour

_EVENTS_SHOWN = 50
_INVENTORY_NAMES = {INVENTORY_START: "Started", INVENTORY_STOP: "Stopped"}


@dataclass(frozen=True, slots=True)
class DayLine:
    """One UTC day of the instance's ledger."""

    day: date
    is_complete: bool
    instance_type: str
    amounts: Amounts
    running_hours_lower: float
    running_hours_upper: float
    power_model: str
    method_version: int
    derived_at: datetime


@dataclass(frozen=True, slots=True)
class EventLine:
    """What CloudTrail said, and when; or an earlier inventory, of what EC2 itself has forgotten since."""

    occurred_at: datetime
    name: str
    actor: str
    change: str
    error_code: str
    is_of_inventory: bool


@dataclass(frozen=True, slots=True)
class RuntimeDetail:
    """When the instance ran, from events and inventory as they stand now, and how far CloudTrail was read."""

    instance: Instance
    window: Window
    runtime: Runtime
    events: tuple[EventLine, ...]  # the latest first
    event_count: int
    reading: EventReading


@dataclass(frozen=True)
class InstanceDetail:
    """All that an instance's page shows; the same for page and API."""

    instance: Instance
    state: str
    window: Window
    currency: str
    figures: Figures
    days: tuple[DayLine, ...]
    hours: tuple[HourLine, ...]
    hours_shown: Period
    facts: Facts
    grounds: tuple[Ground, ...]
    notes: tuple[Note, ...]
    models: tuple[ModelLine, ...]
    health: DataHealth
    latest_run: RunView | None  # asked for only where there is no ledger yet
    is_simulated: bool
    explained: RuntimeDetail | None = None  # where it was asked for

    @property
    def hours_asked(self) -> int:
        """How many hours are shown, those without a ledger included."""
        return round(self.hours_shown.length / HOUR)

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """The hours as five lanes."""
        return lanes_of(self.instance, self.hours, self.hours_shown, now=self.window.now)

    @property
    def intensity_now(self) -> tuple[float, IntensityClass] | None:
        """The latest known intensity of its grid among the hours shown, and its class by the zone's thresholds."""
        known = [hour.gco2e_per_kwh for hour in self.hours if hour.gco2e_per_kwh is not None]
        if not known or self.facts.cloud_region is None:
            return None
        zone = self.facts.cloud_region.zone
        kind = intensity_class(
            known[-1],
            optimal_below=zone.optimal_below_gco2e_per_kwh,
            high_above=zone.high_above_gco2e_per_kwh,
        )
        return (known[-1], kind) if kind else None


def instance_of(user: User, *, pk: int) -> Instance | None:
    """The instance with that key, or None where there is none that `user` may see."""
    return Instance.objects.visible_to(user).select_related("aws_account__team").filter(pk=pk).first()


def instance_between_neighbours(user: User, *, pk: int) -> tuple[Instance, int | None, int | None] | None:
    """The same with the keys of the one before and the one behind it in its account, by name; in one query."""
    of_account = Instance.objects.filter(aws_account=OuterRef("aws_account"))
    same = Q(name=OuterRef("name"))
    before = of_account.filter(Q(name__lt=OuterRef("name")) | same & Q(pk__lt=OuterRef("pk"))).order_by("-name", "-pk")
    behind = of_account.filter(Q(name__gt=OuterRef("name")) | same & Q(pk__gt=OuterRef("pk"))).order_by("name", "pk")
    found: Any = (
        Instance.objects.visible_to(user)
        .select_related("aws_account__team")
        .annotate(before=Subquery(before.values("pk")[:1]), behind=Subquery(behind.values("pk")[:1]))
        .filter(pk=pk)
        .first()
    )
    return (found, found.before, found.behind) if found else None


def instance_detail(
    user: User, *, instance: Instance, window: Window, hours: int, explains_runtime: bool = False
) -> InstanceDetail:
    """What is known of `instance` in `window`, and of the last `hours` hours; on demand also when it ran and why."""
    team = instance.aws_account.team
    scope = Scope(user, (team,), team)
    health = data_health(scope, now=window.now)
    basis = basis_for(scope, window, health=health).for_account(instance.aws_account_id)
    until = start_of_hour(window.now) + timedelta(hours=1)
    shown = Period(until - timedelta(hours=hours), until)
    first = min(window.first, shown.start.date())
    snapshots = list(
        CostSnapshot.objects.visible_to(user)
        .filter(instance=instance)
        .during(Period.of_days(first, window.now.date()))
        .order_by("day")
    )
    in_window = [snapshot for snapshot in snapshots if window.first <= snapshot.day <= window.last]
    complete = [snapshot for snapshot in in_window if window.is_complete(snapshot.day)]
    facts = facts_of(user, instance, window.period)
    grounds = grounds_of(
        facts, complete, heard_at=lambda names: health.stand(names, account_id=instance.aws_account_id).as_of
    )
    state = state_of(instance, window)
    return InstanceDetail(
        instance=instance,
        state=state,
        window=window,
        currency=basis.currency,
        figures=figures_of(total(map(sums_of, complete)), basis),
        days=tuple(
            DayLine(
                day=snapshot.day,
                is_complete=window.is_complete(snapshot.day),
                instance_type=snapshot.instance_type,
                amounts=amounts_of(total([sums_of(snapshot)]), basis),
                running_hours_lower=snapshot.running_hours_lower,
                running_hours_upper=snapshot.running_hours_upper,
                power_model=snapshot.power_model,
                method_version=snapshot.method_version,
                derived_at=snapshot.derived_at,
            )
            for snapshot in in_window
        ),
        hours=tuple(lines_of(snapshots, shown, now=window.now)),
        hours_shown=shown,
        facts=facts,
        grounds=grounds,
        notes=notes_of(instance, state=state, facts=facts, grounds=grounds, snapshots=complete, health=health),
        models=by_each_model(
            complete, profile=facts.profile, pue=facts.cloud_region.pue if facts.cloud_region else None
        ),
        health=health,
        latest_run=None if snapshots else latest_runs(scope).get(instance.aws_account_id),
        is_simulated=basis.is_simulated,
        explained=runtime_detail(user, instance=instance, window=window, health=health) if explains_runtime else None,
    )


def runtime_detail(
    user: User, *, instance: Instance, window: Window, health: DataHealth | None = None
) -> RuntimeDetail:
    """When `instance` ran in `window` and how we know; `health`, where it was asked for already, holds its account."""
    if health is None:
        team = instance.aws_account.team
        health = data_health(Scope(user, (team,), team), now=window.now)
    runtime, events = explain(user=user, instance=instance, period=window.period, now=window.now)
    return RuntimeDetail(
        instance=instance,
        window=window,
        runtime=runtime,
        events=tuple(_event_line(event) for event in reversed(events[-_EVENTS_SHOWN:])),
        event_count=len(events),
        reading=event_reading(user, instance, health=health),
    )


def _event_line(event: RuntimeEvent) -> EventLine:
    return EventLine(
        occurred_at=event.occurred_at,
        name=_INVENTORY_NAMES.get(event.name, event.name),
        actor=event.actor,
        change=" → ".join(filter(None, (event.previous_state, event.current_state))),
        error_code=event.error_code,
        is_of_inventory=event.name in _INVENTORY_NAMES,
    )
