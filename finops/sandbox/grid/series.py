"""Hourly carbon intensity of each zone: the simulation's own formula, or a series read from a file.

    intensity = mean × (1 − sun × daylight + evening × peak − wind × weather + weekend + chance)

An hour's value does not depend on when it is asked. Only its estimate, told for the first hours, differs
from what it is settled at.
"""

import csv
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from finops.sandbox.grid.zones import ZONES, GridZone
from finops.sandbox.scenario.chance import Floats, bell, number_from

Hours = NDArray[np.int64]  # counted from 1970-01-01T00:00Z

YEAR_OF_WEEKS = 52 * 168
_WEEKEND, _DAY = 5, 24
_EPOCH_WEEKDAY = 3
_WEATHER_HOURS = (11, 29, 83)  # how fast fronts pass; numbers without a common divisor, so that no two weeks agree


class Series(Protocol):
    """Where intensities come from."""

    def values(self, zone: str, hours: Hours) -> Floats | None:
        """gCO2e/kWh of each hour, NaN where there is none; None for a zone the series does not hold."""


def hour_number(instant: datetime) -> int:
    """Full hours since 1970."""
    return int(instant.timestamp()) // 3600


def instant_of(hour: int) -> datetime:
    """The start of an hour."""
    return datetime.fromtimestamp(hour * 3600, tz=UTC)


@lru_cache(maxsize=4096)
def _offset_hours(zone: str, day: int) -> float:
    noon = datetime.fromtimestamp((day + 0.5) * 86_400, tz=ZONES[zone].time_zone)
    offset = noon.utcoffset()
    return offset / timedelta(hours=1) if offset else 0.0


def _weather(zone: GridZone, hours: Hours) -> Floats:
    """Wind over the zone, about −1 to 1: three swells of different length, each a smooth line between chances."""
    total = np.zeros(len(hours))
    for length in _WEATHER_HOURS:
        seed = number_from("weather", zone.key, length)
        knot, rest = hours // length, (hours % length) / length
        smooth = rest * rest * (3 - 2 * rest)
        total += bell(seed, knot) * (1 - smooth) + bell(seed, knot + 1) * smooth
    return np.asarray(np.clip(total / 1.3, -1.2, 1.2))


class TypicalSeries:
    """The formula, for every zone of the table, in all times."""

    def values(self, zone: str, hours: Hours) -> Floats | None:
        """gCO2e/kWh, whole numbers as the provider gives them; None for a zone that is not in the table."""
        place = ZONES.get(zone)
        if place is None:
            return None
        days, day_of_hour = np.unique(hours // _DAY, return_inverse=True)
        local = hours + np.array([_offset_hours(zone, int(day)) for day in days])[day_of_hour]
        hour = local % _DAY
        season = np.cos((hours / _DAY % 365.25 - 172) / 365.25 * 2 * np.pi) * (-1 if place.is_southern else 1)
        daylight = np.clip(np.cos((hour - 13) / _DAY * 2 * np.pi) + 0.12 * season, 0, None)
        clouds = 0.75 + 0.25 * bell(number_from("clouds", zone), hours // _DAY)
        sun = daylight * clouds * (1 + 0.35 * season) - 0.26
        peak = np.exp(-(((hour - 19.5 + 12) % _DAY - 12) ** 2) / 12) - 0.25
        is_weekend = (local // _DAY + _EPOCH_WEEKDAY) % 7 >= _WEEKEND
        weekend = np.where(is_weekend, -0.25 * place.evening, 0.1 * place.evening)
        chance = 0.04 * (place.wind + place.sun) * bell(number_from("hour", zone), hours)
        level = 1 - place.sun * sun + place.evening * peak - place.wind * _weather(place, hours) + weekend + chance
        return np.asarray(np.round(place.mean_gco2e_per_kwh * np.clip(level, 0.2, 2.2)))


class FileSeries:
    """A series from a CSV file with the columns zone, datetime_utc and a value, moved to the present.

    Its hours repeat every 52 weeks, forwards and backwards, so an hour keeps its place in the week and, within a
    few days, in the year. It needs at least those 52 weeks for a zone.
    """

    def __init__(self, path: Path) -> None:
        rows: dict[str, dict[int, float]] = {}
        with path.open(newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if header[:2] != ["zone", "datetime_utc"] or len(header) < 3:  # noqa: PLR2004 (zone, hour, value)
                raise ValueError(f"{path} needs the columns zone, datetime_utc and a value, not {', '.join(header)}.")
            for zone, instant, value, *_ in reader:
                if value:
                    rows.setdefault(zone, {})[hour_number(datetime.fromisoformat(instant))] = float(value)
        self._year: dict[str, Floats] = {}
        for zone, by_hour in rows.items():
            first = min(by_hour)
            if max(by_hour) - first + 1 < YEAR_OF_WEEKS:
                raise ValueError(f"{path} holds less than 52 weeks of {zone}.")
            year = np.full(YEAR_OF_WEEKS, np.nan)
            for hour in range(first, first + YEAR_OF_WEEKS):
                year[hour % YEAR_OF_WEEKS] = by_hour.get(hour, np.nan)
            self._year[zone] = year

    def values(self, zone: str, hours: Hours) -> Floats | None:
        """gCO2e/kWh, NaN where the file has a gap; None for a zone it does not hold."""
        year = self._year.get(zone)
        return None if year is None else np.asarray(year[hours % YEAR_OF_WEEKS])


class FirstOf:
    """The first of several series that holds a zone."""

    def __init__(self, *series: Series) -> None:
        self._series = series

    def values(self, zone: str, hours: Hours) -> Floats | None:
        """As the first series that holds the zone says."""
        for series in self._series:
            values = series.values(zone, hours)
            if values is not None:
                return values
        return None
