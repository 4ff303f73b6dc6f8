"""The rows of tables as the database holds them, to be compared one by one."""

from collections import Counter

from django.apps import apps
from django.db import connection

from accounts.models import Instance, Resource

# What tells how the work went, and not what came of it.
_OF_THE_WORK = {"RefreshRun", "SourceStatus", "Pace", "Heartbeat"}
_APPS = ("accounts", "carbon", "costing")


def dump(*, without: frozenset[str] = frozenset()) -> dict[str, list[tuple]]:
    """Every row of every fact and derived table, sorted, by table; columns named in `without` left out.

    Numbers that a database gives out itself are left out or replaced by what they stand for, so that the rows
    of two databases can be compared.
    """
    instances = Instance.objects.values_list("pk", "region", "instance_id")
    resources = Resource.objects.values_list("pk", "region", "kind", "resource_id")
    known = {
        Instance: {None: None} | {pk: "/".join(words) for pk, *words in instances},
        Resource: {None: None} | {pk: "/".join(words) for pk, *words in resources},
    }
    tables = {}
    for label in _APPS:
        for model in apps.get_app_config(label).get_models():
            if model.__name__ in _OF_THE_WORK:
                continue
            fields = [f for f in model._meta.concrete_fields if f.column and f.column not in {"id", *without}]
            points = [known.get(field.related_model) if field.is_relation else None for field in fields]
            columns = ", ".join(f'"{field.column}"' for field in fields)
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {columns} FROM {model._meta.db_table}")  # noqa: S608 (names of our own)
                rows = cursor.fetchall()
            tables[model.__name__] = sorted(
                (
                    tuple(
                        _plain(value) if names is None else names[value]
                        for value, names in zip(row, points, strict=True)
                    )
                    for row in rows
                ),
                key=repr,
            )
    return tables


def differences(before, after):
    """For each table whose rows differ: how many are only here, how many only there, and one of each."""
    found = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = Counter(before.get(name, ())), Counter(after.get(name, ()))
        if old != new:
            lost, added = old - new, new - old
            found[name] = (
                lost.total(),
                added.total(),
                min(lost, default=None, key=repr),
                min(added, default=None, key=repr),
            )
    return found


def _plain(value):
    if isinstance(value, float):
        # Where the database adds up rows, their order decides on the last digit of a sum.
        return float(f"{value:.12g}")
    return bytes(value).hex() if isinstance(value, memoryview | bytes) else value
