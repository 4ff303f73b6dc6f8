from typing import Self

from django.db import models
from django.db.models import Q

from .aws_account import AwsAccount
from .user import User


class SourceState(models.TextChoices):
    """How a source answered last time. Zero, unknown, denied and not yet asked are never the same."""

    NEVER = "never", "not yet fetched"
    AVAILABLE = "available", "available"
    DEGRADED = "degraded", "degraded: cached data used"
    UNAVAILABLE = "unavailable", "unavailable"
    LOGIN_NEEDED = "login_needed", "login needed"
    DENIED = "denied", "not allowed"
    NOT_ENABLED = "not_enabled", "not enabled"
    THROTTLED = "throttled", "rate limited"


class SourceStatusQuerySet(models.QuerySet["SourceStatus"]):
    """Source states, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the user's accounts, and those that belong to the whole installation."""
        return self.filter(Q(aws_account=None) | Q(aws_account__in=AwsAccount.objects.visible_to(user)))


class SourceStatus(models.Model):
    """How one upstream last answered for one account, or for the installation (`aws_account` empty)."""

    aws_account = models.ForeignKey(
        AwsAccount, on_delete=models.CASCADE, null=True, blank=True, related_name="source_statuses"
    )
    source = models.CharField(max_length=40, help_text="aws_ec2, aws_cloudtrail, electricity_maps, …")
    state = models.CharField(max_length=20, choices=SourceState, default=SourceState.NEVER)
    last_attempt_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    next_due_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, help_text="In our words, never the upstream's body.")
    fix = models.CharField(max_length=500, blank=True, help_text="What the reader can do about it.")
    detail = models.JSONField(default=dict, blank=True, help_text="Per region or zone: state, rows, error.")
    refused_values = models.PositiveIntegerField(default=0, help_text="Implausible values left out last time.")
    month = models.DateField(null=True, help_text="The month that calls and cost_usd count.")
    calls = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, default=0)

    objects = SourceStatusQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "source statuses"
        ordering = ["source"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "source"],
                condition=Q(aws_account__isnull=False),
                name="source_status_once_per_account",
            ),
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(aws_account__isnull=True),
                name="source_status_once_per_installation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.state}"
