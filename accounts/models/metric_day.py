from typing import Self

from django.db import models

from finops.core.hourly import HourlyField

from .aws_account import AwsAccount
from .instance import Instance
from .resource import Resource
from .user import User

CPU_UTILIZATION = "CPUUtilization"


class MetricDayQuerySet(models.QuerySet["MetricDay"]):
    """Metrics of instances, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """The metrics of instances of the teams that `user` is a member of."""
        return self.filter(instance__aws_account__in=AwsAccount.objects.visible_to(user))


class MetricDay(models.Model):
    """One metric of one instance over one UTC day: 24 hours packed, NaN where nothing was measured.

    CPU values are per cent, 0 to 100, as CloudWatch gives them. `sample_count` at a period of an hour
    is the number of minutes the instance ran in it. A statistic that is not asked of the metric is NULL;
    of CPU all but `total` are there.
    """

    pk = models.CompositePrimaryKey("instance_id", "metric", "day")
    # No constraint in the database: a check per row would double the time of a bulk write, and
    # instances are removed only together with their account, by a service that removes these first.
    instance = models.ForeignKey(
        Instance, on_delete=models.CASCADE, related_name="metric_days", db_constraint=False, db_index=False
    )
    metric = models.CharField(max_length=60)
    day = models.DateField()
    average = HourlyField(null=True)
    maximum = HourlyField(null=True)
    total = HourlyField(null=True)
    sample_count = HourlyField(null=True)
    source = models.CharField(max_length=30, default="aws_cloudwatch")
    retrieved_at = models.DateTimeField()

    objects = MetricDayQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.metric} {self.instance_id} {self.day}"


class ResourceMetricDayQuerySet(models.QuerySet["ResourceMetricDay"]):
    """Metrics of resources, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """The metrics of resources of the teams that `user` is a member of."""
        return self.filter(resource__aws_account__in=AwsAccount.objects.visible_to(user))


class ResourceMetricDay(models.Model):
    """One metric of one resource that is no instance over one UTC day, packed like `MetricDay`.

    Units are CloudWatch's own, as accounts/clients/aws/metrics.py names them. A metric that AWS measures once a
    day stands in the day's first hour. A statistic that is not asked of the metric is NULL.
    """

    pk = models.CompositePrimaryKey("resource_id", "metric", "day")
    # As with MetricDay, no constraint in the database.
    resource = models.ForeignKey(
        Resource, on_delete=models.CASCADE, related_name="metric_days", db_constraint=False, db_index=False
    )
    metric = models.CharField(max_length=60)
    day = models.DateField()
    average = HourlyField(null=True)
    maximum = HourlyField(null=True)
    total = HourlyField(null=True)
    source = models.CharField(max_length=30, default="aws_cloudwatch")
    retrieved_at = models.DateTimeField()

    objects = ResourceMetricDayQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.metric} {self.resource_id} {self.day}"
