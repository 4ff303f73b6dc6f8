from django.db import models
from django.db.models.functions import Coalesce

from accounts.models import Team
from carbon.estimators.back_test import WEAK_ABOVE_LOST_SHARE

from .reading import LicensedQuerySet
from .zone import Signal, Zone


class ForecastBackTest(models.Model):
    """How the built-in forecast would have done on the stored hours of one series, by the last nightly test.

    Shares are 0 to 1 and empty where nothing could be said; the lists have one value for each hour ahead.
    """

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="back_tests", db_index=False)
    source = models.CharField(max_length=40, help_text="Whose readings it was tested on.")
    signal = models.CharField(max_length=10, choices=Signal, default=Signal.AVERAGE)
    licensee = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    computed_at = models.DateTimeField()
    starts_at = models.DateTimeField(help_text="Of the first hour used.")
    ends_at = models.DateTimeField(help_text="Of the last hour used.")
    issues = models.PositiveIntegerField(help_text="Forecasts that could be judged.")
    mape_day_1 = models.FloatField(null=True, help_text="Mean of |forecast − actual| / actual, hours 1 to 24 ahead.")
    mape_day_2 = models.FloatField(null=True, help_text="The same, hours 25 to 48 ahead.")
    captured_share = models.FloatField(
        null=True, help_text="Of what perfect knowledge would have saved a job of 4 hours within 24."
    )
    lost_share = models.FloatField(null=True, help_text="Of the picks that were worse than running at once.")
    mape_by_lead = models.JSONField(default=list)
    low_by_lead = models.JSONField(default=list, help_text="10 of 100 values lay lower than forecast plus this, g/kWh.")
    high_by_lead = models.JSONField(default=list, help_text="10 of 100 values lay higher than forecast plus this.")

    objects = LicensedQuerySet.as_manager()

    class Meta:
        ordering = ["zone", "signal", "source"]
        constraints = [
            models.UniqueConstraint(
                "zone", "source", "signal", Coalesce("licensee", 0), name="back_test_once_for_each_series"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone_id} on {self.source}"

    @property
    def is_weak(self) -> bool:
        """Whether following the forecast loses to running at once too often."""
        return self.lost_share is not None and self.lost_share > WEAK_ABOVE_LOST_SHARE
