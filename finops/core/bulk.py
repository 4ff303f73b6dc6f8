"""Many rows in one sorted upsert: COPY into staging on PostgreSQL, one prepared statement on SQLite."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from django.db import connections, models, transaction
from psycopg.types.string import BytesBinaryDumper

_BATCH = 5000


def upsert(
    model: type[models.Model],
    rows: Iterable[Sequence[Any]],
    *,
    columns: Sequence[str],
    key: Sequence[str],
    unless_equal: Sequence[str] | None = None,
    are_ready: bool = False,
    using: str = "default",
) -> int:
    """Insert `rows`, or update those whose `key` is there already; return how many rows were written.

    `columns` are field attribute names (`aws_account_id`, not `aws_account`) in the order of each row's
    values; `key` names the columns of a unique constraint; a key part `COALESCE(column, 0)` may be given as
    just that text. A row whose `unless_equal` columns (default: all but the key and `retrieved_at`,
    `derived_at`) are equal to the stored ones is left alone and not counted: running twice changes nothing.

    Rows are sorted by key first, so that two callers at once cannot deadlock. Values are what the model's
    fields take; with `are_ready` they are what the database driver takes, and sorted by key already.
    Must be called inside a transaction.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("upsert() belongs inside a transaction.")
    fields = [_field(model, name) for name in columns]
    prepared = rows if are_ready else _prepared(rows, fields, columns, key, connection)
    if unless_equal is None:
        unless_equal = [c for c in columns if c not in {"retrieved_at", "derived_at", *map(_plain, key)}]
    names = [f.column for f in fields]
    statement = _Statement(
        table=model._meta.db_table,  # noqa: SLF001
        columns=names,
        types=[f.db_type(connection) for f in fields],
        key=list(key),
        equal=[_field(model, name).column for name in unless_equal],
    )
    write = _upsert_postgresql if connection.vendor == "postgresql" else _upsert_sqlite
    return write(connection, statement, prepared)


def insert_ready(
    model: type[models.Model], rows: Iterable[Sequence[Any]], *, columns: Sequence[str], using: str = "default"
) -> int:
    """Insert rows of which none is there yet, by one COPY on PostgreSQL; return how many those were.

    Values are what the database driver takes. A row whose key is there already is an IntegrityError.
    Must be called inside a transaction.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("insert_ready() belongs inside a transaction.")
    fields = [_field(model, name) for name in columns]
    statement = _Statement(
        table=model._meta.db_table,  # noqa: SLF001
        columns=[f.column for f in fields],
        types=[f.db_type(connection) for f in fields],
        key=[],
        equal=[],
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors:
                return _copy_in(cursor, statement, f'"{statement.table}"', rows)
        return sum(_insert_batch(cursor, statement, batch) for batch in _batches(rows))


def _insert_batch(cursor: Any, statement: "_Statement", batch: list[Sequence[Any]]) -> int:
    cursor.executemany(statement.insertion, batch)
    return len(batch)


@dataclass(frozen=True, slots=True)
class _Statement:
    """The names an upsert is made of; they come from models, never from a caller's data."""

    table: str
    columns: list[str]
    types: list[str]
    key: list[str]
    equal: list[str]

    @property
    def insertion(self) -> str:
        """INSERT of one row."""
        values = ", ".join(["%s"] * len(self.columns))
        return f'INSERT INTO "{self.table}" ({self.column_list}) VALUES ({values})'  # noqa: S608

    @property
    def column_list(self) -> str:
        return ", ".join(f'"{name}"' for name in self.columns)

    def conflict_clause(self, differs: str) -> str:
        """ON CONFLICT …; `differs` is the database's operator for "not equal, NULL being a value"."""
        plain_key = {_plain(part) for part in self.key}
        updates = ", ".join(f'"{n}" = excluded."{n}"' for n in self.columns if n not in plain_key)
        target = ", ".join(part if part.startswith("COALESCE(") else f'"{part}"' for part in self.key)
        if not updates:
            return f"ON CONFLICT ({target}) DO NOTHING"
        where = " OR ".join(f'"{self.table}"."{n}" {differs} excluded."{n}"' for n in self.equal)
        return f"ON CONFLICT ({target}) DO UPDATE SET {updates}" + (f" WHERE {where}" if where else "")


def _prepared(
    rows: Iterable[Sequence[Any]], fields: list[Any], columns: Sequence[str], key: Sequence[str], connection: Any
) -> list[tuple[Any, ...]]:
    """The rows as the driver takes them, sorted by key with NULL first."""
    positions = [columns.index(_plain(part)) for part in key]
    prepare = [_preparation(field, connection) for field in fields]
    return sorted(
        (tuple(prepared(value) for prepared, value in zip(prepare, row, strict=True)) for row in rows),
        key=lambda row: tuple((row[p] is not None, row[p]) for p in positions),
    )


def _preparation(field: Any, connection: Any) -> Callable[[Any], Any]:
    """What makes a value of `field` one that the driver takes; bytes stay bytes, without Django's wrapper."""
    if isinstance(field, models.BinaryField):
        return field.get_prep_value
    return partial(field.get_db_prep_value, connection=connection, prepared=False)


def _plain(part: str) -> str:
    """The column inside `COALESCE(column, 0)`, or the part itself."""
    return part[len("COALESCE(") :].split(",", maxsplit=1)[0] if part.startswith("COALESCE(") else part


def _field(model: type[models.Model], name: str) -> Any:
    for field in model._meta.concrete_fields:  # noqa: SLF001
        if name in (field.attname, field.name):
            return field
    raise ValueError(f"{model.__name__} has no column {name!r}.")


def _upsert_postgresql(connection: Any, statement: _Statement, rows: Iterable[Sequence[Any]]) -> int:
    table, columns = statement.table, statement.column_list
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TEMP TABLE staging ON COMMIT DROP AS SELECT {columns} FROM "{table}" WITH NO DATA')  # noqa: S608
        _copy_in(cursor, statement, "staging", rows)
        # The rows arrived sorted by key, and a plain scan keeps that order.
        conflict = statement.conflict_clause("IS DISTINCT FROM")
        cursor.execute(f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM staging {conflict}')  # noqa: S608
        written: int = cursor.rowcount
        cursor.execute("DROP TABLE staging")
    return written


def _copy_in(cursor: Any, statement: _Statement, table: str, rows: Iterable[Sequence[Any]]) -> int:
    count = 0
    # psycopg's last word for bytea is its DB-API wrapper in Python; packed hours are bytes already.
    cursor.adapters.register_dumper(bytes, BytesBinaryDumper)
    with cursor.copy(f"COPY {table} ({statement.column_list}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types([_copy_type(name) for name in statement.types])
        for count, row in enumerate(rows, start=1):  # noqa: B007 (the last count is how many there were)
            copy.write_row(row)
    return count


def _copy_type(db_type: str) -> str:
    """The name psycopg knows a column's type by: without length, check or identity."""
    return db_type.split("(", 1)[0].strip().removesuffix(" with time zone").replace("timestamp", "timestamptz")


def _upsert_sqlite(connection: Any, statement: _Statement, rows: Iterable[Sequence[Any]]) -> int:
    sql = f"{statement.insertion} {statement.conflict_clause('IS NOT')}"
    written = 0
    with connection.cursor() as cursor:
        for batch in _batches(rows):
            cursor.executemany(sql, batch)
            written += cursor.rowcount
    return written


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
