"""Forecasts of carbon intensity as they were issued: the current one, and the one of a time gone by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Max

from accounts.models import User
from carbon.estimators.series import IntensityPoints, Place
from carbon.models import CarbonForecast
from carbon.reference.grid_sources import FILE
from carbon.selectors.places import Settings, rank, source_order

_HEAD_COLUMNS = (
    "zone_id",
    "signal",
    "source",
    "licensee_id",
    "generated_at",
    "ends_at",
    "retrieved_at",
    "zone__signal",
    "zone__sources",
)
_COLUMNS = (*_HEAD_COLUMNS, "points", "band")


@dataclass(frozen=True, slots=True)
class _Issue:
    zone: str
    signal: str
    source: str
    licensee: int | None
    generated_at: datetime
    ends_at: datetime
    retrieved_at: datetime
    zone_signal: str
    zone_sources: list[str]
    points: Any = None
    band: Any = None

    def answers_at(self, instant: datetime) -> bool:
        """Whether it may answer: it reaches beyond `instant`. A file's answers always, however old."""
        return self.source == FILE or self.ends_at > instant

    def as_points(self) -> IntensityPoints:
        return IntensityPoints(
            zone=self.zone,
            source=self.source,
            signal=self.signal,
            as_of=self.retrieved_at,
            starts_at=self.points["starts_at"],
            duration=self.points["duration"],
            gco2e_per_kwh=self.points["gco2e_per_kwh"],
            generated_at=self.generated_at,
            low=None if self.band is None else self.band["low"],
            high=None if self.band is None else self.band["high"],
        )


def current_forecasts(
    places: Sequence[Place], now: datetime, user: User | AnonymousUser
) -> list[IntensityPoints | None]:
    """For each place, in order, the forecast in force; None where there is none.

    That is the youngest issue of the first source in the place's order whose youngest issue still reaches beyond
    `now`. An imported file's counts however old it is, as in the SDK. One query.
    """
    issues = _issues(
        CarbonForecast.objects.visible_to(user).filter(
            is_latest=True, zone__in=sorted({place.zone for place in places})
        )
    )
    settings = _settings(issues)
    return [_first(issues, place, order=source_order(place, settings), instant=now) for place in places]


def forecasts_as_of(
    asked: Sequence[tuple[Place, datetime]], user: User | AnonymousUser
) -> list[IntensityPoints | None]:
    """For each place and instant, in order, what `current_forecasts` would have given then; None where nothing.

    Three queries, however many are asked.
    """
    if not asked:
        return []
    zones = sorted({place.zone for place, _ in asked})
    seen = CarbonForecast.objects.visible_to(user).filter(zone__in=zones)
    earliest, latest = min(at for _, at in asked), max(at for _, at in asked)
    # The issue in force at the earliest instant may be much older than all others that are wanted.
    before = (
        seen.filter(generated_at__lte=earliest)
        .order_by()
        .values("zone_id", "signal", "source", "licensee_id")
        .annotate(newest=Max("generated_at"))
        .values_list("newest", flat=True)
    )
    since = min(before, default=earliest)
    rows: Any = (
        seen.filter(generated_at__gte=since, generated_at__lte=latest)
        .order_by("generated_at")
        .values_list("pk", *_HEAD_COLUMNS)
    )
    heads = [(pk, _Issue(*columns)) for pk, *columns in rows]
    settings = _settings(issue for _, issue in heads)
    chosen = [
        _youngest_pk(heads, place, order=source_order(place, settings), instant=instant) for place, instant in asked
    ]
    issues = {
        pk: _Issue(*columns).as_points()
        for pk, *columns in CarbonForecast.objects.filter(pk__in={pk for pk in chosen if pk is not None})
        .order_by("pk")
        .values_list("pk", *_COLUMNS)
    }
    return [None if pk is None else issues[pk] for pk in chosen]


def _settings(issues: Iterable[_Issue]) -> Settings:
    return {issue.zone: (issue.zone_signal, issue.zone_sources) for issue in issues}


def _issues(forecasts: Any) -> list[_Issue]:
    return [_Issue(*columns) for columns in forecasts.order_by("zone", "generated_at").values_list(*_COLUMNS)]


def _first(
    issues: Iterable[_Issue], place: Place, *, order: tuple[str, ...], instant: datetime
) -> IntensityPoints | None:
    ranked = [
        (place_in_order, -index, issue)
        for index, issue in enumerate(issues)
        if issue.zone == place.zone
        and issue.signal == place.signal
        and issue.answers_at(instant)
        and (place_in_order := rank(issue.source, issue.licensee, order)) is not None
    ]
    return min(ranked)[2].as_points() if ranked else None


def _youngest_pk(
    heads: Iterable[tuple[int, _Issue]], place: Place, *, order: tuple[str, ...], instant: datetime
) -> int | None:
    """The issue in force at `instant`; `heads` come by the time of their issue."""
    youngest: dict[Any, tuple[int, _Issue]] = {}
    for pk, issue in heads:
        if issue.generated_at > instant:
            break
        if (issue.zone, issue.signal) == (place.zone, place.signal):
            place_in_order = rank(issue.source, issue.licensee, order)
            if place_in_order is not None:
                youngest[place_in_order] = (pk, issue)
    for place_in_order in sorted(youngest):
        pk, issue = youngest[place_in_order]
        if issue.answers_at(instant):
            return pk
    return None
