from typing import Self

from django.db import models

from accounts.models import AwsAccount, User
from finops.core.periods import Period


class AccountDayQuerySet(models.QuerySet["AccountDay"]):
    """Days of accounts, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))

    def during(self, period: Period) -> Self:
        """The days that lie wholly or partly in `period`."""
        days = period.days()
        return self.filter(day__gte=days[0], day__lte=days[-1]) if days else self.none()


class AccountDay(models.Model):
    """The totals of an account and day, all regions and types together: one row where DailyTotal has dozens.

    What the checks read of months and many accounts at once. An amount of a grade that no instance has is NULL.
    """

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    instance_days = models.PositiveIntegerField()
    instance_days_of_missing_cost = models.PositiveIntegerField(help_text="With an hour or more without a price.")
    instance_days_without_price = models.PositiveIntegerField(help_text="With no price at all.")
    instance_days_without_power = models.PositiveIntegerField()
    instance_days_without_intensity = models.PositiveIntegerField()
    hours_with_runtime = models.PositiveIntegerField()
    hours_aligned = models.PositiveIntegerField()
    list_cost_usd_a = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    list_cost_usd_b = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    list_cost_usd_c = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    list_cost_usd_d = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    energy_kwh_a = models.FloatField(null=True)
    energy_kwh_b = models.FloatField(null=True)
    energy_kwh_c = models.FloatField(null=True)
    energy_kwh_d = models.FloatField(null=True)

    objects = AccountDayQuerySet.as_manager()

    class Meta:
        ordering = ["aws_account", "day"]
        constraints = [
            models.UniqueConstraint(fields=["aws_account", "day"], name="account_day_once_per_account_and_day"),
        ]

    def __str__(self) -> str:
        return f"{self.aws_account_id} on {self.day}"
