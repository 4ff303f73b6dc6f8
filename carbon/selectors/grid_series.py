"""Readings as series: one for each source and signal of a zone, never averaged with another."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Q

from accounts.selectors.scope import Scope
from carbon.estimators.intensity import hourly_means
from carbon.estimators.series import Place
from carbon.models import CarbonReading, Signal, Zone
from carbon.reference.grid_sources import SIMULATED
from carbon.reference.intensity_sources import IntensitySource, intensity_source
from carbon.selectors.places import Rank, Settings, rank, source_order
from finops.core.periods import DAY, HOUR, MICROSECOND, MINUTE, Period

SHOWN_HOURS = 48
COUNTED_DAYS = 30  # over which the share of estimated readings is counted


class HourReading(NamedTuple):
    """One hour of one series: the time-weighted mean of what was read in it."""

    starts_at: datetime
    gco2e_per_kwh: float
    is_estimated: bool  # any part of it
    estimation_method: str  # in the words of its source

    @property
    def estimated_how(self) -> str:
        """The method as words: TIME_SLICER_AVERAGE is a time slicer average."""
        return self.estimation_method.replace("_", " ").lower()


@dataclass(frozen=True, slots=True)
class ReadingSeries:
    """What one source told of one signal of a zone."""

    source: IntensitySource
    signal: str
    licensee: str  # the team whose key bought it; empty where everybody may see it
    hours: tuple[HourReading | None, ...]  # one for each shown hour; None where nothing was read
    newest_at: datetime  # start of its newest reading, be it older than the shown hours
    retrieved_at: datetime  # when it last brought anything
    readings_counted: int  # of the last COUNTED_DAYS
    readings_estimated: int

    @property
    def is_simulated(self) -> bool:
        """Whether a stand-in told it."""
        return self.source.name == SIMULATED

    @property
    def label(self) -> str:
        """The source and, where its answers are a team's own, the team."""
        return f"{self.source.label} ({self.licensee})" if self.licensee else self.source.label

    @property
    def known_hours(self) -> tuple[HourReading, ...]:
        """The shown hours that were read."""
        return tuple(hour for hour in self.hours if hour is not None)

    @property
    def latest(self) -> HourReading | None:
        """The latest shown hour that was read."""
        return next((hour for hour in reversed(self.hours) if hour is not None), None)

    @property
    def mean_gco2e_per_kwh(self) -> float | None:
        """Of the shown hours that were read."""
        values = [hour.gco2e_per_kwh for hour in self.known_hours]
        return sum(values) / len(values) if values else None

    @property
    def low_gco2e_per_kwh(self) -> float | None:
        """The cleanest of the shown hours."""
        return min((hour.gco2e_per_kwh for hour in self.known_hours), default=None)

    @property
    def high_gco2e_per_kwh(self) -> float | None:
        """The dirtiest of the shown hours."""
        return max((hour.gco2e_per_kwh for hour in self.known_hours), default=None)

    @property
    def estimated_share(self) -> float | None:
        """Of the shown hours that were read."""
        known = self.known_hours
        return sum(hour.is_estimated for hour in known) / len(known) if known else None

    @property
    def counted_estimated_share(self) -> float | None:
        """Of all readings of the last COUNTED_DAYS."""
        return self.readings_estimated / self.readings_counted if self.readings_counted else None


_Key = tuple[str, str, str, int | None]  # zone, source, signal, licensee


def reading_series(scope: Scope, *, zones: Sequence[Zone], period: Period) -> dict[str, tuple[ReadingSeries, ...]]:
    """By zone key, its series over the hours of `period`, as the user of `scope` may see them; two queries.

    Average stands before marginal; among these, in the order in which figures prefer them.
    """
    visible = CarbonReading.objects.visible_to(scope.user).filter(
        zone__in=[zone.pk for zone in zones],
        duration_microseconds__gte=MINUTE // MICROSECOND,  # an instant says nothing about an hour
    )
    if scope.team is not None:
        visible = visible.filter(Q(licensee=None) | Q(licensee=scope.team))
    read: defaultdict[_Key, list[tuple[datetime, int, float, bool, str]]] = defaultdict(list)
    rows = (
        visible.filter(starts_at__gt=period.start - HOUR, starts_at__lt=period.end)
        .order_by("zone_id", "starts_at")
        .values_list(
            "zone_id", "source", "signal", "licensee_id",
            "starts_at", "duration_microseconds", "gco2e_per_kwh", "is_estimated", "estimation_method",
        )
    )  # fmt: skip
    for zone, source, signal, licensee, *reading in rows:
        read[zone, source, signal, licensee].append(tuple(reading))
    counted = (
        visible.filter(starts_at__gte=period.end - COUNTED_DAYS * DAY)
        .order_by()
        .values("zone_id", "source", "signal", "licensee_id")
        .annotate(
            newest_at=Max("starts_at"),
            brought_at=Max("retrieved_at"),
            counted=Count("pk"),
            estimated=Count("pk", filter=Q(is_estimated=True)),
        )
    )
    teams = {team.pk: team.name for team in scope.teams}
    found: dict[_Key, ReadingSeries] = {}
    for row in counted:
        key = row["zone_id"], row["source"], row["signal"], row["licensee_id"]
        found[key] = ReadingSeries(
            source=intensity_source(row["source"]),
            signal=row["signal"],
            licensee=teams.get(row["licensee_id"], ""),
            hours=_hours(read[key], period),
            newest_at=row["newest_at"],
            retrieved_at=row["brought_at"],
            readings_counted=row["counted"],
            readings_estimated=row["estimated"],
        )
    by_zone: defaultdict[str, list[_Key]] = defaultdict(list)
    settings = {zone.key: (zone.signal, zone.sources) for zone in zones}
    for key in sorted(found, key=lambda key: _rank(key, settings)):
        by_zone[key[0]].append(key)
    return {zone.key: tuple(found[key] for key in by_zone[zone.key]) for zone in zones}


def _rank(key: _Key, settings: Settings) -> tuple[bool, bool, Rank, str]:
    """Average before marginal, and then as the ledger chooses; a source that does not answer comes last."""
    zone, source, signal, licensee = key
    place = rank(source, licensee, source_order(Place(zone, signal), settings))
    return signal != Signal.AVERAGE, place is None, place or (0, licensee is None, licensee or 0), source


def _hours(
    readings: Iterable[tuple[datetime, int, float, bool, str]], period: Period
) -> tuple[HourReading | None, ...]:
    readings = list(readings)
    count = round(period.length / HOUR)
    if not readings:
        return (None,) * count
    starts = [round((starts_at - period.start) / MINUTE) for starts_at, *_ in readings]
    means = hourly_means(
        starts,
        [length * MICROSECOND // MINUTE for _, length, *_ in readings],
        [value for _, _, value, *_ in readings],
        [estimated for *_, estimated, _ in readings],
        hours=count,
    )
    methods = {start // 60: method for start, (*_, method) in zip(starts, readings, strict=True) if method}
    return tuple(
        None
        if value != value  # noqa: PLR0124 (NaN is unequal to itself)
        else HourReading(period.start + hour * HOUR, value, estimated, methods.get(hour, "") if estimated else "")
        for hour, (value, estimated) in enumerate(
            zip(means.gco2e_per_kwh.tolist(), means.is_estimated.tolist(), strict=True)
        )
    )
