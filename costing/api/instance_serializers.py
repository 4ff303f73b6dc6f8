"""Instances, their days and hours, and what they rest on, as the API writes them."""

from rest_framework import serializers

from accounts.estimators.runtime import RunningInterval
from costing.api.serializers import AS_OF, AmountsSerializer, FiguresField, MoneyField
from costing.models import CostSnapshot, Grade


class InstanceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An instance with its sums over the complete days."""

    id = serializers.IntegerField()
    instance_id = serializers.CharField()
    name = serializers.CharField()
    account = serializers.CharField(source="account_id")
    account_name = serializers.CharField()
    region = serializers.CharField()
    availability_zone = serializers.CharField()
    instance_type = serializers.CharField()
    state = serializers.CharField(help_text="In AWS's word, or gone.")
    lifecycle = serializers.CharField()
    tenancy = serializers.CharField()
    platform = serializers.CharField()
    tags = serializers.DictField(child=serializers.CharField())
    launched_at = serializers.DateTimeField(allow_null=True, help_text="Its last start.")
    gone_at = serializers.DateTimeField(allow_null=True)
    amounts = AmountsSerializer()


class QualitySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How each part of an hour is known."""

    runtime = serializers.CharField()
    cpu = serializers.CharField()
    intensity = serializers.CharField()
    power = serializers.CharField()
    price = serializers.CharField()


class HourSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One hour of one instance. null is unknown."""

    starts_at = serializers.DateTimeField()
    is_over = serializers.BooleanField()
    running_seconds = serializers.FloatField(allow_null=True)
    cpu_utilization = serializers.FloatField(allow_null=True, help_text="A share, 0 to 1.")
    gco2e_per_kwh = serializers.FloatField(allow_null=True)
    energy_kwh = serializers.FloatField(allow_null=True)
    operational_gco2e = serializers.FloatField(allow_null=True)
    list_cost_usd = MoneyField(allow_null=True)
    quality = QualitySerializer()


class SnapshotSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One instance over one UTC day."""

    instance = serializers.IntegerField(source="instance_id")
    day = serializers.DateField()
    is_complete = serializers.SerializerMethodField()
    region = serializers.CharField()
    zone = serializers.CharField(source="zone_key")
    instance_type = serializers.CharField()
    running_hours = serializers.FloatField()
    running_hours_lower = serializers.FloatField()
    running_hours_upper = serializers.FloatField()
    billed_hours = serializers.FloatField()
    list_cost_usd = MoneyField(allow_null=True)
    energy_kwh = serializers.FloatField(allow_null=True)
    operational_gco2e = serializers.FloatField(allow_null=True)
    embodied_gco2e = serializers.FloatField(allow_null=True)
    hours_with_runtime = serializers.IntegerField()
    hours_aligned = serializers.IntegerField()
    cost_grade = serializers.ChoiceField(choices=Grade.choices)
    carbon_grade = serializers.ChoiceField(choices=Grade.choices)
    power_model = serializers.CharField()
    method_version = serializers.IntegerField()
    derived_at = serializers.DateTimeField()

    def get_is_complete(self, snapshot: CostSnapshot) -> bool:
        """Whether the day is over."""
        return bool(snapshot.day <= self.context["last_complete"])


class ShareSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What share of the running hours is known in one way."""

    quality = serializers.CharField()
    share = serializers.FloatField()


class GroundSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What one part of the figures rests on."""

    part = serializers.CharField()
    sources = serializers.ListField(child=serializers.CharField())
    retrieved_at = serializers.DateTimeField(allow_null=True)
    says = serializers.CharField()
    grade = serializers.ChoiceField(choices=Grade.choices, allow_null=True, help_text="Of its worst hour.")
    shares = ShareSerializer(many=True)


class ModelLineSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The same hours by one power model."""

    name = serializers.CharField()
    is_used = serializers.BooleanField()
    energy_kwh = serializers.FloatField(allow_null=True)
    operational_gco2e = serializers.FloatField(allow_null=True)
    reason = serializers.CharField()


class InstanceDaySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One UTC day of one instance."""

    day = serializers.DateField()
    is_complete = serializers.BooleanField()
    instance_type = serializers.CharField()
    running_hours_lower = serializers.FloatField()
    running_hours_upper = serializers.FloatField()
    power_model = serializers.CharField()
    method_version = serializers.IntegerField()
    derived_at = serializers.DateTimeField()
    amounts = AmountsSerializer()


class IntervalSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A stretch in which the instance ran or may have run, and how we know."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    instance_type = serializers.CharField()
    certainty = serializers.SerializerMethodField()
    because = serializers.CharField()

    def get_certainty(self, interval: RunningInterval) -> str:
        """In words: exact, bounded or assumed."""
        return interval.certainty.name.lower()


class RuntimeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How long the instance ran, from events and inventory as they stand now."""

    running_hours = serializers.FloatField(allow_null=True, help_text="null where it is known within bounds only.")
    lower_hours = serializers.FloatField()
    estimated_hours = serializers.FloatField()
    upper_hours = serializers.FloatField()
    billed_hours = serializers.FloatField()
    hours_by_type = serializers.DictField(child=serializers.FloatField())
    events_ignored = serializers.DictField(child=serializers.IntegerField())
    intervals = IntervalSerializer(many=True)


class NoteSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One thing to know of an instance: what has ended or is missing, and what to do."""

    kind = serializers.CharField(help_text="Such as ended, never_ran, no_cpu, no_price or no_reading.")
    title = serializers.CharField()
    text = serializers.CharField()
    fix = serializers.CharField()


class InstanceDetailSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One instance: facts, figures, days, and what they rest on. Its hours are at /hours."""

    id = serializers.IntegerField(source="instance.pk")
    instance_id = serializers.CharField(source="instance.instance_id")
    name = serializers.CharField(source="instance.name")
    account = serializers.CharField(source="instance.aws_account.account_id")
    account_name = serializers.CharField(source="instance.aws_account.name")
    region = serializers.CharField(source="instance.region")
    availability_zone = serializers.CharField(source="instance.availability_zone")
    instance_type = serializers.CharField(source="instance.instance_type")
    state = serializers.CharField(help_text="In AWS's word, or gone.")
    platform = serializers.CharField(source="instance.platform_details")
    usage_operation = serializers.CharField(source="instance.usage_operation")
    lifecycle = serializers.CharField(source="instance.lifecycle")
    tenancy = serializers.CharField(source="instance.tenancy")
    tags = serializers.DictField(source="instance.tags")
    launched_at = serializers.DateTimeField(source="instance.launched_at", allow_null=True)
    first_launched_at = serializers.DateTimeField(source="instance.first_launched_at", allow_null=True)
    first_seen_at = serializers.DateTimeField(source="instance.first_seen_at")
    last_seen_at = serializers.DateTimeField(source="instance.last_seen_at")
    gone_at = serializers.DateTimeField(source="instance.gone_at", allow_null=True)
    first_day = serializers.DateField(source="window.first")
    last_day = serializers.DateField(source="window.last")
    as_of = serializers.DateTimeField(source="figures.as_of", allow_null=True, help_text=AS_OF)
    generated_at = serializers.DateTimeField(source="window.now")
    currency = serializers.CharField()
    is_simulated = serializers.BooleanField()
    figures = FiguresField()
    days = InstanceDaySerializer(many=True)
    runtime = RuntimeSerializer(source="explained.runtime")
    grounds = GroundSerializer(many=True)
    notes = NoteSerializer(many=True, help_text="What to know before the figures.")
    power_models = ModelLineSerializer(many=True, source="models")
