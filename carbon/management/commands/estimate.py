"""`manage.py estimate`: the product's arithmetic on files, without a database."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter

from carbon.estimators.power import PowerModel
from carbon.files.estimate import Summary, estimate
from carbon.files.problems import FileProblem
from carbon.reference.aws_regions import DEFAULT_PUE

_MOST_NAMES = 20


class Command(BaseCommand):
    help = """\
Energy and operational emissions of EC2 instances by UTC day, from CSV files of any size.

USAGE      instance_id, instance_type, region, hour_iso, cpu_percent: a row for each hour an instance ran.
           Rows may come in any order. A time within an hour belongs to that hour; without an offset it is UTC.
           An empty cpu_percent counts as 50 % and is counted. The same hour of an instance twice is an error.
POWER      instance_type, load_percent, watts: the points of each type's load curve.
INTENSITY  region (or zone), datetime_utc, g_per_kwh: regions find their zone by the table that is shipped.

Each file has a header row; columns may come in any order and others may stand between. A row that cannot be read is
named by line and column, and nothing is written.

The result has a row for each instance and UTC day, by instance_id and date:
  instance_id, instance_type, region   the last of the day, should they change
  date, hours                          hours is the number of rows of that day
  hours_with_default_cpu               of these, hours whose CPU was not given
  hours_without_power                  of these, hours whose type (or load) the power file does not know
  hours_without_intensity              of these, hours the intensity file does not know
  pue                                  the halls' overhead that energy_kwh holds
  energy_kwh                           sum over the hours with known power; empty if there is none
  operational_gco2e                    sum over the hours with power and intensity known; empty if there is none

A summary of what was read and what is missing goes to standard error."""
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=_Formatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("usage", metavar="USAGE.csv", type=Path)
        parser.add_argument("--power", metavar="POWER.csv", type=Path, required=True)
        parser.add_argument("--intensity", metavar="INTENSITY.csv", type=Path, required=True)
        parser.add_argument("--model", choices=[model.value for model in PowerModel], default=PowerModel.LOAD_CURVE)
        parser.add_argument(
            "--pue",
            metavar="FACTOR",
            type=float,
            help="the halls' overhead for every region; otherwise each region's own, and 1.15 where none is known",
        )
        parser.add_argument(
            "--output",
            metavar="OUT.csv",
            type=Path,
            help="put in place when it is whole; without it the rows go to standard output at the end",
        )

    def handle(self, **options: Any) -> None:
        pue, output = options["pue"], options["output"]
        inputs = {name: options[name] for name in ("usage", "power", "intensity")}
        _check(pue=pue, output=output, inputs=inputs.values())
        self.stdout.ending = ""
        progress = _Progress(inputs["usage"])
        try:
            summary = estimate(
                **inputs,
                output=output or self.stdout,
                model=PowerModel(options["model"]),
                pue=pue,
                on_progress=progress,
            )
        except FileProblem as problem:
            raise CommandError(f"{problem} Nothing was written.") from problem
        except BrokenPipeError as error:
            raise CommandError("Standard output was closed before all rows were through.") from error
        except OSError as error:
            raise CommandError(f"{error.filename or 'A file'}: {error.strerror}. Nothing was written.") from error
        finally:
            progress.end()
        for line in _summary(summary, pue=pue, model=options["model"], output=output):
            self.stderr.write(line)


def _check(*, pue: float | None, output: Path | None, inputs: Iterable[Path]) -> None:
    """Refuse before hours of work what could not be written after them."""
    if pue is not None and not 1 <= pue < float("inf"):
        raise CommandError(f"--pue is a factor of 1 or more, not {pue:g}.")
    if output and output.exists() and any(path.exists() and path.samefile(output) for path in inputs):
        raise CommandError(f"--output names one of the files to read, {output}. Choose another.")
    if output and (output.is_dir() or not output.parent.is_dir()):
        raise CommandError(f"--output {output} is no file in a folder that exists.")


class _Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the description."""


class _Progress:
    """Says how far the reading is, in one line on standard error, where somebody watches."""

    def __init__(self, path: Path) -> None:
        self._is_shown = sys.stderr.isatty()
        self._size = path.stat().st_size if path.is_file() else 0
        self._shown = -1

    def __call__(self, bytes_read: int, rows: int) -> None:
        percent = 100 * bytes_read // self._size if self._size else 0
        if self._is_shown and percent != self._shown:
            self._shown = percent
            sys.stderr.write(f"\r{percent:3} %  {rows:,} rows ")
            sys.stderr.flush()

    def end(self) -> None:
        if self._is_shown and self._shown >= 0:
            sys.stderr.write("\r\x1b[K")


def _summary(summary: Summary, *, pue: float | None, model: str, output: Path | None) -> list[str]:
    total = f"{summary.energy_kwh:,.3f} kWh, {summary.operational_gco2e / 1000:,.3f} kgCO2e, model {model}"
    lines = [f"Instance hours: {summary.rows:,}. Days of instances: {summary.days:,}. Together: {total}."]
    if summary.hours_with_default_cpu:
        lines.append(f"Hours without CPU, 50 % assumed: {summary.hours_with_default_cpu:,}.")
    if summary.hours_without_power:
        lines.append(f"Hours left out, power unknown: {_named(summary.hours_without_power)}.")
    if summary.hours_without_intensity:
        lines.append(f"Hours left out of the emissions, intensity unknown: {_named(summary.hours_without_intensity)}.")
    if summary.regions_with_default_pue:
        names = sorted(summary.regions_with_default_pue)
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        shown = ", ".join(names[:_MOST_NAMES])
        lines.append(f"Default PUE {DEFAULT_PUE:g} for regions that have none of their own: {shown}{more}.")
    elif pue:
        lines.append(f"PUE {pue:g} for every region, as given.")
    lines.append(f"Written: {output or 'standard output'}.")
    return lines


def _named(hours: Counter[str]) -> str:
    """The sum, and whose hours they are, most first."""
    first = sorted(hours.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_NAMES]
    more = f" and {len(hours) - len(first)} more" if len(hours) > len(first) else ""
    return f"{hours.total():,} ({', '.join(f'{name} {count:,}' for name, count in first)}{more})"
