"""The usage file: a row for each hour in which an instance ran."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from carbon.estimators.power import FULL_LOAD
from finops.core.periods import HOUR

from .csv_blocks import Block, CsvColumns
from .fields import instant_of, number_of
from .limits import Limits
from .problems import malformed
from .text import Positions, plain_decimals, plain_hours

COLUMNS: Final = ("instance_id", "instance_type", "region", "hour_iso", "cpu_percent")
_INSTANCE_ID, _INSTANCE_TYPE, _REGION, _HOUR, _CPU = range(5)
_KEY: Final = (_INSTANCE_ID, _INSTANCE_TYPE, _REGION)
_LONGEST_NAME: Final = 200
_KNOWN_HOURS: Final = 10_000


@dataclass(frozen=True, slots=True)
class UsageRows:
    """Some rows of the file; each field checked."""

    keys: list[npt.NDArray[np.uint64]]  # instance, type and region as one text, a zero byte between two, as words
    hours: Positions  # since 1970, UTC
    cpu_percent: npt.NDArray[np.float64]  # NaN where the file has none
    block: Block

    def instance_id(self, row: int) -> str:
        """Whose hour a row is."""
        return self.block.field(_INSTANCE_ID, row).decode()

    def type_and_region(self, row: int) -> tuple[str, str]:
        """What a row says of these two."""
        return self.block.field(_INSTANCE_TYPE, row).decode(), self.block.field(_REGION, row).decode()


def usage_rows(path: Path, file: BinaryIO, limits: Limits) -> Iterator[UsageRows]:
    """The rows of a usage file, some thousands at a time. Raises FileProblem for the first that is malformed.

    A time within an hour belongs to that hour, by UTC; one without an offset is UTC.
    """
    known_hours: dict[bytes, int] = {}
    for block in CsvColumns(path, COLUMNS, together=len(_KEY)).blocks(file, limits.block_bytes):
        if not block.lines.size:
            continue
        lengths = block.ends - block.starts
        for column in _KEY:
            _check_name(path, block, column, lengths[column])
        keys = block.text.key_words(block.starts[_INSTANCE_ID], block.ends[_REGION] - block.starts[_INSTANCE_ID])
        hours = _hours(path, block, lengths[_HOUR], known_hours)
        yield UsageRows(keys, hours, _cpu_percent(path, block, lengths[_CPU]), block)


def _check_name(path: Path, block: Block, column: int, lengths: Positions) -> None:
    wrong = (lengths == 0) | (lengths > _LONGEST_NAME)
    if wrong.any():
        row = int(wrong.argmax())
        message = f"The value is longer than {_LONGEST_NAME} characters." if lengths[row] else "The value is missing."
        raise malformed(path, int(block.lines[row]), message, column=COLUMNS[column])


def _hours(path: Path, block: Block, lengths: Positions, known: dict[bytes, int]) -> Positions:
    hours, wrong = plain_hours(block.text, block.starts[_HOUR], lengths)
    for row in np.flatnonzero(wrong).tolist():
        raw = block.field(_HOUR, row)
        if raw not in known:
            if len(known) >= _KNOWN_HOURS:
                known.clear()
            line = int(block.lines[row])
            instant = instant_of(raw.decode(), path=path, line=line, column=COLUMNS[_HOUR])
            known[raw] = instant // HOUR
        hours[row] = known[raw]
    return hours


def _cpu_percent(path: Path, block: Block, lengths: Positions) -> npt.NDArray[np.float64]:
    percent, wrong = plain_decimals(block.text, block.starts[_CPU], lengths)
    percent[lengths == 0] = np.nan
    for row in np.flatnonzero((wrong & (lengths > 0)) | (percent > FULL_LOAD)).tolist():
        raw, line = block.field(_CPU, row).decode(), int(block.lines[row])
        percent[row] = number_of(raw, path=path, line=line, column=COLUMNS[_CPU], up_to=FULL_LOAD)
    return percent
