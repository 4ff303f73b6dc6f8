"""What the two import commands share: reading all files before anything is written, and saying what was done."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from django.core.management.base import CommandError

from carbon.files.intensity_csv import read_intensity_csv
from carbon.files.problems import FileProblem
from carbon.files.sdk_json import read_sdk_json
from carbon.files.told_series import ToldFile
from carbon.models import Signal
from carbon.services.imports import Imported


def add_arguments(parser: ArgumentParser) -> None:
    """The files, and what their figures mean."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument(
        "--signal",
        choices=Signal.values,
        default=Signal.AVERAGE.value,
        help="what the figures mean; the two signals never stand in for each other (default: average)",
    )


def read_files(paths: Sequence[Path]) -> list[ToldFile]:
    """All files, or a CommandError that names the first that cannot be read."""
    told = []
    for path in paths:
        try:
            told.append((read_intensity_csv if path.suffix.lower() == ".csv" else read_sdk_json)(path))
        except FileProblem as problem:
            raise CommandError(f"{problem} Nothing was imported.") from problem
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}. Nothing was imported.") from error
        except MemoryError as error:
            raise CommandError(f"{path}: too large for this machine's memory. Nothing was imported.") from error
    return told


def summary(imported: Imported, files: Sequence[ToldFile], *, what: str) -> str:
    """One line: what was read, what was new, what was left out."""
    known = imported.told - imported.written
    read = f"{imported.told:,} {what} of {imported.names:,} locations read"
    parts = [f"{read}; {imported.written:,} new or changed, {known:,} known already."]
    if imported.new_names:
        parts.append(f"New locations: {imported.new_names:,}.")
    if repeated := sum(file.repeated for file in files):
        parts.append(f"Told twice, of which the last one counts: {repeated:,}.")
    if cut := sum(file.cut_times for file in files):
        parts.append(f"Times given finer than a microsecond, which is what is kept: {cut:,}.")
    return " ".join(parts)
