from django.db import models

from .zone import Zone


class MarginalRegion(models.Model):
    """Which region of WattTime's a place lies in, as WattTime said; `zone` is empty where it covers none."""

    latitude = models.FloatField()
    longitude = models.FloatField()
    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, null=True, related_name="+")
    resolved_at = models.DateTimeField()

    class Meta:
        ordering = ["latitude", "longitude"]
        constraints = [
            models.UniqueConstraint(fields=["latitude", "longitude"], name="marginal_region_once_a_place"),
        ]

    def __str__(self) -> str:
        return f"{self.latitude:g}, {self.longitude:g}: {self.zone_id or 'not covered'}"
