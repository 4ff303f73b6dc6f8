"""What the Carbon Aware API and its command tell: observed intensity of locations, its best, and forecasts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from carbon.estimators.selection import Mask, answers, competes, lowest
from carbon.estimators.series import IntensityPoints, Place, instant_of
from carbon.selectors.forecasts import current_forecasts, forecasts_as_of
from carbon.selectors.locations import AskedLocation
from carbon.selectors.observed import observed_points

Reader = User | AnonymousUser

# Nothing is known of times before and after; beyond them a database cannot be asked.
_FIRST = -(60 * 366 * 86_400 * 1_000_000)
_LAST = 1_000 * 365 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class LocationPoints:
    """What answers at one location; all points come from one source."""

    location: str  # in the client's own word
    points: IntensityPoints


@dataclass(frozen=True, slots=True)
class AskedPeriod:
    """A location and a time, microseconds since 1970."""

    location: AskedLocation
    start: int
    end: int


def observed(locations: Sequence[AskedLocation], *, start: int, end: int, user: Reader) -> list[LocationPoints]:
    """The points that answer about `start` to `end`, in the order of the locations; those without any are left out.

    Microseconds since 1970. One or two queries, however many locations.
    """
    told = _told(locations, start=start, end=end, user=user)
    return [
        LocationPoints(location.name, points)
        for location, points in zip(locations, told, strict=True)
        if points is not None
    ]


def observed_in_periods(asked: Sequence[AskedPeriod], *, user: Reader) -> list[IntensityPoints | None]:
    """What answers each question, in order; None where nothing does. Queries as `observed_by_period`."""
    return list(observed_by_period(asked, user=user))


def observed_by_period(asked: Sequence[AskedPeriod], *, user: Reader) -> Iterator[IntensityPoints | None]:
    """What answers each question, in order, worked out one by one so that a caller may stop at the first without.

    One or two queries, and the same again for each question about a time of which the first source that told
    anything about all of them told nothing.
    """
    if not asked:
        return
    first, last = min(each.start for each in asked), max(each.end for each in asked)
    of_all = _told([each.location for each in asked], start=first, end=last, user=user)
    for each, points in zip(asked, of_all, strict=True):
        chosen = _answering(points, start=each.start, end=each.end)
        if chosen is None and points is not None:
            # Whoever told most of that time told nothing of this one; another source may have.
            chosen = _told([each.location], start=each.start, end=each.end, user=user)[0]
        yield chosen


def best_of(told: Iterable[LocationPoints], *, start: int, end: int) -> list[LocationPoints]:
    """Every point with the lowest intensity of all, in the same order; those that only touch the end are left out."""
    competing = [
        LocationPoints(each.location, points)
        for each in told
        if (points := _where(each.points, competes, start=start, end=end)) is not None
    ]
    if not competing:
        return []
    least = min(float(each.points.gco2e_per_kwh.min()) for each in competing)
    return [
        LocationPoints(each.location, each.points.chosen(lowest(each.points.gco2e_per_kwh)))
        for each in competing
        if float(each.points.gco2e_per_kwh.min()) == least
    ]


def forecasts_now(locations: Sequence[AskedLocation], *, now: datetime, user: Reader) -> list[IntensityPoints | None]:
    """The forecast in force at each location, in order; None where there is none. One or two queries."""
    places = _places_of(locations)
    issued = dict(zip(places, current_forecasts(places, now, user), strict=True)) if places else {}
    return [_first(issued.get(place) for place in location.places) for location in locations]


def forecasts_then(asked: Sequence[tuple[AskedLocation, int]], *, user: Reader) -> list[IntensityPoints | None]:
    """What `forecasts_now` would have given for each location at each instant (microseconds since 1970).

    At most four queries.
    """
    pairs = list(dict.fromkeys((place, _knowable(at)) for location, at in asked for place in location.places))
    issued = dict(zip(pairs, forecasts_as_of(pairs, user), strict=True))
    return [_first(issued.get((place, _knowable(at))) for place in location.places) for location, at in asked]


def _told(locations: Sequence[AskedLocation], *, start: int, end: int, user: Reader) -> list[IntensityPoints | None]:
    """For each location the points of the first of its places that has any for the time."""
    places = _places_of(locations)
    points = observed_points(places, _knowable(start), _knowable(end), user) if places else []
    by_place = {place: _answering(each, start=start, end=end) for place, each in zip(places, points, strict=True)}
    return [_first(by_place[place] for place in location.places) for location in locations]


def _knowable(microseconds: int) -> datetime:
    return instant_of(min(max(microseconds, _FIRST), _LAST))


def _places_of(locations: Iterable[AskedLocation]) -> list[Place]:
    return list(dict.fromkeys(place for location in locations for place in location.places))


def _first(answers: Iterable[IntensityPoints | None]) -> IntensityPoints | None:
    return next((answer for answer in answers if answer is not None), None)


def _answering(points: IntensityPoints | None, *, start: int, end: int) -> IntensityPoints | None:
    return None if points is None else _where(points, answers, start=start, end=end)


def _where(points: IntensityPoints, rule: Callable[..., Mask], *, start: int, end: int) -> IntensityPoints | None:
    chosen = points.chosen(rule(points.starts_at, points.duration, start=start, end=end))
    return chosen if len(chosen) else None
