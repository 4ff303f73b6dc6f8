"""Intensities as a tidy CSV file: a row for each zone and time."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from .fields import instant_of, number_of
from .problems import FileProblem, malformed, shown
from .told_series import HIGHEST_PLAUSIBLE_GCO2E_PER_KWH, Columns, ToldFile, by_name, is_name

_NAMES: Final = ("zone", "location", "region")
_TIMES: Final = ("datetime_utc", "datetime", "time", "starts_at")
_VALUES: Final = ("g", "g_per_kwh", "gco2e_per_kwh", "carbon_intensity_g_per_kwh")
_MOST_BYTES: Final = 2 << 30
_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR: Final = timedelta(hours=1) // _MICROSECOND


def read_intensity_csv(path: Path) -> ToldFile:
    """The file's series; a point lasts the smallest distance between two of its zone, a lone one an hour.

    Columns: zone, datetime_utc (ISO; without an offset it is UTC) and g or g_per_kwh, in any order. An empty value
    is a gap. Raises FileProblem, naming line and column, for what cannot be read.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise FileProblem(f"{path.name} is larger than {_MOST_BYTES >> 30} GB. Import it in parts.")
    columns: dict[str, Columns] = {}
    rows = _rows(path)
    _, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    where = [_column(path, names, wanted) for wanted in (_NAMES, _TIMES, _VALUES)]
    for line, row in rows:
        if not row:
            continue
        if len(row) != len(header):
            raise malformed(path, line, f"The row has {len(row)} fields, the header {len(header)}.")
        name, time, value = (row[position].strip() for position in where)
        if not is_name(name):
            raise malformed(path, line, f"{shown(name)} is no name of a zone.", column=names[where[0]])
        if not value:
            continue
        number = number_of(value, path=path, line=line, column=names[where[2]], up_to=HIGHEST_PLAUSIBLE_GCO2E_PER_KWH)
        since_1970 = instant_of(time, path=path, line=line, column=names[where[1]])
        columns.setdefault(name, Columns()).add(since_1970 // _MICROSECOND, _HOUR, number)
    told = ToldFile()
    by_name(columns.items(), told=told, steps=True)
    return told


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for row in reader:
                yield reader.line_num, row
        except csv.Error as error:
            raise malformed(path, reader.line_num, f"The row is not CSV ({error}).") from error
        except UnicodeDecodeError as error:
            raise malformed(path, reader.line_num + 1, "The text is not UTF-8, on this line or soon after.") from error


def _column(path: Path, names: list[str], wanted: tuple[str, ...]) -> int:
    found = [name for name in wanted if name in names]
    if not found:
        told = ", ".join(map(shown, names[:10])) or "none"
        raise malformed(path, 1, f"The header names no column {' or '.join(wanted)}. It names: {told}.")
    return names.index(found[0])
