"""Which places the names of clients mean, and which known place lies nearest to a point on the map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models.functions import Lower

from carbon.estimators.distance import kilometres
from carbon.estimators.series import Place
from carbon.models import Location, Zone, ZoneKind
from carbon.models.location import folded

# Farther from every known place, its grid would be a guess.
NEAR_KM = 100.0
_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class KnownLocation:
    """A name that clients may ask by. Without coordinates both are None."""

    key: str
    name: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class AskedLocation:
    """What a client asked about: its own word for it, and the places whose data answer, the first one first."""

    name: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class NearestLocation:
    """The known location nearest to a point."""

    key: str
    distance_km: float


def known_locations() -> list[KnownLocation]:
    """Every name that clients may ask by, once, by name: of files and the admin, as shipped, and of imported data."""
    known: dict[str, KnownLocation] = {}
    rows = Location.objects.order_by("folded_key", "is_shipped")
    for folded_key, key, name, latitude, longitude in rows.values_list(
        "folded_key", "key", "name", "latitude", "longitude"
    ):
        known.setdefault(folded_key, KnownLocation(key, name, latitude, longitude))
    for key in Zone.objects.filter(kind=ZoneKind.FILE).values_list("key", flat=True):
        known.setdefault(folded(key), KnownLocation(key, key, None, None))
    return [known[key] for key in sorted(known)]


def asked_locations(names: Sequence[str]) -> list[AskedLocation | None]:
    """What each of `names` means, in order; None where nothing is called so. Two queries, however many.

    Upper and lower case are the same. Data imported under that very name answer first, then the zone of the
    location of that name; a zone's own key is understood where no location is called so.
    """
    wanted = {folded(name) for name in names if _may_be_a_name(name)}
    locations = dict(reversed(_places_of_locations(wanted)))
    zones: dict[str, tuple[str, Place]] = {
        folded(key): (kind, Place(key, signal))
        for key, kind, signal in Zone.objects.annotate(lower=Lower("key"))
        .filter(lower__in=sorted(wanted))
        .values_list("key", "kind", "signal")
    }

    def places_of(key: str) -> tuple[Place, ...]:
        kind, zone = zones.get(key, ("", None))
        location = locations.get(key)
        places = (location, None) if kind == ZoneKind.GRID and location else (zone, location)
        return tuple(dict.fromkeys(place for place in places if place is not None))

    return [
        AskedLocation(name, places_of(key)) if (key := folded(name)) in locations or key in zones else None
        for name in names
    ]


def all_places() -> list[AskedLocation]:
    """Every known location with its places, by name; the same queries as for a few."""
    names = [location.key for location in known_locations()]
    return [location for location in asked_locations(names) if location is not None]


def nearest_location(latitude: float, longitude: float) -> NearestLocation | None:
    """The known location nearest to a point that has a grid zone; None without any."""
    rows = list(
        Location.objects.exclude(latitude=None)
        .exclude(zone=None, cloud_region=None)
        .order_by("folded_key", "is_shipped")
        .values_list("key", "latitude", "longitude")
    )
    if not rows:
        return None
    keys, latitudes, longitudes = zip(*rows, strict=True)
    distances = kilometres(latitude, longitude, np.array(latitudes), np.array(longitudes))
    nearest = int(distances.argmin())
    return NearestLocation(keys[nearest], float(distances[nearest]))


def _may_be_a_name(text: str) -> bool:
    """Whether a database can be asked for it: not overlong, without NUL, and without half of a surrogate pair."""
    return len(text) <= _LONGEST_NAME and text.isprintable()


def _places_of_locations(wanted: set[str]) -> list[tuple[str, Place | None]]:
    """By name, those of files and the admin before the shipped ones; a location without a zone has no place."""
    rows = (
        Location.objects.filter(folded_key__in=sorted(wanted))
        .order_by("is_shipped", "folded_key")
        .values_list(
            "folded_key", "signal", "zone_id", "zone__signal", "cloud_region__zone_id", "cloud_region__zone__signal"
        )
    )
    places = []
    for key, own_signal, zone, zone_signal, zone_of_region, signal_of_region in rows:
        where, signal = (zone, zone_signal) if zone else (zone_of_region, signal_of_region)
        places.append((key, Place(where, own_signal or signal) if where else None))
    return places
