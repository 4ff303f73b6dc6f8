"""A file that is there in whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Protocol


class Stream(Protocol):
    """Anything that text can be written to."""

    def write(self, text: str, /) -> object:
        """Take the text."""


@contextmanager
def written_whole(output: Path | Stream) -> Iterator[IO[str]]:
    """A text file to write to, which becomes `output` at the end; if anything is raised before, `output` stays as is.

    It is written beside `output` and then takes its place. A stream, or a path that is no plain file, gets the text
    in one go at the end.
    """
    if isinstance(output, Path) and (output.is_file() or not output.exists()):
        target = output.resolve()
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with part.open("w", encoding="utf-8", newline="") as file:
                yield file
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return
    with TemporaryFile("w+", encoding="utf-8", newline="") as file:
        yield file
        file.seek(0)
        if isinstance(output, Path):
            with output.open("w", encoding="utf-8", newline="") as stream:
                copyfileobj(file, stream)
        else:
            copyfileobj(file, output)
