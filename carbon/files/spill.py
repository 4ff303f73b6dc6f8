"""A temporary database in which the days of instances meet that did not fit into memory together."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple


class DayTotal(NamedTuple):
    """What one instance did in one UTC day, in the units of the table that summed it."""

    instance_id: bytes
    day: int  # since 1970
    last_hour: int  # a measure of it: a later hour has a greater one
    names: bytes  # instance id, type and region of that hour, a zero byte between two
    seen: int
    energy: int
    operational: int
    hours_with_default_cpu: int
    hours_without_power: int
    hours_without_intensity: int
    hours_without_operational: int


_KEY: Final = ("instance_id", "day")
_OF_LAST_HOUR: Final = ("last_hour", "names")
_SUMS: Final = tuple(name for name in DayTotal._fields if name not in (*_KEY, *_OF_LAST_HOUR))


class Spill:
    """Days go in as often as needed and come out once, each whole and in order."""

    def __init__(self) -> None:
        """Make the database: a file of its own that goes when it is closed."""
        self._database = sqlite3.connect("")
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192;"
            f"CREATE TABLE day_total ({', '.join(DayTotal._fields)}, PRIMARY KEY (instance_id, day)) WITHOUT ROWID"
        )
        joined = [f"{name} = {name} + excluded.{name}" for name in _SUMS]
        joined += [f"{name} = iif(excluded.last_hour > last_hour, excluded.{name}, {name})" for name in _OF_LAST_HOUR]
        places = ", ".join("?" for _ in DayTotal._fields)
        # Only names of our own stand in the statement.
        self._upsert = f"INSERT INTO day_total VALUES ({places}) ON CONFLICT DO UPDATE SET {', '.join(joined)}"  # noqa: S608

    def add(self, days: Iterable[DayTotal]) -> None:
        """Join `days` with what is there; best in order."""
        self._database.executemany(self._upsert, days)

    def drain(self) -> Iterator[DayTotal]:
        """All days by instance and day; the database is gone after the last."""
        yield from map(DayTotal._make, self._database.execute("SELECT * FROM day_total ORDER BY instance_id, day"))
        self._database.close()
