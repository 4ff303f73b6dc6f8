"""Many rows in one sorted upsert: COPY into staging on PostgreSQL, one prepared statement on SQLite."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connections, models, transaction

_BATCH = 5000


def upsert(
    model: type[models.Model],
    rows: Iterable[Sequence[Any]],
    *,
    columns: Sequence[str],
    key: Sequence[str],
    unless_equal: Sequence[str] | None = None,
    using: str = "default",
) -> int:
    """Insert `rows`, or update those whose `key` is there already; return how many rows were written.

    `columns` are field attribute names (`aws_account_id`, not `aws_account`) in the order of each row's
    values; `key` names the columns of a unique constraint; a key part `COALESCE(column, 0)` may be given as
    just that text. A row whose `unless_equal` columns (default: all but the key and `retrieved_at`,
    `derived_at`) are equal to the stored ones is left alone and not counted: running twice changes nothing.

    Rows are sorted by key first, so that two callers at once cannot deadlock. Values are what the model's
    fields take. Must be called inside a transaction.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("upsert() belongs inside a transaction.")
    fields = [_field(model, name) for name in columns]
    positions = [columns.index(_plain(part)) for part in key]
    prepared = sorted(
        (
            tuple(
                field.get_db_prep_value(value, connection, prepared=False)
                for field, value in zip(fields, row, strict=True)
            )
            for row in rows
        ),
        key=lambda row: tuple((row[p] is not None, row[p]) for p in positions),
    )
    if not prepared:
        return 0
    if unless_equal is None:
        unless_equal = [c for c in columns if c not in {"retrieved_at", "derived_at", *map(_plain, key)}]
    write = _upsert_postgresql if connection.vendor == "postgresql" else _upsert_sqlite
    names = [f.column for f in fields]
    equal = [_field(model, name).column for name in unless_equal]
    return write(connection, model._meta.db_table, prepared, names, list(key), equal)  # noqa: SLF001


def _plain(part: str) -> str:
    """The column inside `COALESCE(column, 0)`, or the part itself."""
    return part[len("COALESCE(") :].split(",", maxsplit=1)[0] if part.startswith("COALESCE(") else part


def _field(model: type[models.Model], name: str) -> Any:
    for field in model._meta.concrete_fields:  # noqa: SLF001
        if name in (field.attname, field.name):
            return field
    raise ValueError(f"{model.__name__} has no column {name!r}.")


def _conflict_clause(table: str, names: list[str], key: list[str], equal: list[str], differs: str) -> str:
    plain_key = {_plain(part) for part in key}
    updates = ", ".join(f'"{n}" = excluded."{n}"' for n in names if n not in plain_key)
    target = ", ".join(part if part.startswith("COALESCE(") else f'"{part}"' for part in key)
    if not updates:
        return f"ON CONFLICT ({target}) DO NOTHING"
    where = " OR ".join(f'"{table}"."{n}" {differs} excluded."{n}"' for n in equal)
    return f"ON CONFLICT ({target}) DO UPDATE SET {updates}" + (f" WHERE {where}" if where else "")


def _upsert_postgresql(  # noqa: PLR0917 (one caller, same order as its sibling)
    connection: Any, table: str, rows: list[tuple[Any, ...]], names: list[str], key: list[str], equal: list[str]
) -> int:
    columns = ", ".join(f'"{n}"' for n in names)
    with connection.cursor() as cursor:
        # Names in these statements come from the models, never from a caller's data.
        cursor.execute(f'CREATE TEMP TABLE staging ON COMMIT DROP AS SELECT {columns} FROM "{table}" WITH NO DATA')  # noqa: S608
        with cursor.copy(f"COPY staging ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        conflict = _conflict_clause(table, names, key, equal, "IS DISTINCT FROM")
        # The rows arrived sorted by key and a plain scan keeps that order.
        cursor.execute(f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM staging {conflict}')  # noqa: S608 (names from models)
        written: int = cursor.rowcount
        cursor.execute("DROP TABLE staging")
    return written


def _upsert_sqlite(  # noqa: PLR0917 (one caller, same order as its sibling)
    connection: Any, table: str, rows: list[tuple[Any, ...]], names: list[str], key: list[str], equal: list[str]
) -> int:
    columns = ", ".join(f'"{n}"' for n in names)
    values = ", ".join(["%s"] * len(names))
    conflict = _conflict_clause(table, names, key, equal, "IS NOT")
    statement = f'INSERT INTO "{table}" ({columns}) VALUES ({values}) {conflict}'  # noqa: S608 (names from models)
    written = 0
    with connection.cursor() as cursor:
        for batch in _batches(rows):
            cursor.executemany(statement, batch)
            written += cursor.rowcount
    return written


def _batches(rows: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
