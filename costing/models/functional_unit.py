from datetime import timedelta

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.models import Team
from finops.core.periods import DAY, HOUR

_MONTH = timedelta(days=365.25 / 12)


class Per(models.TextChoices):
    """How often a team's software serves its number of functional units."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


_LENGTHS = {Per.HOUR: HOUR, Per.DAY: DAY, Per.MONTH: _MONTH}


class FunctionalUnit(models.Model):
    """What a team's software does its work in, such as requests: the R of its SCI score.

    A team without one has R = 1, whatever the interval.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="functional_unit")
    name = models.CharField(max_length=80, help_text='In the singular, as in "API request".')
    count = models.FloatField(
        validators=[MinValueValidator(1e-9)], help_text="How many the software serves in such a time."
    )
    per = models.CharField(max_length=10, choices=Per, default=Per.DAY)

    class Meta:
        ordering = ["team"]
        constraints = [
            models.CheckConstraint(condition=Q(count__gt=0), name="functional_units_are_more_than_none"),
            models.CheckConstraint(condition=Q(per__in=Per.values), name="functional_units_have_a_known_time"),
        ]

    def __str__(self) -> str:
        return f"{self.count:g} × {self.name} per {self.per}"

    def served_in(self, length: timedelta) -> float:
        """How many are served in a time of `length`; a month has 365.25 / 12 days."""
        return self.count * (length / _LENGTHS[Per(self.per)])
