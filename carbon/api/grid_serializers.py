"""Zones and readings as the API writes them."""

from rest_framework import serializers

from accounts.estimators.freshness import Freshness
from carbon.estimators.emissions import IntensityClass
from carbon.models import CarbonReading, Signal
from carbon.selectors.grid_silence import SilentBecause
from finops.core.periods import MICROSECOND, MINUTE

_UNIT = "gCO2e/kWh."


class HourReadingSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One hour of one source: the time-weighted mean of what it told of that hour."""

    starts_at = serializers.DateTimeField(help_text="The start of the UTC hour.")
    gco2e_per_kwh = serializers.FloatField(help_text=_UNIT)
    is_estimated = serializers.BooleanField(help_text="By the source, wholly or in part; it may still revise it.")
    estimation_method = serializers.CharField(help_text="In the source's own word.")


class SeriesSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What one source told of one signal. Series are never averaged together."""

    source = serializers.CharField(source="source.name")  # type: ignore[assignment] # a field of that name
    title = serializers.CharField(source="label")
    basis = serializers.CharField(source="source.basis", help_text="What its numbers mean.")
    licence = serializers.CharField(source="source.licence")
    signal = serializers.ChoiceField(choices=Signal.choices)
    licensee = serializers.CharField(help_text="The team whose key bought it; empty where everybody may see it.")
    is_simulated = serializers.BooleanField(help_text="A stand-in answered instead of a real upstream.")
    latest = HourReadingSerializer(allow_null=True, help_text="Its latest hour of the last 48.")
    newest_at = serializers.DateTimeField(help_text="The start of its newest reading.")
    as_of = serializers.DateTimeField(source="retrieved_at", help_text="When it last brought anything.")
    mean_gco2e_per_kwh = serializers.FloatField(allow_null=True, help_text="Of the last 48 hours.")
    low_gco2e_per_kwh = serializers.FloatField(allow_null=True, help_text="Of the last 48 hours.")
    high_gco2e_per_kwh = serializers.FloatField(allow_null=True, help_text="Of the last 48 hours.")
    hours_known = serializers.SerializerMethodField(help_text="Of the last 48.")
    estimated_share = serializers.FloatField(allow_null=True, help_text="Of the known ones among them, 0 to 1.")
    counted_estimated_share = serializers.FloatField(allow_null=True, help_text="Of the readings of 30 days, 0 to 1.")
    readings_counted = serializers.IntegerField(help_text="Readings of 30 days.")

    def get_hours_known(self, series: object) -> int:
        """How many of the shown hours were read."""
        return len(series.known_hours)  # type: ignore[attr-defined]


class FedRegionSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A cloud region that draws on the zone."""

    region = serializers.CharField()
    name = serializers.CharField()
    city = serializers.CharField()
    pue = serializers.FloatField(help_text="kWh drawn by the hall for each kWh its servers use.")
    pue_is_default = serializers.BooleanField(help_text="No value is published for this region.")
    pue_source = serializers.CharField()
    instance_count = serializers.IntegerField(help_text="Instances of yours that are there.")
    known_instance_count = serializers.IntegerField(help_text="Instances of yours that ever were there.")


class SilenceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Why no hour is known."""

    because = serializers.ChoiceField(choices=[each.value for each in SilentBecause])
    message = serializers.CharField(source="words")
    fix = serializers.CharField()


class ZoneSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One grid zone."""

    key = serializers.CharField(source="zone.key")
    name = serializers.CharField(source="zone.name")
    is_used = serializers.BooleanField(help_text="Instances of yours draw or drew on it.")
    instance_count = serializers.IntegerField()
    optimal_below_gco2e_per_kwh = serializers.FloatField(source="thresholds.optimal_below")
    high_above_gco2e_per_kwh = serializers.FloatField(source="thresholds.high_above")
    thresholds_set_by = serializers.CharField(source="thresholds.set_by", help_text="zone, or a team's name.")
    yearly_mean_gco2e_per_kwh = serializers.FloatField(source="zone.yearly_mean_gco2e_per_kwh", allow_null=True)
    yearly_mean_year = serializers.IntegerField(source="zone.yearly_mean_year", allow_null=True)
    yearly_mean_source = serializers.CharField(source="zone.yearly_mean_source")
    current = HourReadingSerializer(allow_null=True, help_text="The latest hour of the source that figures use.")
    current_source = serializers.CharField(source="main.source.name", default=None, allow_null=True)
    as_of = serializers.DateTimeField(source="main.retrieved_at", default=None, allow_null=True)
    intensity_class = serializers.ChoiceField(choices=[each.value for each in IntensityClass], allow_null=True)
    freshness = serializers.ChoiceField(choices=[each.value for each in Freshness])
    silence = SilenceSerializer(allow_null=True, help_text="Why there is no current hour; null where there is one.")
    regions = FedRegionSerializer(many=True)
    series = SeriesSerializer(many=True)


class SeriesHoursSerializer(SeriesSerializer):
    """The same with the last 48 hours."""

    hours = HourReadingSerializer(source="known_hours", many=True, help_text="Oldest first; unread hours are left out.")


class ZoneDetailSerializer(ZoneSerializer):
    """One zone with the hours of each source."""

    series = SeriesHoursSerializer(many=True)


class ReadingSerializer(serializers.ModelSerializer[CarbonReading]):
    """One reading as its source told it."""

    zone = serializers.CharField(source="zone_id")
    licensee = serializers.CharField(
        source="licensee.name", default="", help_text="The team whose key bought it; empty where everybody may see it."
    )
    duration_minutes = serializers.SerializerMethodField()
    gco2e_per_kwh = serializers.FloatField(help_text=_UNIT)

    class Meta:
        model = CarbonReading
        fields = [
            "zone", "source", "signal", "licensee", "starts_at", "duration_minutes", "gco2e_per_kwh",
            "is_estimated", "estimation_method", "updated_at", "retrieved_at",
        ]  # fmt: skip

    def get_duration_minutes(self, reading: CarbonReading) -> float:
        """How long it holds from its start."""
        return reading.duration_microseconds * MICROSECOND / MINUTE
