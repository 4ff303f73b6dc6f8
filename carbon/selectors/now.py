"""How clean the grids in use are now: the latest hour that any source told of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, Window
from django.db.models.functions import RowNumber

from accounts.selectors.scope import Scope
from carbon.estimators.emissions import IntensityClass, intensity_class
from carbon.estimators.series import Place
from carbon.models import CloudRegion, Signal, Zone
from carbon.selectors.places import Rank, rank, source_order
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
    """The grids under the instances of `scope` that are not gone, the dirtiest first; one query."""
    own = pair_of([scope.team] if scope.team else scope.teams)
    told: dict[Zone, dict[Rank, _Reading]] = {}
    for zone in _latest_readings(scope, now):
        by_rank = told.setdefault(zone, {})
        order = source_order(Place(zone.key), {zone.key: (zone.signal, zone.sources)})
        if zone.told_source is not None and (place := rank(zone.told_source, zone.told_licensee, order)):
            by_rank[place] = _Reading(zone.told_value, zone.told_at, zone.told_is_estimated, zone.told_source)
    found = [_zone_now(zone, by_rank[min(by_rank)] if by_rank else None, own) for zone, by_rank in told.items()]
    return sorted(found, key=lambda each: (each.gco2e_per_kwh is None, -(each.gco2e_per_kwh or 0.0), each.zone))


class _Reading(NamedTuple):
    gco2e_per_kwh: float
    starts_at: datetime
    is_estimated: bool
    source: str


def _latest_readings(scope: Scope, now: datetime) -> Any:
    """Each zone in use, once for every source of the last two days with its latest reading, at least once."""
    teams = [scope.team] if scope.team else list(scope.teams)
    regions = CloudRegion.objects.filter(
        provider="aws",
        zone=OuterRef("pk"),
        region__in=scope.instances().filter(gone_at=None).order_by().values("region"),
    )
    is_recent = Q(
        readings__signal=Signal.AVERAGE, readings__starts_at__gt=now - _LOOK_BACK, readings__starts_at__lte=now
    )
    is_ours = Q(readings__licensee=None) | Q(readings__licensee__in=teams)
    return (
        Zone.objects.filter(Exists(regions))
        .annotate(told=FilteredRelation("readings", condition=is_recent & is_ours))
        .annotate(
            told_source=F("told__source"),
            told_licensee=F("told__licensee"),
            told_value=F("told__gco2e_per_kwh"),
            told_at=F("told__starts_at"),
            told_is_estimated=F("told__is_estimated"),
            age=Window(
                RowNumber(),
                partition_by=[F("pk"), F("told__source"), F("told__licensee")],
                order_by=F("told__starts_at").desc(),
            ),
        )
        .filter(age=1)
    )


def _zone_now(zone: Zone, latest: _Reading | None, own: Thresholds | None) -> ZoneNow:
    limits = own or Thresholds(zone.optimal_below_gco2e_per_kwh, zone.high_above_gco2e_per_kwh, "zone")
    value = latest.gco2e_per_kwh if latest else None
    return ZoneNow(
        zone=zone.key,
        name=zone.name,
        gco2e_per_kwh=value,
        intensity_class=intensity_class(value, optimal_below=limits.optimal_below, high_above=limits.high_above),
        starts_at=latest.starts_at if latest else None,
        is_estimated=latest.is_estimated if latest else False,
        source=latest.source if latest else "",
        optimal_below=limits.optimal_below,
        high_above=limits.high_above,
    )
