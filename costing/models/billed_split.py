from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import AwsAccount, User


class Dimension(models.TextChoices):
    """What a bill's usage is split by, besides service and account."""

    REGION = "region", "region"
    USAGE_TYPE = "usage_type", "usage type"


class BilledSplitQuerySet(models.QuerySet["BilledSplit"]):
    """Splits of bills, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))


class BilledSplit(models.Model):
    """A day's usage of one region or usage type, as Cost Explorer told it: the usage in BilledCost, cut once more.

    Cost Explorer groups by two things at most. Of an account on its own there are rows by service; of a payer
    there are rows by service that cover its members too, and rows by account that name no service. Each of the
    two adds up to the usage; they are never added to each other.
    """

    aws_account = models.ForeignKey(
        AwsAccount,
        on_delete=models.CASCADE,
        related_name="billed_splits",
        db_index=False,
        help_text="Whose usage it is.",
    )
    covers_members = models.BooleanField(default=False, help_text="Of the payer and the members in its team together.")
    day = models.DateField()
    service = models.CharField(max_length=200, blank=True, help_text="Empty where the row is of all services.")
    dimension = models.CharField(max_length=20, choices=Dimension)
    value = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    unblended_cost = models.DecimalField(max_digits=20, decimal_places=10)
    amortized_cost = models.DecimalField(max_digits=20, decimal_places=10)
    is_estimated = models.BooleanField(default=False)
    source = models.CharField(max_length=40, default="aws_cost_explorer")
    retrieved_at = models.DateTimeField()

    objects = BilledSplitQuerySet.as_manager()

    class Meta:
        ordering = ["day", "dimension", "value"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "dimension", "day", "covers_members", "service", "value", "currency"],
                name="billed_split_once_per_day_service_and_value",
            ),
            models.CheckConstraint(
                condition=Q(dimension__in=Dimension.values), name="billed_split_is_by_a_known_thing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.service or 'all services'} {self.value}: {self.unblended_cost} {self.currency}"
