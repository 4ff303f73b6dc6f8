from typing import Self

from django.db import models

from .aws_account import AwsAccount
from .user import User


class InstanceEventQuerySet(models.QuerySet["InstanceEvent"]):
    """Events, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """The events of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))


class InstanceEvent(models.Model):
    """What CloudTrail said about one instance. One CloudTrail event may name many instances.

    With the inventory as its source: a start or stop that EC2 told and has forgotten since, and that
    CloudTrail did not tell.
    The instance is kept by its id, for an event may be told before the inventory knows the instance,
    or long after the instance has left it.
    """

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="instance_events")
    region = models.CharField(max_length=40)
    event_id = models.CharField(max_length=64)
    instance_id = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    occurred_at = models.DateTimeField()
    previous_state = models.CharField(max_length=20, blank=True)
    current_state = models.CharField(max_length=20, blank=True)
    instance_type = models.CharField(
        max_length=40,
        blank=True,
        help_text="The type the event launches with or changes to, where it says one.",
    )
    error_code = models.CharField(max_length=100, blank=True)
    actor = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=30, default="aws_cloudtrail")
    retrieved_at = models.DateTimeField()

    objects = InstanceEventQuerySet.as_manager()

    class Meta:
        ordering = ["occurred_at", "event_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "event_id", "instance_id"], name="event_once_per_account_and_instance"
            ),
        ]
        indexes = [
            models.Index(fields=["aws_account", "instance_id", "occurred_at"], name="event_by_instance_and_time"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.instance_id} {self.occurred_at:%Y-%m-%d %H:%M:%S}"


class EventWatermark(models.Model):
    """How far the CloudTrail of one account and region has been read, by event name."""

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="event_watermarks")
    region = models.CharField(max_length=40)
    event_name = models.CharField(max_length=60)
    read_from = models.DateTimeField(help_text="Since when events are known without a gap.")
    read_until = models.DateTimeField(help_text="Up to when; the next reading starts 30 minutes before it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "region", "event_name"],
                name="watermark_once_per_region_and_event_name",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_name} in {self.region} until {self.read_until:%Y-%m-%d %H:%M}"
