"""A CSV file of any size as blocks of whole lines, each cut into its fields without a loop over rows.

A block with quotes, blank lines, odd characters or rows of a wrong length is read by the csv module and written anew
in a plain form, so that everything behind knows that form only.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from .problems import malformed, shown
from .text import Positions, Text

_LONGEST_LINE: Final = 1 << 20
_PLAIN_COMMA: Final = b"\x1f"  # stands between fields of a block written anew: a quoted comma stays a comma
_BOM: Final = b"\xef\xbb\xbf"
_NEWLINE, _RETURN, _SPACE = b"\n\r "


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of the file: where each field of the columns asked for begins and ends, blanks around it left out."""

    text: Text
    starts: npt.NDArray[np.int64]  # [column, row]
    ends: npt.NDArray[np.int64]
    lines: Positions  # the number of each row's line in the file
    bytes_read: int  # of the file, up to the end of this block

    def field(self, column: int, row: int) -> bytes:
        """One field of the block."""
        return self.text.piece(int(self.starts[column, row]), int(self.ends[column, row]))


class CsvColumns:
    """The columns `names` of a CSV file, whatever their order and whatever others it has.

    In each block the first `together` of them stand side by side, a zero byte between two, and so can be taken as
    one text.
    """

    def __init__(self, path: Path, names: Sequence[str], *, together: int) -> None:
        """Remember which columns are wanted, in the order in which blocks will have them."""
        self.path = path
        self.names = list(names)
        self._together = together
        self._width = 0
        self._positions: list[int] = []

    def blocks(self, file: BinaryIO, block_bytes: int) -> Iterator[Block]:
        """The rows of `file`, so many bytes at a time. Raises FileProblem for a row of a wrong length."""
        header = file.readline(_LONGEST_LINE)
        self._read_header(header)
        line, bytes_read, rest = 2, len(header), b""
        while data := file.read(block_bytes):
            bytes_read += len(data)
            cut = data.rfind(b"\n") + 1
            if cut:
                block, line = self._block(b"".join((rest, memoryview(data)[:cut])), line, bytes_read)
                rest = data[cut:]
                yield block
            else:
                rest += data
                if len(rest) > _LONGEST_LINE:
                    raise malformed(self.path, line, "The line is longer than a megabyte. Is this a CSV file?")
        if rest:
            yield self._block(rest + b"\n", line, bytes_read)[0]

    def _read_header(self, raw: bytes) -> None:
        text = raw.removeprefix(_BOM).decode("utf-8", "replace")
        try:
            header = [name.strip() for row in csv.reader([text], skipinitialspace=True) for name in row]
        except csv.Error as error:
            raise malformed(self.path, 1, f"The header is not CSV ({error}).") from error
        missing = [name for name in self.names if name not in header]
        if missing:
            found = ", ".join(shown(name) for name in header[:12]) or "nothing"
            raise malformed(
                self.path, 1, f"The header names no column {' and no column '.join(missing)}; it has {found}."
            )
        twice = [name for name in self.names if header.count(name) > 1]
        if twice:
            raise malformed(self.path, 1, "The header names this column twice.", column=twice[0])
        self._width = len(header)
        self._positions = [header.index(name) for name in self.names]

    def _block(self, raw: bytes, line: int, bytes_read: int) -> tuple[Block, int]:
        """The block of `raw`, whose first line has the number `line`, and the number of the line after it."""
        cut = self._cut_as_it_is(raw, line)
        if cut is not None:
            end = line + cut.rows
            return Block(cut.text, cut.starts, cut.ends, np.arange(line, end), bytes_read), end
        rows, lines = self._written_anew(raw, line)
        cut = _cut(rows, _PLAIN_COMMA, len(self.names), range(len(self.names)))
        if cut is None:
            raise malformed(self.path, line, "The fields of this line or of one after it could not be told apart.")
        return Block(cut.text, cut.starts, cut.ends, lines, bytes_read), line + raw.count(b"\n")

    def _cut_as_it_is(self, raw: bytes, line: int) -> "_Cut | None":
        """The block's fields, or None where it needs the csv module."""
        first, together = self._positions[0], self._together
        if b'"' in raw or self._positions[:together] != list(range(first, first + together)):
            return None
        if not raw.isascii():
            self._decoded(raw, line)
        cut = _cut(raw, b",", self._width, self._positions)
        if cut is None or not (cut.starts[1:together] == cut.ends[: together - 1] + 1).all():
            return None
        return cut

    def _written_anew(self, raw: bytes, line: int) -> tuple[bytes, Positions]:
        """The wanted columns of a block in the plain form, and the line of each of its rows. Blank lines go."""
        rows, lines = [], []
        reader = csv.reader(StringIO(self._decoded(raw, line), newline=""), strict=True, skipinitialspace=True)
        try:
            for row in reader:
                if not row or (len(row) == 1 and not row[0].strip()):
                    continue
                at = line + reader.line_num - 1
                if len(row) != self._width:
                    message = f"The row has {len(row)} values where the header names {self._width} columns."
                    raise malformed(self.path, at, message)
                fields = [row[position].strip() for position in self._positions]
                for name, field in zip(self.names, fields, strict=True):
                    if not field.isprintable():
                        message = f"{shown(field)} holds a line break or a control character."
                        raise malformed(self.path, at, message, column=name)
                rows.append(_PLAIN_COMMA.decode().join(fields))
                lines.append(at)
        except csv.Error as error:
            at = line + max(reader.line_num, 1) - 1
            message = f"The quotes of this line or of one before it do not match ({error})."
            raise malformed(self.path, at, message) from error
        return "".join(f"{row}\n" for row in rows).encode(), np.array(lines, np.int64)

    def _decoded(self, raw: bytes, line: int) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            at = line + raw.count(b"\n", 0, error.start)
            raise malformed(self.path, at, "The line is not UTF-8. Save the file as UTF-8.") from error


@dataclass(frozen=True, slots=True)
class _Cut:
    text: Text
    rows: int
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]


def _cut(raw: bytes, comma: bytes, width: int, positions: Sequence[int]) -> _Cut | None:
    """The fields at `positions` of lines that all have `width` of them; None where it is not as plain as that."""
    chars = np.frombuffer(raw, np.uint8)
    is_newline = chars == _NEWLINE
    rows = int(np.count_nonzero(is_newline))
    separators = np.flatnonzero(is_newline | (chars == comma[0]))
    if separators.size != rows * width:
        return None
    by_row = separators.reshape(rows, width)
    newlines = by_row[:, -1]
    if not is_newline[newlines].all():
        return None
    returns = rows if rows and (chars[newlines - 1] == _RETURN).all() else 0
    if np.count_nonzero(chars < _SPACE) != returns + (rows if comma == b"," else separators.size):
        return None  # there are control characters besides
    starts, ends = np.empty((len(positions), rows), np.int64), np.empty((len(positions), rows), np.int64)
    for column, position in enumerate(positions):
        ends[column] = by_row[:, position]
        if position:
            starts[column] = by_row[:, position - 1] + 1
        else:
            starts[column, :1] = 0
            starts[column, 1:] = newlines[:-1] + 1
    if returns or b" " in raw:
        _leave_blanks_out(chars, starts, ends)
    return _Cut(Text(chars, zeros_at=separators), rows, starts, ends)


def _leave_blanks_out(chars: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> None:
    """Move starts and ends over blanks and carriage returns, in place."""
    for column in range(len(starts)):
        start, end = starts[column], ends[column]
        while (blank := (end > start) & (chars[end - 1] <= _SPACE)).any():
            np.subtract(end, blank, out=end)
        while (blank := (end > start) & (chars[start] <= _SPACE)).any():
            np.add(start, blank, out=start)
