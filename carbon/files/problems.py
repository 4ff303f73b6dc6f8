"""The one error of this room."""

from pathlib import Path


class FileProblem(Exception):  # noqa: N818 (the name says what is so)
    """A file cannot be used as it is. The message names the file, and line and column where there are any."""


def malformed(path: Path, line: int, message: str, *, column: str = "") -> FileProblem:
    """The problem of one line (counted from 1, the header included) and, where it lies in one, its column."""
    place = f"{path.name}, line {line}" + (f", column {column}" if column else "")
    return FileProblem(f"{place}: {message}")


def shown(text: str | bytes) -> str:
    """A value as an error may quote it: in one line, and not longer than one can take in."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    text = text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 (a line's worth)
    return "“" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + "”"
