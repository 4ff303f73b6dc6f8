from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import AwsAccount, Instance, User
from finops.core.hourly import HourlyField
from finops.core.periods import Period


class Grade(models.TextChoices):
    """How far a figure can be trusted; the worst of its inputs counts."""

    MEASURED = "A", "measured"
    MODELLED = "B", "modelled on own metrics"
    DEFAULTED = "C", "a default was used"
    MISSING = "D", "a part is missing"


class CostSnapshotQuerySet(models.QuerySet["CostSnapshot"]):
    """The ledger, as a user may see it."""

    def visible_to(self, user: User) -> Self:
        """The days of instances of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))

    def during(self, period: Period) -> Self:
        """The days that lie wholly or partly in `period`."""
        days = period.days()
        return self.filter(day__gte=days[0], day__lte=days[-1]) if days else self.none()


class CostSnapshot(models.Model):
    """One instance over one UTC day: what it ran, used, emitted and cost, with the 24 hours behind it.

    Derived from facts and derivable again. A part that cannot be known is NULL (in an hour: NaN), never
    zero; where one hour of a day lacks a part, the day's total is the sum of the known hours and the
    grade is D.
    """

    pk = models.CompositePrimaryKey("instance_id", "day")
    # No constraints in the database on the two keys: a check per row would double the time of a derive,
    # and both are removed only by a service that removes the ledger first.
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="cost_snapshots", db_constraint=False, db_index=False
    )
    day = models.DateField()
    aws_account = models.ForeignKey(
        AwsAccount,
        on_delete=models.CASCADE,
        related_name="cost_snapshots",
        db_constraint=False,
        db_index=False,
    )
    region = models.CharField(max_length=40)
    zone_key = models.CharField(max_length=30, blank=True)
    instance_type = models.CharField(max_length=40, help_text="The last one of the day.")

    running_hours = models.FloatField(help_text="The best estimate; exact where lower equals upper.")
    running_hours_lower = models.FloatField()
    running_hours_upper = models.FloatField()
    billed_hours = models.FloatField(help_text="60 s minimum a start, SUSE by full hours, first spot hour free.")
    list_cost_usd = models.DecimalField(
        max_digits=18,
        decimal_places=8,
        null=True,
        help_text="Billed hours × on-demand price; NULL without a price.",
    )
    energy_kwh = models.FloatField(null=True, help_text="With PUE; NULL where the type's power is unknown.")
    operational_gco2e = models.FloatField(null=True)
    embodied_gco2e = models.FloatField(null=True)
    hours_with_runtime = models.PositiveSmallIntegerField(help_text="Hours of the day in which it ran at all.")
    hours_aligned = models.PositiveSmallIntegerField(
        help_text="Of these, hours with runtime, price, intensity and CPU all measured."
    )
    cost_grade = models.CharField(max_length=1, choices=Grade)
    carbon_grade = models.CharField(max_length=1, choices=Grade)
    power_model = models.CharField(max_length=20)
    method_version = models.PositiveSmallIntegerField()
    derived_at = models.DateTimeField()

    running_seconds_by_hour = HourlyField()
    cpu_utilization_by_hour = HourlyField(help_text="A share, 0 to 1; NaN where none was measured.")
    energy_kwh_by_hour = HourlyField()
    operational_gco2e_by_hour = HourlyField()
    list_cost_usd_by_hour = HourlyField()
    gco2e_per_kwh_by_hour = HourlyField()
    quality_by_hour = HourlyField(dtype="<u2", help_text="costing/estimators/quality.py names the bits.")

    objects = CostSnapshotQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["aws_account", "day"], name="snapshot_by_account_and_day")]
        constraints = [
            models.CheckConstraint(condition=Q(cost_grade__in=Grade.values), name="cost_grade_is_known"),
            models.CheckConstraint(condition=Q(carbon_grade__in=Grade.values), name="carbon_grade_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id} on {self.day}"


class DailyTotalQuerySet(models.QuerySet["DailyTotal"]):
    """Totals, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))

    def during(self, period: Period) -> Self:
        """The days that lie wholly or partly in `period`."""
        days = period.days()
        return self.filter(day__gte=days[0], day__lte=days[-1]) if days else self.none()


class DailyTotal(models.Model):
    """The ledger of an account and day added up by what pages group by, so that no page reads a row per instance."""

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="daily_totals")
    day = models.DateField()
    region = models.CharField(max_length=40)
    instance_type = models.CharField(max_length=40)
    cost_grade = models.CharField(max_length=1, choices=Grade)
    carbon_grade = models.CharField(max_length=1, choices=Grade)

    instance_count = models.PositiveIntegerField()
    running_hours = models.FloatField()
    billed_hours = models.FloatField()
    list_cost_usd = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    energy_kwh = models.FloatField(null=True)
    operational_gco2e = models.FloatField(null=True)
    embodied_gco2e = models.FloatField(null=True)
    hours_with_runtime = models.PositiveIntegerField()
    hours_aligned = models.PositiveIntegerField()
    instances_without_price = models.PositiveIntegerField()
    instances_without_power = models.PositiveIntegerField()
    instances_without_intensity = models.PositiveIntegerField()
    derived_at = models.DateTimeField()

    objects = DailyTotalQuerySet.as_manager()

    class Meta:
        ordering = ["day", "region", "instance_type"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "day", "region", "instance_type", "cost_grade", "carbon_grade"],
                name="daily_total_once_per_account_day_and_group",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.region} {self.instance_type}"
