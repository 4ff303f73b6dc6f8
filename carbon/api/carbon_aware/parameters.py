"""The parameters of an address as the Carbon Aware SDK takes them, under every name that its clients know."""

import difflib
import math
import re
from collections.abc import Mapping

from django.http import QueryDict

from carbon.api.carbon_aware.problems import Errors, unreadable
from carbon.api.carbon_aware.times import ClientTime, read_in_address

LOCATION = "location"
LATITUDE, LONGITUDE = "latitude", "longitude"
_ALIASES: Mapping[str, tuple[str, ...]] = {
    LOCATION: ("locations", "location[]", "locations[]"),
    LATITUDE: ("lat",),
    LONGITUDE: ("lon", "lng"),
    # The SDK's release 1.1 called them so; clients of that time still do.
    "time": ("startTime",),
    "toTime": ("endTime",),
}
# What the SDK's framework calls them where it cannot read one.
PROPERTY = {
    "time": "Start",
    "startTime": "Start",
    "dataStartAt": "Start",
    "toTime": "End",
    "endTime": "End",
    "dataEndAt": "End",
    "windowSize": "Duration",
    "requestedAt": "Requested",
}
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,10}\s*", re.ASCII)
_INT32 = 2**31
_MOST_NAMED = 5
_LONGEST_NAME = 40


def integer_of(text: str) -> int | None:
    """A 32-bit integer as .NET reads it, or None."""
    if not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if -_INT32 <= value < _INT32 else None


def degrees_of(text: str, *, limit: float) -> float | None:
    """Degrees from -limit to limit, or None."""
    try:
        value = float(text) if len(text) <= _LONGEST_NAME else math.nan
    except ValueError:
        return None
    return value if abs(value) <= limit else None


class Query:
    """The parameters of one request. Names are the same in upper and lower case; what is empty was not given."""

    def __init__(self, parameters: QueryDict, *, names: tuple[str, ...], names_its_property: bool = True) -> None:
        """Sort what was given by the `names` that this operation knows. A name goes before its aliases."""
        known = {spelling.lower(): name for name in names for spelling in (name, *_ALIASES.get(name, ()))}
        self._values: dict[str, list[str]] = {}
        self._spelling: dict[str, str] = {}
        self._errors: Errors = {}
        self._names_its_property = names_its_property
        self._unknown: list[tuple[str, str | None]] = []
        given = sorted(parameters.lists(), key=lambda item: item[0].lower() not in {name.lower() for name in names})
        for spelling, values in given:
            name = known.get(spelling.lower())
            if name is None:
                self._unknown.append((spelling, _meant(spelling, known)))
            else:
                self._values.setdefault(name, []).extend(str(value) for value in values)
                self._spelling.setdefault(name, spelling)

    def is_spelled_otherwise(self, name: str) -> bool:
        """Whether a parameter was given by one of its aliases."""
        return self._spelling.get(name, name).lower() != name.lower()

    def first(self, name: str) -> str | None:
        """The first value of a parameter."""
        value = next(iter(self._values.get(name, ())), "")
        return value if value.strip() else None

    def all(self, name: str) -> list[str]:
        """Every value of a parameter, in order."""
        return [value for value in self._values.get(name, ()) if value.strip()]

    def time(self, name: str) -> ClientTime | None:
        """An instant, None where it was not given or cannot be read, of which `check` tells."""
        text = self.first(name)
        value = None if text is None else read_in_address(text)
        if text is not None and value is None:
            self._cannot_read(name, text)
        return value

    def integer(self, name: str) -> int | None:
        """An integer, None where it was not given or cannot be read, of which `check` tells."""
        text = self.first(name)
        value = None if text is None else integer_of(text)
        if text is not None and value is None:
            self._cannot_read(name, text)
        return value

    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude, None where they were not given or cannot be read, of which `check` tells."""
        values = []
        for name, other, limit in ((LATITUDE, LONGITUDE, 90.0), (LONGITUDE, LATITUDE, 180.0)):
            text = self.first(name)
            if text is not None and (value := degrees_of(text, limit=limit)) is not None:
                values.append(value)
            elif text is not None:
                self._cannot_read(name, text)
            elif self.first(other) is not None:
                self._errors.setdefault(name, []).append(f"The {name} field is required beside {other}.")
        return (values[0], values[1]) if len(values) == 2 else None  # noqa: PLR2004 (a pair)

    def check(self) -> None:
        """Raise the problem of what could not be read, all of it at once."""
        if self._errors:
            raise unreadable(self._errors)

    def refuse(self, name: str, message: str) -> None:
        """Have `check` tell of a parameter that is missing."""
        self._errors.setdefault(name, []).append(message)

    def warnings(self) -> list[str]:
        """A sentence for each parameter that this operation does not know."""
        sentences = [
            f"The parameter '{spelling[:_LONGEST_NAME]}' is not known here and was ignored."
            + (f" Did you mean '{meant}'?" if meant else "")
            for spelling, meant in self._unknown[:_MOST_NAMED]
        ]
        if (more := len(self._unknown) - _MOST_NAMED) > 0:
            sentences.append(f"{more} more parameters are not known here and were ignored.")
        return sentences

    def _cannot_read(self, name: str, text: str) -> None:
        place = f" for {PROPERTY[name]}" if self._names_its_property and name in PROPERTY else ""
        for key in {name: None, self._spelling.get(name, name): None}:
            self._errors.setdefault(key, []).append(f"The value '{text}' is not valid{place}.")


def _meant(spelling: str, known: Mapping[str, str]) -> str | None:
    """The parameter that a mistyped one resembles."""
    spellings = {name.lower(): name for item in known.items() for name in (item[1], *_ALIASES.get(item[1], ()))}
    close = difflib.get_close_matches(spelling.lower()[:_LONGEST_NAME], spellings, n=1, cutoff=0.7)
    return spellings[close[0]] if close else None
