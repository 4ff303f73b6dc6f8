from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q


class Signal(models.TextChoices):
    """What an intensity means. The two are never mixed, ranked or averaged together."""

    AVERAGE = "average"
    MARGINAL = "marginal"


class ZoneKind(models.TextChoices):
    """Where a zone comes from."""

    GRID = "grid", "grid zone"
    FILE = "file", "name in an imported file"
    WATTTIME = "watttime", "region of WattTime"


class Zone(models.Model):
    """A grid zone, by Electricity Maps' key, or a name under which a file tells intensities.

    The platform admin manages its thresholds, its yearly mean and which source answers for it.
    """

    key = models.CharField(max_length=100, primary_key=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=ZoneKind, default=ZoneKind.GRID)
    signal = models.CharField(
        max_length=10,
        choices=Signal,
        default=Signal.AVERAGE,
        help_text="Which signal answers where nobody asks for one. The ledger always uses the average.",
    )
    sources = models.JSONField(
        default=list,
        blank=True,
        help_text="Which sources answer, in this order; empty for the usual order. Names as on the Grid page.",
    )
    is_followed = models.BooleanField(
        default=False, help_text="Fetch its readings and forecasts also while no account uses it."
    )
    optimal_below_gco2e_per_kwh = models.FloatField(
        default=100, validators=[MinValueValidator(0)], help_text="Below this an hour counts as optimal."
    )
    high_above_gco2e_per_kwh = models.FloatField(
        default=300, validators=[MinValueValidator(0)], help_text="Above this an hour counts as high."
    )
    yearly_mean_gco2e_per_kwh = models.FloatField(
        null=True, blank=True, help_text="Last resort for hours without a reading; flagged where used."
    )
    yearly_mean_year = models.PositiveSmallIntegerField(null=True, blank=True)
    yearly_mean_source = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(optimal_below_gco2e_per_kwh__lte=F("high_above_gco2e_per_kwh")),
                name="optimal_threshold_is_not_above_high",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} · {self.name}"


class CloudRegion(models.Model):
    """A cloud provider's region: where it stands, which grid feeds it, how efficient its halls are."""

    provider = models.CharField(max_length=10, default="aws")
    region = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    city = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    latitude = models.FloatField()
    longitude = models.FloatField()
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="cloud_regions")
    pue = models.FloatField(
        default=1.15,
        validators=[MinValueValidator(1)],
        help_text="Power usage effectiveness: kWh drawn by the hall for each kWh its servers use.",
    )
    pue_is_default = models.BooleanField(default=True)
    pue_source = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200, blank=True, help_text="Where coordinates and zone come from.")

    class Meta:
        ordering = ["provider", "region"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "region"], name="cloud_region_once_per_provider"),
            models.CheckConstraint(condition=Q(pue__gte=1), name="pue_is_at_least_one"),
        ]

    def __str__(self) -> str:
        return f"{self.region} · {self.city}"
