"""Which places the names of clients mean, and which known place lies nearest to a point on the map."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from carbon.estimators.distance import kilometres
from carbon.estimators.series import Place
from carbon.models import Location, Zone, ZoneKind
from carbon.models.location import folded

# Farther from every known place, its grid would be a guess.
NEAR_KM = 100.0
_LONGEST_NAME = 150
_LOCATION = "location"


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
    """What each of `names` means, in order; None where nothing is called so. One query, however many.

    Upper and lower case are the same. Data imported under that very name answer first, then the zone of the
    location of that name; a zone's own key is understood where no location is called so.
    """
    meant = _meant({folded(name) for name in names if _may_be_a_name(name)})
    return [AskedLocation(name, meant[key]) if (key := folded(name)) in meant else None for name in names]


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


def _meant(wanted: set[str]) -> dict[str, tuple[Place, ...]]:
    """The places that answer for each folded name that is known, the first one first; none where it has no zone."""
    imported: dict[str, Place] = {}
    located: dict[str, Place | None] = {}
    zones: dict[str, Place] = {}
    for origin, name, zone, signal in _rows(sorted(wanted)):
        place = Place(zone, signal) if zone else None
        if origin == _LOCATION:
            located.setdefault(name, place)
        elif place is not None:
            (imported if origin == ZoneKind.FILE else zones)[folded(place.zone)] = place
    meant = {}
    for name in {*imported, *located, *zones}:
        places = [imported.get(name), located[name] if name in located else zones.get(name)]
        meant[name] = tuple(dict.fromkeys(place for place in places if place is not None))
    return meant


# Each request asks it, and building it anew costs more than running it. Those of files and the admin come first.
_ROWS = """
    SELECT %s AS origin, location.folded_key, COALESCE(own.key, regional.key) AS zone,
           COALESCE(NULLIF(location.signal, ''), own.signal, regional.signal) AS signal, location.is_shipped AS layer
      FROM carbon_location AS location
      LEFT JOIN carbon_zone AS own ON own.key = location.zone_id
      LEFT JOIN carbon_cloudregion AS region ON region.id = location.cloud_region_id
      LEFT JOIN carbon_zone AS regional ON regional.key = region.zone_id
     WHERE location.folded_key IN ({holes})
     UNION ALL
    SELECT kind, key, key, signal, NULL FROM carbon_zone WHERE LOWER(key) IN ({holes})
     ORDER BY layer
"""


def _rows(wanted: list[str]) -> list[tuple[str, str, str | None, str]]:
    """Origin (a location, or the kind of a zone), name, zone and signal."""
    if not wanted:
        return []
    holes = ", ".join(["%s"] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(holes=holes), [_LOCATION, *wanted, *wanted])
        return [row[:4] for row in cursor.fetchall()]
