"""Figures and ledger lines as the API writes them: money as text, so that no digit is lost, all else as numbers."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.serializers import SilentSerializer
from costing.estimators.validation import ValidationQuality
from costing.models import Grade
from costing.selectors.amounts import Amounts
from costing.selectors.figures import Figure, Figures

_GRADES = "A measured · B modelled on own metrics · C a default was used · D a part is missing"

AS_OF = "The oldest last success of all sources."


class MoneyField(serializers.DecimalField):
    """Money as decimal text beside a currency."""

    def __init__(self, **kwargs: Any) -> None:
        """Twenty digits, ten of them decimals, as Cost Explorer gives them."""
        super().__init__(max_digits=None, decimal_places=None, **kwargs)


class FigureSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One number with its unit, and all that says how far to trust it."""

    name = serializers.CharField()
    title = serializers.SerializerMethodField()
    value = serializers.SerializerMethodField(method_name="exact_value")
    unit = serializers.CharField(help_text="An ISO 4217 code, kWh, gCO2e, gCO2e/USD, h or share (0 to 1).")
    reason = serializers.CharField(help_text="Why there is no value; empty where there is one.")
    note = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True, help_text="The earliest last success of its sources.")
    freshness = serializers.CharField(allow_null=True)
    sources = serializers.ListField(child=serializers.CharField())
    silent_sources = SilentSerializer(many=True, help_text="Those that never answered, and for whom.")
    coverage = serializers.FloatField(allow_null=True, help_text="Share of instance-days (of a bill: days) in it.")
    grade = serializers.CharField(allow_null=True, help_text=_GRADES)
    grade_shares = serializers.DictField(child=serializers.FloatField(), help_text="Share of the value by grade.")
    is_simulated = serializers.BooleanField(help_text="A stand-in answered instead of a real upstream.")

    def get_title(self, figure: Figure) -> str:
        """The figure's name for people."""
        return figure.label

    @extend_schema_field(
        {
            "oneOf": [{"type": "number"}, {"type": "string", "format": "decimal"}, {"type": "null"}],
            "description": "In `unit`; money as text, for no digit is to be lost; null where it is unknown.",
        }
    )
    def exact_value(self, figure: Figure) -> float | str | None:
        """A number; money as text; null where it is unknown."""
        return f"{figure.value:f}" if isinstance(figure.value, Decimal) else figure.value


@extend_schema_field({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Figure"}})
class FiguresField(serializers.Field):  # type: ignore[type-arg]
    """Figures by their names."""

    def to_representation(self, value: Figures) -> dict[str, Any]:
        """Each figure under its name."""
        return {figure.name: FigureSerializer(figure).data for figure in value}


class AmountsSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The numbers of one line. null is unknown, and `reasons` says why."""

    running_hours = serializers.FloatField(allow_null=True)
    billed_hours = serializers.FloatField(allow_null=True)
    list_cost = MoneyField(allow_null=True)
    energy_kwh = serializers.FloatField(allow_null=True)
    operational_gco2e = serializers.FloatField(allow_null=True)
    embodied_gco2e = serializers.FloatField(allow_null=True)
    aligned_share = serializers.FloatField(allow_null=True)
    cost_grade = serializers.ChoiceField(choices=Grade.choices, allow_null=True)
    carbon_grade = serializers.ChoiceField(choices=Grade.choices, allow_null=True)
    reasons = serializers.SerializerMethodField()

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_reasons(self, amounts: Amounts) -> dict[str, str]:
        """Why a number is null, by its name."""
        reasons = {
            "list_cost": amounts.list_cost_reason,
            "energy_kwh": amounts.energy_reason,
            "operational_gco2e": amounts.operational_reason,
            "embodied_gco2e": amounts.embodied_reason,
            "aligned_share": amounts.aligned_reason,
        }
        return {name: reason for name, reason in reasons.items() if reason}


class BilledAmountSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An amount in one currency; amounts of different currencies are never added."""

    currency = serializers.CharField()
    amount = MoneyField()


class BilledComputeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What EC2 compute usage was billed in one currency."""

    currency = serializers.CharField()
    unblended_cost = MoneyField()
    amortized_cost = MoneyField()


class ComparedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Bill and model over the same scope: EC2 compute usage of the days named."""

    days = serializers.ListField(
        child=serializers.DateField(), help_text="Complete for billing, with a bill and a ledger; no other day counts."
    )
    billed = BilledComputeSerializer(many=True)
    modelled_usd = MoneyField(allow_null=True, help_text="List cost.")
    instance_days = serializers.IntegerField()
    instance_days_without_price = serializers.IntegerField(help_text="With an hour or more that the model leaves out.")
    factor = serializers.FloatField(allow_null=True, help_text="Billed, unblended, over modelled.")
    quality = serializers.ChoiceField(
        choices=[each.value for each in ValidationQuality],
        allow_null=True,
        help_text="By the larger of factor and 1/factor: below 1.5 excellent, up to 5 moderate, above limited.",
    )
    reason = serializers.CharField(help_text="Why there is no factor; empty where there is one.")


class TotalSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One group of the totals."""

    group = serializers.CharField()
    instance_days = serializers.IntegerField()
    amounts = AmountsSerializer()
