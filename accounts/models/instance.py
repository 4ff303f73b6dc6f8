from datetime import datetime
from typing import Self

from django.db import models

from finops.core.periods import Period

from .aws_account import AwsAccount
from .user import User


class InstanceQuerySet(models.QuerySet["Instance"]):
    """EC2 instances, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """The instances of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))

    def seen_during(self, period: Period) -> Self:
        """Those that existed at some time in `period`, as far as we know."""
        return self.exclude(gone_at__lte=period.start).exclude(
            first_launched_at__isnull=False, first_launched_at__gte=period.end
        )


class Instance(models.Model):
    """An EC2 instance as last seen by a refresh. One that is gone stays as history."""

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="instances")
    region = models.CharField(max_length=40)
    instance_id = models.CharField(max_length=40)
    name = models.CharField(max_length=256, blank=True)
    instance_type = models.CharField(max_length=40)
    state = models.CharField(max_length=20)
    launched_at = models.DateTimeField(null=True, help_text="Its LAST start: AWS calls this LaunchTime.")
    first_launched_at = models.DateTimeField(null=True, help_text="Attach time of the first network interface.")
    state_transition_reason = models.CharField(max_length=300, blank=True)
    state_reason_code = models.CharField(max_length=100, blank=True)
    state_reason_message = models.CharField(max_length=500, blank=True)
    platform_details = models.CharField(max_length=100, blank=True)
    usage_operation = models.CharField(max_length=40, blank=True)
    lifecycle = models.CharField(max_length=20, default="on-demand")
    tenancy = models.CharField(max_length=20, default="default")
    availability_zone = models.CharField(max_length=40, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, help_text="When a complete inventory no longer had it.")

    objects = InstanceQuerySet.as_manager()

    class Meta:
        ordering = ["region", "instance_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "region", "instance_id"], name="instance_once_per_account_and_region"
            ),
        ]
        indexes = [models.Index(fields=["instance_id"], name="instance_by_id")]

    def __str__(self) -> str:
        return self.name or self.instance_id

    def is_gone(self, *, at: datetime) -> bool:
        """Whether a complete inventory up to `at` no longer had it."""
        return self.gone_at is not None and self.gone_at <= at
