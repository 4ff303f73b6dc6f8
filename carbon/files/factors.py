"""The two small files: what each type draws, and how clean each zone or region was in each hour."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from carbon.estimators.power import FULL_LOAD, PowerModel, PowerTable

from .fields import instant_of, number_of
from .problems import FileProblem, malformed, shown

_MOST_WATTS: Final = 1e9  # beyond these a number is in another unit
_MOST_GCO2E_PER_KWH: Final = 1e6
_MOST_CELLS: Final = 64_000_000  # half a gigabyte
_SECOND: Final = timedelta(seconds=1)
_SECONDS_AN_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class PowerFactors:
    """The curves of the power file, with a last row for the types it has not: watts unknown."""

    row_of_type: dict[str, int]
    table: PowerTable

    @property
    def unknown_row(self) -> int:
        """The row of any other type."""
        return len(self.row_of_type)


@dataclass(frozen=True, slots=True)
class IntensityFactors:
    """Hourly intensities by zone or region, with a last row for those that are not in the file."""

    row_of_key: dict[str, int]
    first_hour: int
    gco2e_per_kwh: npt.NDArray[np.float64]  # [row, hour]; NaN where the file has none, always in its last column

    @property
    def unknown_row(self) -> int:
        """The row of any other zone."""
        return len(self.row_of_key)

    def at(self, rows: npt.NDArray[np.integer], hours: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The intensity of each row's hour (since 1970), NaN where there is none."""
        columns = hours - self.first_hour
        width = self.gco2e_per_kwh.shape[1]
        # An hour before the first one is as unknown as one after the last: both take the last column.
        columns[(columns < 0) | (columns >= width)] = width - 1
        at: npt.NDArray[np.float64] = self.gco2e_per_kwh.ravel()[rows * width + columns]
        return at


def read_power(path: Path, model: PowerModel) -> PowerFactors:
    """The curves of a file with the columns instance_type, load_percent and watts, its rows in any order."""
    curves: dict[str, dict[float, tuple[float, int]]] = defaultdict(dict)
    for line, (name, load, watts) in _rows(path, ["instance_type", "load_percent", "watts"]):
        load_percent = number_of(load, path=path, line=line, column="load_percent", up_to=FULL_LOAD)
        if load_percent in curves[name]:
            message = f"{shown(name)} has this load on line {curves[name][load_percent][1]} too."
            raise malformed(path, line, message, column="load_percent")
        curves[name][load_percent] = number_of(watts, path=path, line=line, column="watts", up_to=_MOST_WATTS), line
    points = []
    for name, by_load in curves.items():
        loads = sorted(by_load)
        points.append((loads, [by_load[load][0] for load in loads]))
        try:
            PowerTable.of(model, points[-1:])
        except ValueError as error:
            raise FileProblem(f"{path.name}, instance type {shown(name)}: {error}") from error
    table = PowerTable.of(model, points)
    unknown = np.full((1, len(table.loads)), np.nan)
    return PowerFactors(
        {name: row for row, name in enumerate(curves)},
        PowerTable(table.loads, np.vstack([table.watts_at, unknown]), np.vstack([table.slopes, unknown])),
    )


def read_intensity(path: Path) -> IntensityFactors:
    """The hours of a file with the columns region or zone, datetime_utc and g_per_kwh, its rows in any order.

    Several readings within an hour count as their mean; a row without a value is as if it were not there.
    """
    row_of_key: dict[str, int] = {}
    keys, seconds, values, lines = [], [], [], []
    for line, (key, time, value) in _rows(path, [("region", "zone"), "datetime_utc", "g_per_kwh"]):
        instant = instant_of(time, path=path, line=line, column="datetime_utc")
        if not value:
            continue
        values.append(number_of(value, path=path, line=line, column="g_per_kwh", up_to=_MOST_GCO2E_PER_KWH))
        keys.append(row_of_key.setdefault(key, len(row_of_key)))
        seconds.append(instant // _SECOND)
        lines.append(line)
    columns = np.array(keys, np.int64), np.array(seconds, np.int64), np.array(values, np.float64)
    key_rows, at, gco2e_per_kwh = _without_repetitions(path, *columns, np.array(lines, np.int64))
    hours = at // _SECONDS_AN_HOUR
    first_hour = int(hours.min()) if hours.size else 0
    shape = len(row_of_key) + 1, int(hours.max(initial=first_hour)) - first_hour + 2
    if shape[0] * shape[1] > _MOST_CELLS:
        raise FileProblem(f"{path.name}: {shape[0] - 1} zones over {shape[1]:,} hours are too many. Cut the file.")
    total, count = np.zeros(shape), np.zeros(shape, np.int64)
    np.add.at(total, (key_rows, hours - first_hour), gco2e_per_kwh)
    np.add.at(count, (key_rows, hours - first_hour), 1)
    mean = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    return IntensityFactors(row_of_key, first_hour, mean)


def _without_repetitions(
    path: Path,
    keys: npt.NDArray[np.int64],
    seconds: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    lines: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The readings in order. One given twice with the same value counts once, with another value is an error."""
    order = np.lexsort((lines, seconds, keys))
    keys, seconds, values, lines = keys[order], seconds[order], values[order], lines[order]
    again = np.zeros(len(keys), np.bool_)
    again[1:] = (keys[1:] == keys[:-1]) & (seconds[1:] == seconds[:-1])
    differs = np.flatnonzero(again[1:] & (values[1:] != values[:-1]))
    if differs.size:
        first = int(differs[0])
        message = f"Line {lines[first]} has another value for the same time and place."
        raise malformed(path, int(lines[first + 1]), message, column="g_per_kwh")
    return keys[~again], seconds[~again], values[~again]


def _rows(path: Path, columns: Sequence[str | tuple[str, ...]]) -> Iterator[tuple[int, list[str]]]:
    """The line number and the fields asked for of each row; a tuple asks for whichever of them comes first."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True, skipinitialspace=True)
            header = [name.strip() for name in next(reader, [])]
            positions = [_position(path, header, column) for column in columns]
            for row in reader:
                if not row or (len(row) == 1 and not row[0].strip()):
                    continue
                if len(row) != len(header):
                    message = f"The row has {len(row)} values where the header names {len(header)} columns."
                    raise malformed(path, reader.line_num, message)
                fields = [row[position].strip() for position in positions]
                if not fields[0]:
                    raise malformed(path, reader.line_num, "The value is missing.", column=header[positions[0]])
                yield reader.line_num, fields
    except csv.Error as error:
        raise malformed(path, reader.line_num, f"The line is not CSV ({error}).") from error
    except UnicodeDecodeError as error:
        raise FileProblem(f"{path.name} is not UTF-8. Save it as UTF-8.") from error


def _position(path: Path, header: list[str], column: str | tuple[str, ...]) -> int:
    names = (column,) if isinstance(column, str) else column
    found = [position for position, name in enumerate(header) if name in names]
    if not found:
        there = ", ".join(shown(name) for name in header[:12]) or "nothing"
        raise malformed(path, 1, f"The header names no column {' or '.join(names)}; it has {there}.")
    return found[0]
