from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from .aws_account import AwsAccount
from .user import User


class RunState(models.TextChoices):
    """Where a run stands. Queued and running ones are active; a parked one failed too often."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARKED = "parked"


ACTIVE_STATES = [RunState.QUEUED, RunState.RUNNING]


class RefreshRunQuerySet(models.QuerySet["RefreshRun"]):
    """Runs, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """The runs of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))

    def active(self) -> Self:
        """Queued or running."""
        return self.filter(state__in=ACTIVE_STATES)

    def claimable(self, *, now: datetime) -> Self:
        """Queued and due, or running under a lease that has ended."""
        return self.filter(
            Q(state=RunState.QUEUED, next_try_at__lte=now) | Q(state=RunState.RUNNING, lease_until__lt=now)
        )


class RefreshRun(models.Model):
    """One refresh of one account: the truth of which Celery's messages are only the doorbell.

    Whoever works on it holds a lease and a fence; every write checks the fence in its own transaction,
    so a worker that was slow and lost its lease writes nothing.
    """

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="refresh_runs")
    kind = models.CharField(max_length=20, default="refresh")
    steps = models.JSONField(default=list, help_text="Names of the steps to do, in order.")
    regions = models.JSONField(default=list, help_text="The regions whose lists are read; empty for all enabled ones.")
    period_start = models.DateTimeField(help_text="Facts are wanted from here on.")
    period_end = models.DateTimeField()
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    progress = models.JSONField(
        default=dict, help_text="Per step: state, done, total, rows, message; per region where it has any."
    )
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RefreshRunQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["aws_account", "kind"],
                condition=Q(state__in=["queued", "running"]),
                name="one_active_run_per_account_and_kind",
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
        ]
        indexes = [models.Index(fields=["state", "next_try_at"], name="run_by_state_and_due")]

    def __str__(self) -> str:
        return f"{self.kind} of account {self.aws_account_id}: {self.state}"


class TouchedDay(models.Model):
    """A day of an account whose facts changed, so that its ledger is to be derived again.

    `version` counts the touches: a derive removes the row only where nothing touched it meanwhile.
    """

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="touched_days")
    day = models.DateField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["aws_account", "day"], name="touched_day_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"{self.day} of account {self.aws_account_id}"
