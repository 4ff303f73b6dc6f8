"""Whether this process can answer requests: no upstream is asked, for their trouble is not ours."""

from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor


@dataclass(frozen=True, slots=True)
class Readiness:
    """One sentence a check; empty where it is fine."""

    database: str
    migrations: str

    @property
    def is_ready(self) -> bool:
        """Whether traffic may be sent here."""
        return not (self.database or self.migrations)


def readiness() -> Readiness:
    """Ask the database for one row, and whether every migration is applied."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return Readiness("The database does not answer.", "Not known while the database does not answer.")
    if missing:
        return Readiness("", f"{len(missing)} migrations are not applied: run `manage.py migrate`.")
    return Readiness("", "")
