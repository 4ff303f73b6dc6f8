from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models import AwsAccount, Team
from costing.estimators.findings import PARAMETERS


class Threshold(models.Model):
    """A limit of a rule, as the platform admin set it: for all, for a team, or for one account.

    The narrowest one counts. A limit that has no row stands as the rules have it.
    """

    parameter = models.CharField(max_length=60, help_text="As costing/estimators/findings/rules.py names it.")
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="thresholds", help_text="Empty: all teams."
    )
    aws_account = models.ForeignKey(
        AwsAccount,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="thresholds",
        help_text="Empty: all accounts.",
    )
    value = models.FloatField()

    class Meta:
        ordering = ["parameter", "team", "aws_account"]
        constraints = [
            models.UniqueConstraint(
                fields=["parameter"],
                condition=Q(team__isnull=True, aws_account__isnull=True),
                name="threshold_once_for_all",
            ),
            models.UniqueConstraint(
                fields=["parameter", "team"], condition=Q(team__isnull=False), name="threshold_once_per_team"
            ),
            models.UniqueConstraint(
                fields=["parameter", "aws_account"],
                condition=Q(aws_account__isnull=False),
                name="threshold_once_per_account",
            ),
            models.CheckConstraint(
                condition=Q(team__isnull=True) | Q(aws_account__isnull=True),
                name="threshold_is_of_a_team_or_an_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parameter} = {self.value:g} for {self.whom}"

    @property
    def whom(self) -> str:
        """Whose limit it is."""
        return str(self.aws_account or self.team or "all")

    def clean(self) -> None:
        """A value within what the parameter takes."""
        super().clean()
        if self.parameter in PARAMETERS and self.value is not None:
            _, parameter = PARAMETERS[self.parameter]
            if not parameter.least <= self.value <= parameter.most:
                message = f"Give a value from {parameter.least:g} to {parameter.most:g} {parameter.unit}."
                raise ValidationError({"value": message.replace(" .", ".")})
