from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from accounts.models import Team, User
from finops.core.periods import Period

from .zone import Zone


class Signal(models.TextChoices):
    """What an intensity means. The two are never mixed, ranked or averaged together."""

    AVERAGE = "average"
    MARGINAL = "marginal"


class CarbonReadingQuerySet(models.QuerySet["CarbonReading"]):
    """Readings, as a user or a team may see them."""

    def visible_to(self, user: User) -> Self:
        """Those that everybody may see, and those licensed to a team of the user's."""
        return self.filter(Q(licensee=None) | Q(licensee__in=Team.objects.visible_to(user)))

    def answering(self, team: Team) -> Self:
        """Those that may be used in `team`'s figures."""
        return self.filter(Q(licensee=None) | Q(licensee=team))

    def during(self, period: Period) -> Self:
        """Those that start in `period`."""
        return self.filter(starts_at__gte=period.start, starts_at__lt=period.end)


class CarbonReading(models.Model):
    """The carbon intensity of one zone over one interval, as one source told it."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="readings", db_index=False)
    source = models.CharField(max_length=40, help_text='"simulated" for the sandbox\'s own series.')
    signal = models.CharField(max_length=10, choices=Signal, default=Signal.AVERAGE)
    licensee = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="The team whose key fetched it; such a row answers that team only.",
    )
    starts_at = models.DateTimeField()
    duration_minutes = models.PositiveSmallIntegerField(default=60)
    gco2e_per_kwh = models.FloatField()
    is_estimated = models.BooleanField(default=False)
    estimation_method = models.CharField(max_length=60, blank=True)
    updated_at = models.DateTimeField(null=True, help_text="When the source last changed it, by its own word.")
    retrieved_at = models.DateTimeField()

    objects = CarbonReadingQuerySet.as_manager()

    class Meta:
        ordering = ["zone", "starts_at"]
        constraints = [
            # NULL is no value of its own in a unique index, hence the 0 that stands for "no licensee".
            models.UniqueConstraint(
                "zone",
                "source",
                "signal",
                Coalesce("licensee", 0),
                "starts_at",
                name="reading_once_per_source_and_hour",
            ),
            models.CheckConstraint(
                condition=Q(gco2e_per_kwh__gte=0, gco2e_per_kwh__lte=2000), name="intensity_is_plausible"
            ),
        ]
        indexes = [models.Index(fields=["zone", "starts_at"], name="reading_by_zone_and_time")]

    def __str__(self) -> str:
        return f"{self.zone_id} {self.starts_at:%Y-%m-%d %H:%M} {self.gco2e_per_kwh:g} g/kWh"
