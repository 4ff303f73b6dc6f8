"""Whose answer counts at a place: its own choice, else the zone's settings, else the usual order."""

from collections.abc import Iterable, Sequence

from carbon.estimators.series import Place
from carbon.models import Zone
from carbon.reference.grid_sources import usual_order

Rank = tuple[int, bool, int]


def places_of(zones: Iterable[Zone]) -> list[Place]:
    """Each zone as its settings have it, in the zones' order."""
    return [Place(zone.key, zone.signal, tuple(zone.sources)) for zone in zones]


def source_orders(places: Sequence[Place]) -> dict[Place, tuple[str, ...]]:
    """The sources that answer at each place, the first one first; one query where a place leaves the choice.

    A zone's own order is for the signal that the zone answers with; for the other one it is the usual order.
    """
    open_zones = {place.zone for place in places if not place.sources}
    settings = {key: (signal, tuple(sources)) for key, signal, sources in _settings(open_zones)} if open_zones else {}
    orders: dict[Place, tuple[str, ...]] = {}
    for place in places:
        order = place.sources
        if not order:
            signal, chosen = settings.get(place.zone, ("", ()))
            order = chosen if chosen and signal == place.signal else usual_order(place.signal)
        orders[place] = order
    return orders


def rank(source: str, licensee: int | None, order: tuple[str, ...]) -> Rank | None:
    """Where a series stands among those of a zone, smallest first: its source, then bought with a team's own key.

    None for a source that is not in the order: it does not answer.
    """
    if source not in order:
        return None
    return order.index(source), licensee is None, licensee or 0


def _settings(zones: Iterable[str]) -> Iterable[tuple[str, str, list[str]]]:
    return Zone.objects.filter(pk__in=sorted(zones)).exclude(sources=[]).values_list("key", "signal", "sources")
