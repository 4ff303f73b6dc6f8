"""Keeps which columns of a table somebody wants to see."""

from collections.abc import Iterable

from accounts.models import User
from costing.models import TableColumns


def choose_columns(*, user: User, table: str, columns: Iterable[str]) -> None:
    """Show `user` these columns of `table` from now on; the same choice again changes nothing."""
    TableColumns.objects.update_or_create(user=user, table=table, defaults={"columns": list(columns)})


def forget_columns(*, user: User, table: str) -> None:
    """Show `user` the usual columns of `table` again."""
    TableColumns.objects.filter(user=user, table=table).delete()
