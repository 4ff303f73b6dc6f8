"""A table whose rows the database itself refuses to change or remove."""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

_EVENTS = ("UPDATE", "DELETE")


def forbid_changes(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model]) -> None:
    """From now on the database refuses UPDATE and DELETE on the model's table, whoever asks."""
    table = model._meta.db_table  # noqa: SLF001 (Django's documented model metadata)
    says = f"{table} is append-only: its rows are neither changed nor removed."
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
            params=None,
        )
        schema_editor.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only()",
            params=None,
        )
        return
    for event in _EVENTS:
        schema_editor.execute(
            f"CREATE TRIGGER {table}_refuses_{event.lower()} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END",
            params=None,
        )


def allow_changes(schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model]) -> None:
    """Take back what `forbid_changes` did; does nothing where that was never done."""
    table = model._meta.db_table  # noqa: SLF001 (Django's documented model metadata)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_is_append_only ON {table}", params=None)
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_is_append_only()", params=None)
        return
    for event in _EVENTS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_refuses_{event.lower()}", params=None)


class MakeAppendOnly(Operation):
    """In a migration: the table of a model becomes append-only.

    SQLite rebuilds a table that a later migration alters and loses its triggers: such a migration repeats this.
    """

    reversible = True

    def __init__(self, model_name: str) -> None:
        """Remember the model, by the name it has in the migration's app."""
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models look as before."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, _from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Make the triggers anew."""
        model: Any = to_state.apps.get_model(app_label, self.model_name)
        allow_changes(schema_editor, model)
        forbid_changes(schema_editor, model)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, _to_state: ProjectState
    ) -> None:
        """Remove the triggers."""
        model: Any = from_state.apps.get_model(app_label, self.model_name)
        allow_changes(schema_editor, model)

    def describe(self) -> str:
        """What `migrate --plan` shows."""
        return f"Let the database refuse to change or remove rows of {self.model_name}"
