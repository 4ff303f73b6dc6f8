"""Location files of the Carbon Aware SDK, and the part of its settings that lists them."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .problems import FileProblem, shown

_LONGEST_KEY = 100
_LIMITS = {"latitude": 90.0, "longitude": 180.0}
# What .NET allows in its settings beside JSON: comments, and a comma after the last member.
_TEXT_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


@dataclass(frozen=True, slots=True)
class LocationEntry:
    """One location of a file. It has a name, or both coordinates, or all of them."""

    key: str
    name: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class LocationFile:
    """A file's locations in their order, and what its names are to begin with."""

    name: str  # by which the file is known again
    prefix: str
    delimiter: str
    entries: tuple[LocationEntry, ...]


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A location file as settings list it."""

    path: Path
    prefix: str
    delimiter: str


def read_location_file(path: Path, *, prefix: str = "", delimiter: str = "") -> LocationFile:
    """The locations of a file in the SDK's JSON; raises FileProblem naming the entry that cannot be used."""
    content = _json_of(path)
    if not isinstance(content, dict):
        raise FileProblem(f"{path.name}: a location file is an object of locations by name.")
    entries = tuple(_entry(path, key, value) for key, value in content.items())
    for entry in entries:
        if len(prefix + delimiter + entry.key) > _LONGEST_KEY:
            raise FileProblem(f"{path.name}: {shown(entry.key)} is longer than {_LONGEST_KEY} characters.")
    return LocationFile(path.name, prefix, delimiter, entries)


def listed_files(settings: Path) -> list[ListedFile]:
    """The files that LocationDataSourcesConfiguration of an appsettings.json lists, in its order.

    Their paths start where the settings lie, or in location-sources/json/ beside them, where the SDK looks.
    """
    content = _json_of(settings, is_lenient=True)
    section = _member(content, "LocationDataSourcesConfiguration")
    listed = _member(section, "LocationSourceFiles")
    if not isinstance(listed, list):
        raise FileProblem(f"{settings.name}: LocationDataSourcesConfiguration has no list of LocationSourceFiles.")
    files = []
    for number, each in enumerate(listed, start=1):
        place = _member(each, "DataFileLocation")
        if not isinstance(place, str) or not place.strip():
            raise FileProblem(f"{settings.name}: location file {number} has no DataFileLocation.")
        prefix, delimiter = (_member(each, name) or "" for name in ("Prefix", "Delimiter"))
        files.append(ListedFile(_found(settings.parent, place), str(prefix), str(delimiter)))
    return files


def _found(folder: Path, place: str) -> Path:
    candidates = [folder / place, folder / "location-sources" / "json" / place, folder / "location-sources" / place]
    return next((path for path in candidates if path.is_file()), candidates[0])


def _json_of(path: Path, *, is_lenient: bool = False) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(f"{path.name} cannot be read: {error}.") from error
    if is_lenient:
        text = _LAST_COMMA.sub(lambda found: found[1] or "", _TEXT_OR_COMMENT.sub(lambda found: found[1] or " ", text))
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileProblem(f"{path.name} is no JSON that can be read: {error}.") from error


def _member(content: Any, name: str) -> Any:
    """A member of an object, whatever its case."""
    if not isinstance(content, dict):
        return None
    return next((value for key, value in content.items() if key.lower() == name.lower()), None)


def _entry(path: Path, key: str, value: Any) -> LocationEntry:
    if not key.strip() or not key.isprintable():
        raise FileProblem(f"{path.name}: {shown(key)} is no name that a client could ask by.")
    if not isinstance(value, dict):
        raise FileProblem(f"{path.name}: {shown(key)} is no object with Latitude, Longitude and Name.")
    name = _member(value, "Name")
    latitude, longitude = (_degrees(path, key, value, member) for member in ("Latitude", "Longitude"))
    name = name.strip() if isinstance(name, str) else ""
    if (latitude is None) != (longitude is None):
        raise FileProblem(f"{path.name}: {shown(key)} has one of Latitude and Longitude; give both or none.")
    if not name and latitude is None:
        raise FileProblem(f"{path.name}: {shown(key)} has neither a Name nor Latitude and Longitude.")
    return LocationEntry(key, name[:_LONGEST_KEY], latitude, longitude)


def _degrees(path: Path, key: str, value: Mapping[str, Any], member: str) -> float | None:
    """Degrees from text, as the SDK has them, or from a number."""
    given = _member(value, member)
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    try:
        degrees = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else math.nan
    except ValueError:
        degrees = math.nan
    if not abs(degrees) <= _LIMITS[member.lower()]:
        raise FileProblem(f"{path.name}: the {member} of {shown(key)} is {shown(str(given))}, which is no place.")
    return degrees
