from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from .zone import CloudRegion, Signal, Zone


def folded(key: str) -> str:
    """A name as look-ups compare it: `eastUS` and `EastUs` are one."""
    return key.casefold()


class Location(models.Model):
    """A name by which clients of the Carbon Aware API ask, and the grid that answers there.

    Those that are shipped lie beneath those of imported files and of the admin: where both know a name, the
    latter answers, and the former is there again once the latter is gone.
    """

    key = models.CharField(max_length=150, help_text="What clients call it; upper and lower case are the same.")
    folded_key = models.CharField(max_length=300, editable=False)
    name = models.CharField(
        max_length=150, blank=True, help_text="As its file has it: a zone's key, or the name of a region."
    )
    latitude = models.FloatField(null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)])
    longitude = models.FloatField(null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)])
    zone = models.ForeignKey(
        Zone,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="locations",
        help_text="Empty: the zone of its cloud region. Without either nothing is known here.",
    )
    cloud_region = models.ForeignKey(
        CloudRegion, on_delete=models.SET_NULL, null=True, blank=True, related_name="locations"
    )
    signal = models.CharField(
        max_length=10,
        choices=Signal,
        blank=True,
        help_text="Which signal answers here. Empty: the one of the zone.",
    )
    is_shipped = models.BooleanField(default=False, editable=False)
    provider = models.CharField(max_length=10, blank=True, help_text="aws, azure or gcp; empty for any other place.")
    file_name = models.CharField(max_length=200, blank=True, editable=False)
    key_in_file = models.CharField(
        max_length=150, blank=True, editable=False, help_text="Without prefix, and before a collision renamed it."
    )
    wanted_key = models.CharField(max_length=150, blank=True, editable=False, help_text="With its prefix.")
    source = models.CharField(max_length=300, blank=True, help_text="Where coordinates and zone come from.")

    class Meta:
        ordering = ["folded_key", "is_shipped"]
        constraints = [
            models.UniqueConstraint(fields=["folded_key", "is_shipped"], name="location_once_in_each_layer"),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                # Where one of them is NULL a comparison is NULL, and a check that is NULL passes.
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__gte=-90,
                    latitude__lte=90,
                    longitude__gte=-180,
                    longitude__lte=180,
                ),
                name="location_lies_on_earth_or_nowhere",
            ),
        ]

    def __str__(self) -> str:
        return self.key
