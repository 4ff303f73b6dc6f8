"""Energy and emissions of each instance and UTC day, from a usage file of any size and two small ones."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Final

import numpy as np

from carbon.estimators.emissions import energy_kwh, operational_gco2e_by_hour
from carbon.estimators.power import DEFAULT_CPU_UTILIZATION, FULL_LOAD, PowerModel
from carbon.reference.aws_regions import AWS_REGIONS, DEFAULT_PUE
from finops.core.csv_cells import csv_text

from .codes import touched
from .day_totals import DayTotals, has_an_hour_twice, hours_of
from .factors import IntensityFactors, PowerFactors, read_intensity, read_power
from .limits import Limits
from .problems import FileProblem, shown
from .spill import DayTotal
from .usage import UsageRows, usage_rows
from .whole_file import Stream, written_whole

OUTPUT_COLUMNS: Final = (
    "instance_id",
    "instance_type",
    "region",
    "date",
    "hours",
    "hours_with_default_cpu",
    "hours_without_power",
    "hours_without_intensity",
    "pue",
    "energy_kwh",
    "operational_gco2e",
)
_LIMITS: Final = Limits()
_EPOCH: Final = date(1970, 1, 1)
_REGIONS: Final = {region.region: region for region in AWS_REGIONS}


@dataclass(slots=True)
class Summary:
    """What was read and what of it could not be computed, in instance hours."""

    rows: int = 0
    days: int = 0
    energy_kwh: float = 0.0
    operational_gco2e: float = 0.0
    hours_with_default_cpu: int = 0
    hours_without_power: Counter[str] = field(default_factory=Counter)  # by type
    hours_without_intensity: Counter[str] = field(default_factory=Counter)  # by region
    regions_with_default_pue: set[str] = field(default_factory=set)


def estimate(
    *,
    usage: Path,
    power: Path,
    intensity: Path,
    output: Path | Stream,
    model: PowerModel,
    pue: float | None = None,
    on_progress: Callable[[int, int], None] = lambda _bytes, _rows: None,
    limits: Limits = _LIMITS,
) -> Summary:
    """Write a row for each instance and UTC day to `output`, by instance and date, and say what was left out.

    `pue` stands for every region; without it each has its own from the table that is shipped, and the default where
    that has none. `on_progress` hears bytes and rows read so far. Raises FileProblem and then leaves `output` as it
    was.
    """
    lookup = _Lookup(read_power(power, model), read_intensity(intensity), pue, limits)
    most_kwh = lookup.most_kwh_an_hour
    totals = DayTotals(limits, most_kwh_an_hour=most_kwh, most_gco2e_an_hour=most_kwh * lookup.most_gco2e_per_kwh)
    rows_read = 0
    with written_whole(output) as out, usage.open("rb") as file:
        for rows in usage_rows(usage, file, limits):
            _add(rows, lookup, totals)
            rows_read += len(rows.hours)
            on_progress(rows.block.bytes_read, rows_read)
        summary = _write(out, totals, lookup, usage)
    summary.rows = rows_read
    return summary


class _Lookup:
    """What the factors say of each instance, kept by the number of its group."""

    def __init__(self, power: PowerFactors, intensity: IntensityFactors, pue: float | None, limits: Limits) -> None:
        self.power, self.intensity, self._pue = power, intensity, pue
        self.curve_of = touched(limits.groups + 1, np.int32)
        self.intensity_row_of = touched(limits.groups + 1, np.int32)
        self.pue_of = touched(limits.groups + 1, np.float64)
        self.regions_with_default_pue: set[str] = set()

    @property
    def most_kwh_an_hour(self) -> float:
        """At least what any hour can use."""
        most_pue = self._pue or max(region.pue or DEFAULT_PUE for region in AWS_REGIONS)
        return float(np.nanmax(self.power.table.watts_at, initial=0.0)) / 1000 * most_pue

    @property
    def most_gco2e_per_kwh(self) -> float:
        """The dirtiest hour."""
        return float(np.nanmax(self.intensity.gco2e_per_kwh, initial=0.0))

    def learn(self, group: int, instance_type: str, region: str) -> None:
        """Keep what is known of a group."""
        known, row_of_key = _REGIONS.get(region), self.intensity.row_of_key
        row = row_of_key.get(region, row_of_key.get(known.zone) if known else None)
        self.curve_of[group] = self.power.row_of_type.get(instance_type, self.power.unknown_row)
        self.intensity_row_of[group] = self.intensity.unknown_row if row is None else row
        self.pue_of[group] = self.pue(region)
        if not self._pue and not (known and known.pue):
            self.regions_with_default_pue.add(region)

    def pue(self, region: str) -> float:
        """The overhead that counts for a region."""
        known = _REGIONS.get(region)
        return self._pue or (known and known.pue) or DEFAULT_PUE


def _add(rows: UsageRows, lookup: _Lookup, totals: DayTotals) -> None:
    groups, new_rows = totals.groups(rows)
    for row in new_rows.tolist():
        lookup.learn(int(groups[row]), *rows.type_and_region(row))
    has_default_cpu = np.isnan(rows.cpu_percent)
    cpu_percent = np.where(has_default_cpu, DEFAULT_CPU_UTILIZATION * FULL_LOAD, rows.cpu_percent)
    watts = lookup.power.table.watts(lookup.curve_of[groups], cpu_percent)
    energy = energy_kwh(watts, 1.0, lookup.pue_of[groups])
    gco2e_per_kwh = lookup.intensity.at(lookup.intensity_row_of[groups], rows.hours)
    totals.add(
        groups,
        rows.hours,
        energy_kwh=energy,
        operational_gco2e=operational_gco2e_by_hour(energy, gco2e_per_kwh),
        has_default_cpu=has_default_cpu,
        has_intensity=~np.isnan(gco2e_per_kwh),
    )


def _write(out: IO[str], totals: DayTotals, lookup: _Lookup, usage: Path) -> Summary:
    summary = Summary()
    energy = operational = 0
    text, names, pue, dates = b"", "", "", {}
    out.write(",".join(OUTPUT_COLUMNS) + "\n")
    for day in totals.days():
        if has_an_hour_twice(day):
            raise _hour_twice(usage, day)
        if day.names != text:
            text = day.names
            instance_id, instance_type, region = text.decode().split("\0")
            names = ",".join(_quoted(csv_text(name)) for name in (instance_id, instance_type, region))
            pue = f"{lookup.pue(region):g}"
        if day.day not in dates:
            dates[day.day] = _date(day.day)
        hours = hours_of(day)
        energy_kwh = f"{day.energy * totals.kwh:.12g}" if hours > day.hours_without_power else ""
        gco2e = f"{day.operational * totals.gco2e:.12g}" if hours > day.hours_without_operational else ""
        out.write(
            f"{names},{dates[day.day]},{hours},{day.hours_with_default_cpu},{day.hours_without_power},"
            f"{day.hours_without_intensity},{pue},{energy_kwh},{gco2e}\n"
        )
        energy += day.energy
        operational += day.operational
        summary.hours_with_default_cpu += day.hours_with_default_cpu
        summary.days += 1
    summary.energy_kwh = energy * totals.kwh
    summary.operational_gco2e = operational * totals.gco2e
    summary.hours_without_power = totals.without_power
    summary.hours_without_intensity = totals.without_intensity
    summary.regions_with_default_pue = lookup.regions_with_default_pue
    return summary


def _hour_twice(usage: Path, wrong: DayTotal) -> FileProblem:
    """Names the two rows: this alone reads the file again."""
    instance_id = wrong.instance_id.decode()
    lines: dict[int, int] = {}
    if usage.is_file():
        with usage.open("rb") as file:
            for rows in usage_rows(usage, file, _LIMITS):
                for row in np.flatnonzero(rows.hours // 24 == wrong.day).tolist():
                    hour, line = int(rows.hours[row]), int(rows.block.lines[row])
                    if rows.instance_id(row) == instance_id and lines.setdefault(hour, line) != line:
                        return FileProblem(
                            f"{usage.name}, lines {lines[hour]} and {line}, column hour_iso: both are the hour "
                            f"{_date(wrong.day)}T{hour % 24:02}:00Z of instance {shown(instance_id)}, which can run "
                            "only once in it. Remove one of them."
                        )
    return FileProblem(f"{usage.name}: instance {shown(instance_id)} has an hour of {_date(wrong.day)} twice.")


def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if '"' in field or "," in field else field
