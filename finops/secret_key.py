"""The keys that sign sessions and seal secrets, made once where nobody set them."""

import os
import secrets
from pathlib import Path


def key_of_this_machine(file: Path, *, chance_bytes: int = 50, loss: str = "everybody signs in again") -> str:
    """The key in `file`, which is made on first use, of so many bytes in base64, and readable by its owner only.

    `loss` says what a new key would undo. Two processes that start together agree: the one that finds the file
    already there reads it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    if not file.exists():
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(chance_bytes))
        try:
            os.link(unfinished, file)
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    key = file.read_text().strip()
    if not key:
        raise ValueError(f"{file} is empty. Remove it, and the next start makes a new key; {loss}.")
    return key
