from django.db import models
from django.db.models import Q


class PowerProfile(models.Model):
    """What an instance type draws at each load, and what its making emitted, as one source models it.

    A type the source does not know has `is_known` False and no curve: asked, and nothing there.
    """

    instance_type = models.CharField(max_length=60)
    source = models.CharField(max_length=40)
    is_known = models.BooleanField(default=True)
    load_percent = models.JSONField(default=list, help_text="Ascending, 0 to 100.")
    watts = models.JSONField(default=list, help_text="One per load; PUE not included.")
    embodied_kgco2e = models.FloatField(null=True, help_text="Of the share of a server the type occupies.")
    lifespan_hours = models.FloatField(null=True)
    is_substituted = models.BooleanField(default=False, help_text="The source answered for a similar type.")
    warning = models.CharField(max_length=300, blank=True)
    source_version = models.CharField(max_length=40, blank=True)
    retrieved_at = models.DateTimeField()

    class Meta:
        ordering = ["instance_type", "source"]
        constraints = [
            models.UniqueConstraint(fields=["instance_type", "source"], name="power_profile_once_per_source"),
            models.CheckConstraint(
                condition=Q(lifespan_hours__isnull=True) | Q(lifespan_hours__gt=0),
                name="lifespan_is_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instance_type} by {self.source}"
