"""Monthly range partitions on PostgreSQL; on SQLite the same model is one plain table."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connections, migrations, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class CreatePartitionedModel(migrations.CreateModel):
    """CreateModel whose table is partitioned by range of `day` where the database is PostgreSQL."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Create the table, with PARTITION BY on PostgreSQL."""
        editor: Any = schema_editor
        plain = editor.sql_create_table
        if editor.connection.vendor == "postgresql":
            editor.sql_create_table = plain + " PARTITION BY RANGE (day)"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            editor.sql_create_table = plain


def ensure_month_partitions(model: type[models.Model], days: Iterable[date], *, using: str = "default") -> None:
    """Make the monthly partitions that hold `days`; those that exist stay as they are.

    Does nothing on SQLite. Two callers at once do no harm: they pass one by one, and the second finds what the
    first has made. Call it before the transaction that writes: making a partition locks the whole table.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    months = sorted({(day.year, day.month) for day in days})
    table = model._meta.db_table  # noqa: SLF001 (Django's documented model metadata)
    if not _missing(connection, table, months):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table])
        for year, month in _missing(connection, table, months):
            first, following = date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
            cursor.execute(
                f'CREATE TABLE "{table}_{year:04d}_{month:02d}" '
                f"PARTITION OF \"{table}\" FOR VALUES FROM ('{first}') TO ('{following}')"
            )


def _missing(connection: Any, table: str, months: list[tuple[int, int]]) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = %s::regclass",
            [table],
        )
        existing = {name for (name,) in cursor.fetchall()}
    return [(year, month) for year, month in months if f"{table}_{year:04d}_{month:02d}" not in existing]
