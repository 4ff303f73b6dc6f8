"""The grid zones as pages and API show them: who says what about each hour, and whom it feeds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from accounts.estimators.freshness import Freshness, freshness
from accounts.selectors.scope import Scope
from carbon.estimators.emissions import IntensityClass, intensity_class
from carbon.models import CloudRegion, Signal, Zone, ZoneKind
from carbon.reference.intensity_sources import IntensitySource
from carbon.selectors.grid_series import SHOWN_HOURS, HourReading, ReadingSeries, reading_series
from carbon.selectors.grid_silence import Silence, grid_source, why_silent
from carbon.selectors.thresholds import Thresholds, thresholds
from finops.core.periods import HOUR, Period, start_of_hour

_CADENCE = HOUR


@dataclass(frozen=True, slots=True)
class FedRegion:
    """A cloud region that draws on a zone, and how many instances of the scope stand there."""

    region: str
    name: str
    city: str
    pue: float
    pue_is_default: bool
    pue_source: str
    instance_count: int  # those that are not gone
    known_instance_count: int  # those ever seen


@dataclass(frozen=True, slots=True)
class ZoneView:
    """One zone: its thresholds, whom it feeds, and what each source said of it, each for itself."""

    zone: Zone
    thresholds: Thresholds  # those in force for whoever looks
    regions: tuple[FedRegion, ...]
    series: tuple[ReadingSeries, ...]  # average before marginal, the one that figures use first
    now: datetime
    silence: Silence | None  # why there is nothing to show of the last 48 hours

    @property
    def main(self) -> ReadingSeries | None:
        """The average intensity that figures use."""
        return next((each for each in self.series if each.signal == Signal.AVERAGE and each.latest), None)

    @property
    def current(self) -> HourReading | None:
        """The latest hour of it."""
        return self.main.latest if self.main else None

    @property
    def intensity_class(self) -> IntensityClass | None:
        """The class of the latest hour, whatever its age."""
        return self.class_of(self.current)

    @property
    def freshness(self) -> Freshness:
        """By the end of the latest hour that any source of average intensity told."""
        ends = [min(each.newest_at + HOUR, self.now) for each in self.series if each.signal == Signal.AVERAGE]
        return freshness(last_success_at=max(ends, default=None), cadence=_CADENCE, now=self.now)

    @property
    def instance_count(self) -> int:
        """Instances of the scope that it feeds."""
        return sum(region.instance_count for region in self.regions)

    @property
    def is_used(self) -> bool:
        """Whether instances of the scope draw or drew on it."""
        return any(region.known_instance_count for region in self.regions)

    def class_of(self, hour: HourReading | None) -> IntensityClass | None:
        """The class of an hour by the thresholds in force."""
        return intensity_class(
            hour.gco2e_per_kwh if hour else None,
            optimal_below=self.thresholds.optimal_below,
            high_above=self.thresholds.high_above,
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """Zones by key, over the same hours."""

    scope: Scope
    now: datetime
    hours: tuple[datetime, ...]  # the starts of the hours of every series, oldest first
    zones: tuple[ZoneView, ...]

    @property
    def is_simulated(self) -> bool:
        """Whether a stand-in told any of it."""
        return any(series.is_simulated for view in self.zones for series in view.series)

    @property
    def sources(self) -> tuple[IntensitySource, ...]:
        """Who told any of it, each once, by name."""
        told = {series.source.name: series.source for view in self.zones for series in view.series}
        return tuple(told[name] for name in sorted(told))

    @property
    def read_zones(self) -> tuple[ZoneView, ...]:
        """Those with an hour to show."""
        return tuple(view for view in self.zones if view.main)

    @property
    def rows(self) -> list[tuple[datetime, list[HourReading | None]]]:
        """Each hour, newest first, with what the main source of each of `read_zones` said."""
        told = [view.main.hours for view in self.zones if view.main]
        return [
            (starts_at, [hours[number] for hours in told])
            for number, starts_at in reversed(list(enumerate(self.hours)))
        ]

    @property
    def zone_rows(self) -> list[tuple[datetime, list[HourReading | None], IntensityClass | None]]:
        """Of one zone: each hour, newest first, with what each source said, and the class by its main one."""
        [view] = self.zones
        return [
            (
                starts_at,
                [series.hours[number] for series in view.series],
                view.class_of(view.main.hours[number] if view.main else None),
            )
            for number, starts_at in reversed(list(enumerate(self.hours)))
        ]


def grid(scope: Scope, *, now: datetime, all_zones: bool = False) -> Grid:
    """The zones that instances of `scope` draw or drew on, or every known one; eight queries at most."""
    counts = _instance_counts(scope)
    regions = list(_regions().select_related("zone"))
    zones = {region.zone_id: region.zone for region in regions if all_zones or region.region in counts}
    if all_zones:
        zones |= {zone.key: zone for zone in Zone.objects.filter(kind=ZoneKind.GRID)}
    return _grid(scope, [zones[key] for key in sorted(zones)], _fed(regions, counts), now=now)


def zone_grid(scope: Scope, *, key: str, now: datetime) -> Grid | None:
    """One zone, used or not; None where there is no such zone."""
    zone = Zone.objects.filter(key=key).first()
    if zone is None:
        return None
    return _grid(scope, [zone], _fed(_regions().filter(zone=zone), _instance_counts(scope)), now=now)


def _grid(scope: Scope, zones: list[Zone], fed: Mapping[str, tuple[FedRegion, ...]], *, now: datetime) -> Grid:
    hours = _shown_hours(now)
    return Grid(scope=scope, now=now, hours=hours, zones=_views(scope, zones, fed, hours=hours, now=now))


def _shown_hours(now: datetime) -> tuple[datetime, ...]:
    first = start_of_hour(now) - (SHOWN_HOURS - 1) * HOUR
    return tuple(first + number * HOUR for number in range(SHOWN_HOURS))


def _views(
    scope: Scope,
    zones: list[Zone],
    fed: Mapping[str, tuple[FedRegion, ...]],
    *,
    hours: tuple[datetime, ...],
    now: datetime,
) -> tuple[ZoneView, ...]:
    one_team = scope.team or (scope.teams[0] if len(scope.teams) == 1 else None)
    limits = thresholds(one_team or scope.user, zones=[zone.key for zone in zones])
    series = reading_series(scope, zones=zones, period=Period(hours[0], hours[-1] + HOUR))
    source = grid_source(scope)
    return tuple(
        ZoneView(
            zone=zone,
            thresholds=limits[zone.key],
            regions=fed.get(zone.key, ()),
            series=series[zone.key],
            now=now,
            silence=why_silent(
                zone.key,
                series[zone.key],
                source,
                is_used=any(each.known_instance_count for each in fed.get(zone.key, ())),
                now=now,
            ),
        )
        for zone in zones
    )


def _regions() -> QuerySet[CloudRegion]:
    return CloudRegion.objects.filter(provider="aws").order_by("region")


def _instance_counts(scope: Scope) -> dict[str, tuple[int, int]]:
    """By region, the instances that are there and those that ever were; a region without any is not in it."""
    return {
        region: (there, known)
        for region, there, known in scope.instances()
        .order_by()
        .values("region")
        .annotate(there=Count("pk", filter=Q(gone_at=None)), known=Count("pk"))
        .values_list("region", "there", "known")
    }


def _fed(
    regions: Iterable[CloudRegion], counts: Mapping[str, tuple[int, int]]
) -> defaultdict[str, tuple[FedRegion, ...]]:
    """By zone, its regions by name."""
    by_zone: defaultdict[str, tuple[FedRegion, ...]] = defaultdict(tuple)
    for row in regions:
        by_zone[row.zone_id] += (
            FedRegion(
                row.region,
                row.name,
                row.city,
                row.pue,
                row.pue_is_default,
                row.pue_source,
                *counts.get(row.region, (0, 0)),
            ),
        )
    return by_zone
