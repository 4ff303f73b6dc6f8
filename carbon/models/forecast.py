from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from accounts.models import Team

from .packed import BAND, POINTS, PackedRowsField
from .reading import LicensedQuerySet
from .zone import Signal, Zone


class CarbonForecast(models.Model):
    """One issue of a forecast, as its source gave it out: most sources keep no archive, so each is kept here."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="forecasts", db_index=False)
    source = models.CharField(max_length=40, help_text='"built_in" for the one this application computes.')
    signal = models.CharField(max_length=10, choices=Signal, default=Signal.AVERAGE)
    licensee = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="The team whose key fetched it; such a row answers that team only.",
    )
    generated_at = models.DateTimeField(help_text="By the source's own word, else when it was asked.")
    starts_at = models.DateTimeField(help_text="Of its first point.")
    ends_at = models.DateTimeField(help_text="Of its last point.")
    points = PackedRowsField(dtype=POINTS, help_text="By start.")
    band = PackedRowsField(dtype=BAND, null=True, help_text="One row for each point, where the source says so.")
    is_latest = models.BooleanField(default=True, help_text="No issue of the same series is younger.")
    retrieved_at = models.DateTimeField()

    objects = LicensedQuerySet.as_manager()

    class Meta:
        ordering = ["zone", "-generated_at"]
        constraints = [
            models.UniqueConstraint(
                "zone",
                "signal",
                "source",
                Coalesce("licensee", 0),
                "generated_at",
                name="forecast_once_per_issue",
            ),
        ]
        indexes = [models.Index(fields=["zone"], condition=Q(is_latest=True), name="latest_forecast_by_zone")]

    def __str__(self) -> str:
        return f"{self.zone_id} by {self.source}, issued {self.generated_at:%Y-%m-%d %H:%M}"
