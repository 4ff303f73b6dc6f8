"""Readings as their sources told them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from accounts.selectors.scope import Scope
from carbon.models import CarbonReading
from carbon.models.reading import CarbonReadingQuerySet
from finops.core.pages import Order, Page, Position, page_of
from finops.core.periods import Period

_ORDER = (Order("starts_at"), Order("zone_id"), Order("pk"))


@dataclass(frozen=True, slots=True)
class WantedReadings:
    """Which readings; what is empty or None narrows nothing."""

    period: Period
    zone: str = ""
    source: str = ""
    signal: str = ""
    is_estimated: bool | None = None


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """Some readings, oldest first, and how many there are in all."""

    page: Page[CarbonReading]
    count: int


def reading_page(scope: Scope, wanted: WantedReadings, position: Position) -> ReadingPage:
    """What the user of `scope` may see of them; two queries."""
    readings = _readings(scope, wanted)
    return ReadingPage(page_of(readings, _ORDER, position), readings.count())


def all_readings(scope: Scope, wanted: WantedReadings) -> Iterator[CarbonReading]:
    """The same readings in the same order, read as they are asked for."""
    ordered = _readings(scope, wanted).order_by(*(each.name for each in _ORDER))
    return ordered.iterator(chunk_size=2000)


def _readings(scope: Scope, wanted: WantedReadings) -> CarbonReadingQuerySet:
    readings: CarbonReadingQuerySet = (
        CarbonReading.objects.visible_to(scope.user).during(wanted.period).select_related("licensee")
    )
    if scope.team is not None:
        readings = readings.filter(Q(licensee=None) | Q(licensee=scope.team))
    named = {"zone": wanted.zone, "source": wanted.source, "signal": wanted.signal}
    readings = readings.filter(**{name: value for name, value in named.items() if value})
    return readings if wanted.is_estimated is None else readings.filter(is_estimated=wanted.is_estimated)
