"""Databases beside the test database: made, copied, looked into and removed within a test.

A journey commits what it does, from several threads and processes, so it cannot live in a transaction that is
rolled back; and what it took half a minute to fetch is copied for each test that goes on from there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management import call_command
from django.db import connection


def _name(word: str) -> str:
    own = connection.settings_dict["TEST"]["NAME"]
    if connection.vendor == "sqlite":
        path = Path(own)
        return str(path.with_name(f"{path.stem}_{word}{path.suffix}"))
    return f"{own}_{word}"


def make(word: str) -> str:
    """A new database with all tables and reference rows; its name."""
    name = _name(word)
    drop(name)
    if connection.vendor == "postgresql":
        _on_server(f'CREATE DATABASE "{name}"')
    with using(name):
        call_command("migrate", verbosity=0)
    return name


def copy(source: str, word: str) -> str:
    """A copy of the database `source`, which nobody may be connected to; its name."""
    name = _name(word)
    drop(name)
    if connection.vendor == "postgresql":
        _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    else:
        with using(source), connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [name])
    return name


def drop(name: str) -> None:
    """Remove a database, if it is there."""
    if connection.vendor == "postgresql":
        _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    else:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(name + ending).unlink(missing_ok=True)


@contextmanager
def using(name: str) -> Iterator[None]:
    """Every connection of this process, of whatever thread, is to that database."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def url(name: str) -> str:
    """DATABASE_URL of that database, for another process."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    server = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(server._replace(path=f"/{name}"))


def _on_server(statement: str) -> None:
    """Run a statement that belongs to no database of ours."""
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        raise RuntimeError("Only PostgreSQL has a server to ask.")
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
