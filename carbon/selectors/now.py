"""How clean the grids in use are now: the latest hour that any source told of each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Case, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import JSONObject

from accounts.selectors.scope import Scope
from carbon.estimators.emissions import IntensityClass, intensity_class
from carbon.models import CarbonReading, Signal, Zone
from carbon.reference.grid_sources import usual_order
from carbon.selectors.thresholds import Thresholds, pair_of
from finops.core.periods import HOUR

_LOOK_BACK = 48 * HOUR


@dataclass(frozen=True, slots=True)
class ZoneNow:
    """A grid that instances draw on, and its latest average intensity. Without one, nothing is known of two days."""

    zone: str
    name: str
    gco2e_per_kwh: float | None
    intensity_class: IntensityClass | None  # by the thresholds in force for whoever looks
    starts_at: datetime | None
    is_estimated: bool
    source: str
    optimal_below: float
    high_above: float

    @property
    def is_high(self) -> bool:
        """Whether it has crossed the upper threshold."""
        return self.intensity_class is IntensityClass.HIGH


def zones_now(scope: Scope, *, now: datetime) -> list[ZoneNow]:
    """The grids under the instances of `scope` that are not gone, the dirtiest first; two queries."""
    own = pair_of([scope.team] if scope.team else scope.teams)
    zones = (
        Zone.objects.filter(
            cloud_regions__provider="aws",
            cloud_regions__region__in=scope.instances().filter(gone_at=None).order_by().values("region"),
        )
        .distinct()
        .annotate(latest=Subquery(_latest_reading(scope, now)))
    )
    found = [_zone_now(zone, zone.latest, own) for zone in zones]
    return sorted(found, key=lambda each: (each.gco2e_per_kwh is None, -(each.gco2e_per_kwh or 0.0), each.zone))


def _latest_reading(scope: Scope, now: datetime) -> Any:
    """Of the source that figures use: the first in the zone's order, and there what a team's own key fetched."""
    teams = [scope.team] if scope.team else list(scope.teams)
    return (
        CarbonReading.objects.filter(Q(licensee=None) | Q(licensee__in=teams))
        .filter(zone=OuterRef("pk"), signal=Signal.AVERAGE, starts_at__gt=now - _LOOK_BACK, starts_at__lte=now)
        .annotate(
            shared=Case(When(licensee=None, then=Value(1)), default=Value(0), output_field=IntegerField()),
            rank=_rank_of_source(),
        )
        .exclude(rank=None)
        .order_by("rank", "shared", "-starts_at")
        .values(
            told=JSONObject(
                gco2e_per_kwh="gco2e_per_kwh", starts_at="starts_at", is_estimated="is_estimated", source="source"
            )
        )[:1]
    )


def _rank_of_source() -> Case:
    """The place of a reading's source in the order of its zone; NULL for one that does not answer there."""
    chosen = Zone.objects.filter(signal=Signal.AVERAGE).exclude(sources=[]).order_by("key")
    own_orders = list(chosen.values_list("key", "sources"))
    return Case(
        *(
            When(zone=key, source=name, then=Value(rank))
            for key, names in own_orders
            for rank, name in enumerate(names)
        ),
        When(zone__in=[key for key, _ in own_orders], then=None),
        *(When(source=name, then=Value(rank)) for rank, name in enumerate(usual_order(Signal.AVERAGE))),
        default=None,
        output_field=IntegerField(),
    )


def _zone_now(zone: Zone, latest: dict[str, Any] | None, own: Thresholds | None) -> ZoneNow:
    limits = own or Thresholds(zone.optimal_below_gco2e_per_kwh, zone.high_above_gco2e_per_kwh, "zone")
    value = latest["gco2e_per_kwh"] if latest else None
    return ZoneNow(
        zone=zone.key,
        name=zone.name,
        gco2e_per_kwh=value,
        intensity_class=intensity_class(value, optimal_below=limits.optimal_below, high_above=limits.high_above),
        starts_at=_instant(latest["starts_at"]) if latest else None,
        is_estimated=bool(latest["is_estimated"]) if latest else False,
        source=latest["source"] if latest else "",
        optimal_below=limits.optimal_below,
        high_above=limits.high_above,
    )


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # SQLite writes UTC without saying so
