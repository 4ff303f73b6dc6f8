from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import AwsAccount, Instance, Resource, User
from costing.estimators.findings import BY_KEY, Severity, Side


class FindingState(models.TextChoices):
    """What became of a finding."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    SNOOZED = "snoozed"
    RESOLVED = "resolved", "resolved by itself"


class FindingQuerySet(models.QuerySet["Finding"]):
    """Findings, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))

    def operable_by(self, user: User) -> Self:
        """Those that `user` may decide on: operator or owner of the team."""
        return self.filter(aws_account__in=AwsAccount.objects.operable_by(user))

    def current(self) -> Self:
        """Those that hold by the latest evaluation, whatever was decided on them."""
        return self.filter(resolved_at=None)

    def open_at(self, instant: datetime) -> Self:
        """Those that wait for somebody: open, or snoozed until an instant that has come."""
        return self.current().filter(
            Q(state=FindingState.OPEN) | Q(state=FindingState.SNOOZED, snoozed_until__lte=instant)
        )


class Finding(models.Model):
    """What a rule found in one instance or resource: why, since when, and what became of it.

    One row for each rule and thing. What is found again after it went away by itself is open again; what somebody
    dismissed stays dismissed, whether it comes and goes or not.
    """

    aws_account = models.ForeignKey(AwsAccount, on_delete=models.CASCADE, related_name="findings")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, null=True, related_name="findings")
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, null=True, related_name="findings")
    rule = models.CharField(max_length=30)
    side = models.CharField(max_length=10, choices=[(side.value, side.value) for side in Side])
    severity = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Severity])
    since_at = models.DateTimeField(null=True, help_text="When it began; empty: before anybody looked.")
    found_at = models.DateTimeField(help_text="When it was first found, this time.")
    evaluated_at = models.DateTimeField(help_text="When a rule last looked and could say.")
    resolved_at = models.DateTimeField(null=True, help_text="When the rule no longer found it.")
    evidence = models.JSONField(default=dict, help_text="Series with bounds and values, limits with who set them.")
    usd_per_month = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    gco2e_per_month = models.FloatField(null=True)
    stake_reason = models.CharField(max_length=200, blank=True, help_text="Why money or carbon is not known.")
    state = models.CharField(max_length=10, choices=FindingState, default=FindingState.OPEN)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it was dismissed.")
    snoozed_until = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["-found_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["instance", "rule"], name="finding_once_per_instance_and_rule"),
            models.UniqueConstraint(fields=["resource", "rule"], name="finding_once_per_resource_and_rule"),
            models.CheckConstraint(
                condition=Q(instance__isnull=False, resource__isnull=True)
                | Q(instance__isnull=True, resource__isnull=False),
                name="finding_is_of_an_instance_or_a_resource",
            ),
            models.CheckConstraint(condition=Q(state__in=FindingState.values), name="finding_state_is_known"),
            models.CheckConstraint(
                condition=Q(usd_per_month__isnull=False) | ~Q(stake_reason=""),
                name="finding_without_money_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state=FindingState.DISMISSED) | ~Q(reason=""), name="finding_dismissed_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(state=FindingState.SNOOZED) | Q(snoozed_until__isnull=False),
                name="finding_snoozed_says_until_when",
            ),
        ]
        indexes = [models.Index(fields=["aws_account", "state"], name="finding_by_account_and_state")]

    def __str__(self) -> str:
        return f"{self.label}: {self.instance or self.resource}"

    @property
    def label(self) -> str:
        """What was found, in words; of a rule that is no more, its name."""
        return BY_KEY[self.rule].label if self.rule in BY_KEY else self.rule


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    """Evaluations, as a user may see them."""

    def visible_to(self, user: User) -> Self:
        """Those of the accounts of the teams that `user` is a member of."""
        return self.filter(aws_account__in=AwsAccount.objects.visible_to(user))


class Evaluation(models.Model):
    """How the rules last went over an account: of how many things each could say something, and of how many not."""

    aws_account = models.OneToOneField(
        AwsAccount, on_delete=models.CASCADE, primary_key=True, related_name="evaluation"
    )
    evaluated_at = models.DateTimeField()
    counts = models.JSONField(default=dict, help_text="By rule: judged, found, not enough data.")
    undecided = models.PositiveIntegerField(default=0, help_text="Things of which no rule could say anything.")
    things = models.PositiveIntegerField(default=0, help_text="Things that some rule is about.")

    objects = EvaluationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.aws_account_id} at {self.evaluated_at}"
