from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import AwsAccount, Instance, User

from .cost_snapshot import Grade

WINDOWS = (7, 30, 90)  # so many complete days, as pages offer them


class WindowTotalQuerySet(models.QuerySet["WindowTotal"]):
    """Window totals, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the instances of the teams that `user` is a member of."""
        return self.filter(instance__in=Instance.objects.visible_to(user))

    def by_grade(self) -> Self:
        """Those that are of one cost grade and one carbon grade each; together they are the whole."""
        return self.exclude(cost_grade="")


class WindowTotal(models.Model):
    """The ledger of one instance over its last 7, 30 or 90 complete days, added up by grades, and (no grades) whole.

    What the list of instances sorts by, so that it reads no ledger row. As fresh as WindowStand says.
    """

    # No constraint in the database, for the reason that CostSnapshot has none.
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="window_totals", db_constraint=False, db_index=False
    )
    days = models.PositiveSmallIntegerField(help_text="The length of the window.")
    cost_grade = models.CharField(max_length=1, choices=Grade, blank=True)
    carbon_grade = models.CharField(max_length=1, choices=Grade, blank=True)

    instance_days = models.PositiveIntegerField(help_text="Days of the window with a ledger row of these grades.")
    running_hours = models.FloatField()
    billed_hours = models.FloatField()
    list_cost_usd = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    energy_kwh = models.FloatField(null=True)
    operational_gco2e = models.FloatField(null=True)
    embodied_gco2e = models.FloatField(null=True)
    hours_with_runtime = models.PositiveIntegerField()
    hours_aligned = models.PositiveIntegerField()
    paired_cost_usd = models.DecimalField(
        max_digits=20, decimal_places=8, null=True, help_text="Of the days whose cost and carbon are both known."
    )
    paired_gco2e = models.FloatField(null=True, help_text="Operational and embodied, of the same days.")
    days_without_price = models.PositiveIntegerField()
    days_without_power = models.PositiveIntegerField()
    days_without_intensity = models.PositiveIntegerField()

    objects = WindowTotalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "days", "cost_grade", "carbon_grade"],
                name="window_total_once_per_instance_window_and_grades",
            ),
            models.CheckConstraint(condition=Q(days__in=WINDOWS), name="window_is_one_that_pages_offer"),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id}, {self.days} days"


class WindowStandQuerySet(models.QuerySet["WindowStand"]):
    """How far window totals go, as a user may see it."""

    def visible_to(self, user: User) -> Self:
        """Those of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))


class WindowStand(models.Model):
    """Up to which day an account's window totals go. No row: its ledger has changed since, so they do not count."""

    aws_account = models.OneToOneField(
        AwsAccount, on_delete=models.CASCADE, primary_key=True, related_name="window_stand"
    )
    last_day = models.DateField(help_text="The last complete day in them.")

    objects = WindowStandQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.aws_account_id} up to {self.last_day}"
