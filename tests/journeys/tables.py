"""The rows of tables as the database holds them, to be compared one by one."""

from django.apps import apps
from django.db import connection

# What tells how the work went, and not what came of it.
_OF_THE_WORK = {"RefreshRun", "SourceStatus", "Pace"}
_APPS = ("accounts", "carbon", "costing")
# What says when a row was written or asked for.
STAMPS = frozenset({"id", "retrieved_at", "derived_at", "created_at", "first_seen_at", "last_seen_at"})


def dump(*, without: frozenset[str] = frozenset(), fact_and_derived_only: bool = False) -> dict[str, list[tuple]]:
    """Every row of every fact and derived table, sorted, by table; columns named in `without` left out.

    Keys that the database gives are replaced by what they point to, so that two databases can be compared.
    """
    tables = {}
    for label in _APPS:
        for model in apps.get_app_config(label).get_models():
            if model.__name__ in _OF_THE_WORK or (fact_and_derived_only and model.__name__ == "TouchedDay"):
                continue
            columns = [field.column for field in model._meta.concrete_fields if field.column]
            kept = [column for column in columns if column not in without]
            with connection.cursor() as cursor:
                listed = ", ".join(f'"{column}"' for column in kept)
                cursor.execute(f'SELECT {listed} FROM "{model._meta.db_table}"')  # noqa: S608 (names of our own)
                rows = [tuple(map(_plain, row)) for row in cursor.fetchall()]
            tables[model.__name__] = sorted(rows, key=repr)
    return tables


def differences(before, after):
    """For each table whose rows differ: how many are only here, how many only there, and one of each."""
    found = {}
    for name in before.keys() | after.keys():
        old, new = set(before.get(name, ())), set(after.get(name, ()))
        if old != new or len(before[name]) != len(after[name]):
            found[name] = (len(old - new), len(new - old), min(old - new, default=None, key=repr),
                           min(new - old, default=None, key=repr))  # fmt: skip
    return found


def _plain(value):
    return bytes(value).hex() if isinstance(value, memoryview | bytes) else value
