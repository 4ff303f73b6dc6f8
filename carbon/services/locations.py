"""Takes over the locations of files, under names that stay the same however often they are read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import TextField, Value
from django.db.models.functions import Cast, Concat

from carbon.files.locations import LocationEntry, LocationFile
from carbon.models import CloudRegion, Location, Zone
from carbon.models.location import folded
from carbon.selectors.locations import NEAR_KM, nearest_location
from finops.core.upstream.errors import UpstreamError

ZoneFinder = Callable[[float, float], str | None]

_COLUMNS = ["key", "folded_key", "name", "latitude", "longitude", "zone", "wanted_key", "source"]


@dataclass(slots=True)
class ImportedLocations:
    """What an import did."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    renamed: dict[str, str] = field(default_factory=dict)  # the name wanted, by the name it has
    without_zone: list[str] = field(default_factory=list)
    not_asked: str = ""  # why the source could not be asked for zones


def import_locations(
    files: Sequence[LocationFile], *, is_all: bool = False, zone_at: ZoneFinder | None = None
) -> ImportedLocations:
    """Store the locations of `files` in their order, beside those of other files, or with `is_all` in their place.

    A name that another location has already is followed by _1, _2 and so on; a name that one of the files really
    holds is not given away so. What was read before keeps its name, whatever is read now, and an entry that its file
    has no more goes. Shipped locations are no collision: they lie beneath.

    `zone_at` is asked for the zones of coordinates without a known name; where it knows none, the nearest known
    location within NEAR_KM stands in. Run again it changes nothing.
    """
    outcome = ImportedLocations()
    zones = _zones_of([entry for file in files for entry in file.entries], zone_at=zone_at, outcome=outcome)
    with transaction.atomic():
        stored = list(Location.objects.select_for_update().filter(is_shipped=False).order_by("pk"))
        names = {file.name for file in files}
        before = {(row.file_name, row.key_in_file): row for row in stored if row.file_name in names}
        taken = {row.folded_key for row in stored}
        wanted = [(file, entry, file.prefix + file.delimiter + entry.key) for file in files for entry in file.entries]
        kept = {(file.name, entry.key): key for file, entry, key in wanted}
        # What the admin made has no file, and stays.
        gone = [
            row
            for row in stored
            if row.file_name and (is_all or row.file_name in names) and (row.file_name, row.key_in_file) not in kept
        ]
        renamed = [row for place, row in before.items() if place in kept and row.wanted_key != kept[place]]
        taken -= {row.folded_key for row in (*gone, *renamed)}
        Location.objects.filter(pk__in=[row.pk for row in gone]).delete()
        # Two rows may exchange their names, which no order of single updates would allow.
        Location.objects.filter(pk__in=[row.pk for row in renamed]).update(
            folded_key=Concat(Value("\x1f"), Cast("pk", TextField()))
        )
        outcome.removed = len(gone)
        rows = _named(wanted, before=before, taken=taken)
        for (_, entry, key), row in zip(wanted, rows, strict=True):
            _take_over(row, entry, key, zone=zones[entry])
            if row.key != key:
                outcome.renamed[row.key] = key
            if row.zone_id is None:
                outcome.without_zone.append(row.key)
        _write(rows, outcome)
    return outcome


def _named(
    wanted: Sequence[tuple[LocationFile, LocationEntry, str]],
    *,
    before: dict[tuple[str, str], Location],
    taken: set[str],
) -> list[Location]:
    """A row for each location, with its name."""
    real = {folded(key) for _, _, key in wanted}
    rows = []
    for file, entry, key in wanted:
        row = before.get((file.name, entry.key))
        if row is None or row.wanted_key != key:
            row = row or Location(file_name=file.name, key_in_file=entry.key)
            row.key = _free(key, taken=taken, real=real)
            taken.add(folded(row.key))
        rows.append(row)
    return rows


def _free(key: str, *, taken: set[str], real: set[str]) -> str:
    if folded(key) not in taken:
        return key
    number = 1
    while (candidate := folded(f"{key}_{number}")) in taken or candidate in real:
        number += 1
    return f"{key}_{number}"


def _take_over(row: Location, entry: LocationEntry, key: str, *, zone: tuple[str | None, str]) -> None:
    row.folded_key = folded(row.key)
    row.wanted_key = key
    row.name = entry.name
    row.latitude, row.longitude = entry.latitude, entry.longitude
    row.zone_id, row.source = zone


def _write(rows: Sequence[Location], outcome: ImportedLocations) -> None:
    new = [row for row in rows if row.pk is None]
    old = [row for row in rows if row.pk is not None]
    Location.objects.bulk_update(old, _COLUMNS)
    Location.objects.bulk_create(new)
    outcome.added, outcome.updated = len(new), len(old)


def _zones_of(
    entries: Iterable[LocationEntry], *, zone_at: ZoneFinder | None, outcome: ImportedLocations
) -> dict[LocationEntry, tuple[str | None, str]]:
    """The zone of each location and where it comes from: its name, the source, or what lies nearest."""
    keys = {folded(key): key for key in Zone.objects.values_list("key", flat=True)}
    regions = dict(CloudRegion.objects.filter(provider="aws").values_list("region", "zone_id"))
    shipped = {
        name: zone
        for name, zone in Location.objects.filter(is_shipped=True).values_list("folded_key", "zone_id")
        if zone
    }
    shipped |= {folded(name): zone for name, zone in regions.items()}
    found: dict[LocationEntry, tuple[str | None, str]] = {}
    for entry in dict.fromkeys(entries):
        name = folded(entry.name)
        if name in keys:
            found[entry] = keys[name], "Zone by its name."
        elif name in shipped:
            found[entry] = shipped[name], "Zone of the cloud region of that name."
        elif entry.latitude is not None and entry.longitude is not None:
            found[entry] = _zone_by_place(
                entry.latitude, entry.longitude, zone_at=zone_at, keys=keys, shipped=shipped, outcome=outcome
            )
        else:
            found[entry] = None, "No zone of that name is known."
    return found


def _zone_by_place(
    latitude: float,
    longitude: float,
    *,
    zone_at: ZoneFinder | None,
    keys: dict[str, str],
    shipped: dict[str, str],
    outcome: ImportedLocations,
) -> tuple[str | None, str]:
    if zone_at is not None and not outcome.not_asked:
        try:
            told = zone_at(latitude, longitude)
        except UpstreamError as error:
            outcome.not_asked = error.message
        else:
            if told is not None and folded(told) in keys:
                return keys[folded(told)], "Zone by coordinates, as the source told it."
    nearest = nearest_location(latitude, longitude)
    if nearest is not None and nearest.distance_km <= NEAR_KM and folded(nearest.key) in shipped:
        return shipped[folded(nearest.key)], f"Zone of {nearest.key}, {nearest.distance_km:.0f} km away."
    return None, f"No known location lies within {NEAR_KM:.0f} km."
