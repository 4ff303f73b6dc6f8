"""Sums for each instance and UTC day over rows in any order, in a fixed amount of memory.

Sums are kept as whole numbers of a very small unit, so that the order of the rows cannot change a last digit.
"""

from collections import Counter
from collections.abc import Iterator
from math import floor, log2
from typing import Final

import numpy as np
import numpy.typing as npt

from .codes import CodeTable, touched
from .limits import Limits
from .spill import DayTotal, Spill
from .usage import UsageRows

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_HOURS_A_DAY: Final = 24
_DAY_BITS: Final = 20
_SLICE: Final = 4096
# Of an hour seen: 1 in the upper half, and 2 to the power of its hour of the day in the lower one. Where the lower
# half has fewer bits set than the upper one counts, an hour came twice.
_COUNT_SHIFT: Final = 32
_HOURS_MASK: Final = (1 << _COUNT_SHIFT) - 1
_SEEN: Final = (1 << _COUNT_SHIFT) + (1 << np.arange(_HOURS_A_DAY, dtype=np.int64))
_SUMS: Final = 7


def hours_of(day: DayTotal) -> int:
    """How many rows the day had."""
    return day.seen >> _COUNT_SHIFT


def has_an_hour_twice(day: DayTotal) -> bool:
    """Whether two of its rows were of the same hour."""
    return (day.seen & _HOURS_MASK).bit_count() != day.seen >> _COUNT_SHIFT


class DayTotals:
    """Rows go in by `groups` and `add`; what they come to is asked for once, at the end, by `days`."""

    def __init__(self, limits: Limits, *, most_kwh_an_hour: float, most_gco2e_an_hour: float) -> None:
        """Choose units so fine that a day of the greatest hours just fits."""
        self.kwh = _unit(most_kwh_an_hour)
        self.gco2e = _unit(most_gco2e_an_hour)
        # Hours so far, by type and by region; complete when `days` is through.
        self.without_power: Counter[str] = Counter()
        self.without_intensity: Counter[str] = Counter()
        self._groups = CodeTable(limits.groups)
        self._cells = CodeTable(limits.days)
        self._sums = [touched(limits.days + 1, np.int64) for _ in range(_SUMS)]
        self._spill: Spill | None = None

    def groups(self, rows: UsageRows) -> tuple[Codes, Codes]:
        """A number for each row's instance, type and region, and one row of each of these that has a new number."""
        count = len(rows.hours)
        if self._groups.count + count > self._groups.capacity or self._cells.count + count > self._cells.capacity:
            self._spill_over()
        return self._groups.codes(rows.keys)

    def add(
        self,
        groups: Codes,
        hours: Codes,
        *,
        energy_kwh: Floats,
        operational_gco2e: Floats,
        has_default_cpu: npt.NDArray[np.bool_],
        has_intensity: npt.NDArray[np.bool_],
    ) -> None:
        """Add rows, numbered by `groups` just before; what is unknown of them is NaN."""
        days = hours // _HOURS_A_DAY
        cells, _ = self._cells.codes([((groups << _DAY_BITS) | days).astype(np.uint64)])
        seen, energy, operational, *counts = self._sums
        np.add.at(seen, cells, _SEEN[hours - days * _HOURS_A_DAY])
        no_power, no_operational = np.isnan(energy_kwh), np.isnan(operational_gco2e)
        np.add.at(energy, cells, _in_units(energy_kwh, no_power, self.kwh))
        np.add.at(operational, cells, _in_units(operational_gco2e, no_operational, self.gco2e))
        for count, is_so in zip(counts, (has_default_cpu, no_power, ~has_intensity, no_operational), strict=True):
            if is_so.any():
                np.add.at(count, cells[is_so], 1)

    def days(self) -> Iterator[DayTotal]:
        """Everything added, by instance and day."""
        if self._spill is None:
            yield from self._in_order()
        else:
            self._spill_over()
            yield from self._spill.drain()

    def _spill_over(self) -> None:
        self._spill = self._spill or Spill()
        self._spill.add(self._in_order())
        for values in self._sums:
            values[: self._cells.count + 1] = 0
        self._cells.clear()
        self._groups.clear()

    def _in_order(self) -> Iterator[DayTotal]:
        """What the table holds. Groups of one instance on one day are joined: it changed its type."""
        if not self._cells.count:
            return
        words = self._groups.keys
        texts: npt.NDArray[np.bytes_] = words.view(f"S{words.shape[1] * words.itemsize}").ravel()
        keys = self._cells.keys[:, 0].astype(np.int64)
        group, days = (keys >> _DAY_BITS) - 1, keys & ((1 << _DAY_BITS) - 1)
        sums = [values[1 : self._cells.count + 1] for values in self._sums]
        self._count_missing(texts, group, sums)
        instance = _instances(texts)[group]
        last_hour = sums[0] & _HOURS_MASK
        order = np.lexsort((last_hour, days, instance))
        is_first = np.ones(len(order), np.bool_)  # of its instance and day
        is_first[1:] = (np.diff(instance[order]) != 0) | (np.diff(days[order]) != 0)
        firsts = np.append(np.flatnonzero(is_first), len(order))
        for start in range(0, len(firsts) - 1, _SLICE):
            bounds = firsts[start : start + _SLICE + 1]
            cells = order[bounds[0] : bounds[-1]]
            last = order[bounds[1:] - 1]
            ids_and_groups = texts[group[last]].tolist()
            yield from map(
                DayTotal,
                [text.split(b"\0", 1)[0] for text in ids_and_groups],
                days[last].tolist(),
                last_hour[last].tolist(),
                ids_and_groups,
                *(np.add.reduceat(values[cells], bounds[:-1] - bounds[0]).tolist() for values in sums),
            )

    def _count_missing(self, texts: npt.NDArray[np.bytes_], group: Codes, sums: list[Codes]) -> None:
        """Add the table's hours without power and without intensity to those of their types and regions."""
        *_, no_power, no_intensity, _ = sums
        for part, counter, hours in ((1, self.without_power, no_power), (2, self.without_intensity, no_intensity)):
            by_group = np.bincount(group, weights=hours, minlength=len(texts))
            for place in np.flatnonzero(by_group).tolist():
                counter[texts[place].split(b"\0")[part].decode()] += int(by_group[place])


def _instances(texts: npt.NDArray[np.bytes_]) -> Codes:
    """A number for each text's instance id, in the order of the ids."""
    order = np.argsort(texts)
    instances, instance, before = np.empty(len(texts), np.int64), 0, b""
    for start in range(0, len(order), _SLICE):
        places = order[start : start + _SLICE]
        for place, text in zip(places.tolist(), texts[places].tolist(), strict=True):
            instance_id = text.split(b"\0", 1)[0]
            instance += instance_id != before
            instances[place], before = instance, instance_id
    return instances


def _unit(most_an_hour: float) -> float:
    """The power of two of which a day of such hours is at most 2 to the power of 61."""
    return 2.0 ** -floor(61 - log2(most_an_hour * _HOURS_A_DAY)) if most_an_hour else 1.0


def _in_units(values: Floats, unknown: npt.NDArray[np.bool_], unit: float) -> Codes:
    return np.rint(np.where(unknown, 0.0, values) / unit).astype(np.int64)
