from typing import Self

from django.db import models

from accounts.models import User


class TableColumnsQuerySet(models.QuerySet["TableColumns"]):
    """Choices of columns, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Their own."""
        return self.filter(user=user)


class TableColumns(models.Model):
    """Which columns of a table somebody wants to see."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="table_columns")
    table = models.CharField(max_length=30)
    columns = models.JSONField(default=list)

    objects = TableColumnsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "table"], name="columns_once_per_user_and_table"),
        ]

    def __str__(self) -> str:
        return f"{self.table} of {self.user_id}"
