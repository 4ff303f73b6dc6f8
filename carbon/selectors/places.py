"""Whose answer counts at a place: its own choice, else the zone's settings, else the usual order."""

from collections.abc import Iterable, Mapping

from carbon.estimators.series import Place
from carbon.models import Zone
from carbon.reference.grid_sources import usual_order

Rank = tuple[int, bool, int]
# By zone: the signal it answers with where nobody asks for one, and its sources (empty for the usual order).
Settings = Mapping[str, tuple[str, list[str]]]


def places_of(zones: Iterable[Zone]) -> list[Place]:
    """Each zone as its settings have it, in the zones' order."""
    return [Place(zone.key, zone.signal, tuple(zone.sources)) for zone in zones]


def source_order(place: Place, settings: Settings) -> tuple[str, ...]:
    """The sources that answer at a place, the first one first.

    A zone's own order is for the signal that the zone answers with; for the other one it is the usual order.
    """
    if place.sources:
        return place.sources
    signal, chosen = settings.get(place.zone, ("", []))
    return tuple(chosen) if chosen and signal == place.signal else usual_order(place.signal)


def rank(source: str, licensee: int | None, order: tuple[str, ...]) -> Rank | None:
    """Where a series stands among those of a zone, smallest first: its source, then bought with a team's own key.

    None for a source that is not in the order: it does not answer.
    """
    if source not in order:
        return None
    return order.index(source), licensee is None, licensee or 0
