from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.estimators.resource_kinds import ResourceKind


class MetricChoice(models.Model):
    """Whether CloudWatch is asked for a metric of a kind of resource, and how often: each asking costs money.

    CPU of EC2 instances is none of these choices: the ledger rests on it, and it has its own rules.
    """

    kind = models.CharField(max_length=20, choices=[(kind.value, kind.label) for kind in ResourceKind])
    metric = models.CharField(max_length=60)
    is_on = models.BooleanField(default=True)
    hours_between = models.PositiveSmallIntegerField(
        default=6,
        validators=[MinValueValidator(1), MaxValueValidator(24)],
        help_text="Asked again after so many hours. The price is for each asking, however many hours it brings.",
    )

    class Meta:
        ordering = ["kind", "metric"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "metric"], name="metric_choice_once_per_kind"),
            models.CheckConstraint(
                condition=models.Q(hours_between__gte=1, hours_between__lte=24),
                name="metric_is_asked_once_a_day_at_least",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} of {ResourceKind(self.kind).plural}"
