"""Intensities and forecasts in the JSON format of the Carbon Aware SDK, with its `Emissions` or as a bare array.

`{"Emissions": [{"Location", "Time", "Rating", "Duration"}], "EmissionsForecasts": [{"GeneratedAt", "Location":
{"Name"}, "ForecastData": [as in Emissions]}]}`. Members may be in any case; a time without an offset is UTC.
"""

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from .problems import FileProblem, shown
from .text import FIRST_YEAR, LAST_YEAR
from .told_series import (
    HIGHEST_PLAUSIBLE_GCO2E_PER_KWH,
    LONGEST_NAME,
    Columns,
    ToldFile,
    ToldForecast,
    by_name,
    is_name,
)

_MOST_BYTES: Final = 256 << 20
_LONGEST_DURATION: Final = timedelta(days=3660)
_EPOCH: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_END: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# .NET's constant format, of which hours and minutes alone are taken too.
_DURATION: Final = re.compile(r"(?:(\d{1,5})\.)?(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,7}))?)?", re.ASCII)
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,](\d+))?)?(?: ?(?:[Zz]|[+-]\d\d(?::?\d\d)?))?)?", re.ASCII
)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_LAST_DIGIT_OF_MICROSECONDS: Final = 6
_HOURS_A_DAY: Final = 24


def read_sdk_json(path: Path) -> ToldFile:
    """All that the file tells. Raises FileProblem, naming file and place, for what cannot be read."""
    parsed = _parsed(path)
    told = ToldFile()
    reader = _Reader(path, told)
    if isinstance(parsed, list):
        reader.emissions(parsed, "")
        return told
    content = _members(parsed, path, "")
    if not {"emissions", "emissionsforecasts"} & set(content):
        raise FileProblem(f"{path.name}: It holds neither “Emissions” nor “EmissionsForecasts”, nor is it an array.")
    reader.emissions(_none_as_empty(content.get("emissions")), "Emissions")
    reader.forecasts(_none_as_empty(content.get("emissionsforecasts")))
    return told


class _Reader:
    """Reads entries one by one; each error names its place in the file."""

    def __init__(self, path: Path, told: ToldFile) -> None:
        self._path = path
        self._told = told

    def emissions(self, entries: Any, place: str) -> None:
        columns: dict[str, Columns] = {}
        for at, entry in self._entries(entries, place):
            name = self._name(entry.get("location"), f"{at}.Location")
            columns.setdefault(name, Columns()).add(*self._point(entry, at))
        by_name(columns.items(), told=self._told)

    def forecasts(self, entries: Any) -> None:
        issues: dict[tuple[str, int], ToldForecast] = {}
        for at, entry in self._entries(entries, "EmissionsForecasts"):
            where = entry.get("location")
            name = _members(where, self._path, f"{at}.Location").get("name") if isinstance(where, dict) else where
            name = self._name(name, f"{at}.Location.Name")
            generated_at = self._instant(entry.get("generatedat"), f"{at}.GeneratedAt")
            columns = Columns()
            for point_at, point in self._entries(entry.get("forecastdata"), f"{at}.ForecastData"):
                columns.add(*self._point(point, point_at))
            if not columns.starts_at:
                raise self._problem(f"{at}.ForecastData", "There is no point in it.")
            series, repeated = columns.as_series(name)
            self._told.repeated += repeated + ((name, generated_at) in issues)
            issues[name, generated_at] = ToldForecast(generated_at, series)
        self._told.forecasts = [issues[key] for key in sorted(issues)]

    def _entries(self, entries: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if not isinstance(entries, list):
            raise self._problem(place, "An array is wanted here.")
        for number, entry in enumerate(entries):
            yield f"{place}[{number}]", _members(entry, self._path, f"{place}[{number}]")

    def _point(self, entry: dict[str, Any], at: str) -> tuple[int, int, float]:
        return (
            self._instant(entry.get("time"), f"{at}.Time"),
            self._duration(entry.get("duration"), f"{at}.Duration"),
            self._rating(entry.get("rating"), f"{at}.Rating"),
        )

    def _name(self, value: Any, place: str) -> str:
        if not isinstance(value, str) or not is_name(value):
            wanted = f"A name of 1 to {LONGEST_NAME} characters without “/” is wanted"
            raise self._problem(place, f"{wanted}, not {_as_text(value)}.")
        return value

    def _instant(self, value: Any, place: str) -> int:
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        try:
            instant = datetime.fromisoformat(value.upper() if match else "")
            since_1970 = instant.replace(tzinfo=instant.tzinfo or UTC) - _EPOCH
        except ValueError:
            raise self._problem(
                place, f"A time such as 2026-03-01T05:00:00Z is wanted, not {_as_text(value)}."
            ) from None
        if not timedelta(0) <= since_1970 < _END - _EPOCH:
            raise self._problem(place, f"{_as_text(value)} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")
        fraction = match.group(1) if match else None
        if fraction and fraction[_LAST_DIGIT_OF_MICROSECONDS:].strip("0"):
            self._told.cut_times += 1
        return since_1970 // _MICROSECOND

    def _duration(self, value: Any, place: str) -> int:
        """Microseconds; 0 where there is none."""
        if value is None:
            return 0
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[2]) >= _HOURS_A_DAY:
            raise self._problem(place, f"A duration such as 01:00:00 or 1.00:00:00 is wanted, not {_as_text(value)}.")
        days, hours, minutes, seconds = (int(part or 0) for part in match.group(1, 2, 3, 4))
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if length > _LONGEST_DURATION:
            raise self._problem(place, f"{_as_text(value)} is longer than ten years.")
        fraction = (match[5] or "").ljust(7, "0")
        self._told.cut_times += fraction[_LAST_DIGIT_OF_MICROSECONDS:] != "0"
        return length // _MICROSECOND + int(fraction[:_LAST_DIGIT_OF_MICROSECONDS])

    def _rating(self, value: Any, place: str) -> float:
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._problem(place, f"A number is wanted, not {_as_text(value)}.")
        if not 0 <= value <= HIGHEST_PLAUSIBLE_GCO2E_PER_KWH:
            bounds = f"0 to {HIGHEST_PLAUSIBLE_GCO2E_PER_KWH:g} gCO2e/kWh"
            raise self._problem(place, f"{_as_text(value)} lies outside {bounds}. Is the unit right?")
        return float(value)

    def _problem(self, place: str, message: str) -> FileProblem:
        return _problem(self._path, place, message)


def _parsed(path: Path) -> Any:
    if path.stat().st_size > _MOST_BYTES:
        raise FileProblem(f"{path.name} is larger than {_MOST_BYTES >> 20} MB. Import it in parts.")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileProblem(f"{path.name}, byte {error.start + 1}: The text is not UTF-8.") from None
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_not_too_long)
    except json.JSONDecodeError as error:
        raise FileProblem(
            f"{path.name}, line {error.lineno}, character {error.colno}: This is not JSON ({error.msg})."
        ) from None
    except ValueError as error:
        raise FileProblem(f"{path.name}: {error}") from None
    except RecursionError:
        raise FileProblem(f"{path.name}: The JSON is nested too deep.") from None


def _none_as_empty(entries: Any) -> Any:
    return [] if entries is None else entries


def _no_number(name: str) -> float:
    raise ValueError(f"{name} stands in it, which is no number.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{shown(digits)} stands in it, which is too large.")
    return number


def _not_too_long(digits: str) -> int:
    if len(digits) > 30:  # noqa: PLR2004 (longer than any number of grams)
        raise ValueError(f"{shown(digits)} stands in it, which is too large.")
    return int(digits)


def _members(entry: Any, path: Path, place: str) -> dict[str, Any]:
    """The members of an object by their names in lower case."""
    if not isinstance(entry, dict):
        raise _problem(path, place, f"An object is wanted, not {_as_text(entry)}.")
    return {name.lower(): value for name, value in entry.items()}


def _problem(path: Path, place: str, message: str) -> FileProblem:
    return FileProblem(f"{path.name}, {place}: {message}" if place else f"{path.name}: {message}")


def _as_text(value: Any) -> str:
    return "nothing" if value is None else shown(value if isinstance(value, str) else json.dumps(value)[:80])
