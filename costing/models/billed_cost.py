from typing import Self

from django.db import models

from accounts.models import AwsAccount, User
from costing.estimators.validation import EC2_COMPUTE, USAGE_RECORD_TYPES


class BilledCostQuerySet(models.QuerySet["BilledCost"]):
    """Billed costs, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))

    def of_compute_usage(self) -> Self:
        """What the model can be held against: EC2's instance hours, however they were paid for."""
        return self.filter(service=EC2_COMPUTE, record_type__in=USAGE_RECORD_TYPES)


class BilledCost(models.Model):
    """A day's cost of one service and record type, as Cost Explorer told it.

    The rows of a day add up to the bill of that day: no row is contained in another. Where the payer
    answered for its members, charges that are not usage (tax, credit, …) come without a service.
    """

    aws_account = models.ForeignKey(
        AwsAccount, on_delete=models.CASCADE, related_name="billed_costs", help_text="Whose usage it is."
    )
    day = models.DateField()
    service = models.CharField(max_length=200, blank=True)
    record_type = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    unblended_cost = models.DecimalField(max_digits=20, decimal_places=10)
    amortized_cost = models.DecimalField(max_digits=20, decimal_places=10)
    is_estimated = models.BooleanField(default=False)
    source = models.CharField(max_length=40, default="aws_cost_explorer")
    retrieved_at = models.DateTimeField()

    objects = BilledCostQuerySet.as_manager()

    class Meta:
        ordering = ["day", "service", "record_type"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "day", "service", "record_type", "currency"],
                name="billed_cost_once_per_day_service_and_record_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.service or 'all services'} {self.record_type}: {self.unblended_cost} {self.currency}"
