"""The overview as the API writes it: the same figures as on its page."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.serializers import AccountHealthSerializer, AccountSerializer, OpenItemSerializer
from costing.api.serializers import (
    AS_OF,
    AmountsSerializer,
    BilledAmountSerializer,
    FigureSerializer,
    FiguresField,
    MoneyField,
)

_NUMBER_OR_MONEY = {
    "oneOf": [{"type": "number"}, {"type": "string", "format": "decimal"}],
    "description": "Money as text, so that no digit is lost; null where it is unknown.",
}


@extend_schema_field(_NUMBER_OR_MONEY)
class AmountField(serializers.Field):  # type: ignore[type-arg]
    """A number, or money as decimal text."""

    def to_representation(self, value: float | Decimal) -> float | str:
        """Money keeps its digits."""
        return f"{value:f}" if isinstance(value, Decimal) else value


class OverviewDaySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One UTC day of all accounts in scope."""

    day = serializers.DateField()
    is_complete = serializers.BooleanField(help_text="An incomplete day counts in no total.")
    instance_count = serializers.IntegerField()
    billed = BilledAmountSerializer(many=True)
    amounts = AmountsSerializer()


class SparkDaySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One complete day of one account."""

    day = serializers.DateField()
    list_cost_usd = MoneyField(allow_null=True)
    operational_gco2e = serializers.FloatField(allow_null=True)


class AccountLineSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One account over the complete days."""

    account = AccountSerializer()
    days_with_ledger = serializers.IntegerField()
    figures = FiguresField()
    spark = SparkDaySerializer(many=True)
    health = AccountHealthSerializer()


class ChangeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How a figure of the month moved against equally many days before."""

    share = serializers.FloatField(allow_null=True, help_text="0.1 is ten per cent more; null where it cannot be said.")
    current = AmountField(allow_null=True)
    previous = AmountField(allow_null=True)
    label = serializers.CharField(help_text="Which days against which.")  # type: ignore[assignment]
    reason = serializers.CharField(help_text="Why there is no share; empty where there is one.")


class OutlookSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What the month will come to. The method is named in the methodology under Month-end forecast."""

    value = AmountField(allow_null=True, help_text="So far, and the rest by the mean of each weekday.")
    low = AmountField(allow_null=True)
    high = AmountField(allow_null=True)
    unit = serializers.CharField()
    band_share = serializers.FloatField(help_text="How surely the month ends between low and high.")
    days_known = serializers.IntegerField(help_text="Complete days with a ledger before the rest.")
    days_needed = serializers.IntegerField()
    reason = serializers.CharField(help_text="Why there is no forecast; empty where there is one.")


class MonthFigureSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One figure of the month so far."""

    figure = FigureSerializer()
    change = ChangeSerializer()
    outlook = OutlookSerializer()


class MonthSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The month that the window ends in, its complete days only."""

    first_day = serializers.DateField(source="first")
    last_day = serializers.DateField(source="last")
    last_complete_day = serializers.DateField(source="last_complete", allow_null=True)
    complete_days = serializers.IntegerField()
    days_with_ledger = serializers.IntegerField()
    is_over = serializers.BooleanField()
    list_cost = MonthFigureSerializer()
    operational = MonthFigureSerializer()


class MoverSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The instances of one account, region and type."""

    account = serializers.CharField(source="aws_account_id")
    account_name = serializers.CharField()
    region = serializers.CharField()
    instance_type = serializers.CharField()
    current = AmountField()
    previous = AmountField()
    difference = AmountField()
    share = serializers.FloatField(allow_null=True, help_text="null where there was nothing before.")


class MoversSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What moved most, the largest difference first."""

    cost = MoverSerializer(many=True, help_text="In the overview's currency.")
    carbon = MoverSerializer(many=True, help_text="Operational, in gCO2e.")
    groups_without_price = serializers.IntegerField(help_text="In no list, for a part is unknown.")
    groups_without_carbon = serializers.IntegerField()


class ZoneNowSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A grid that instances draw on, and the latest hour any source told of it."""

    zone = serializers.CharField()
    name = serializers.CharField()
    gco2e_per_kwh = serializers.FloatField(allow_null=True, help_text="null where nothing is known of two days.")
    intensity_class = serializers.CharField(allow_null=True, help_text="optimal, moderate or high.")
    starts_at = serializers.DateTimeField(allow_null=True)
    is_estimated = serializers.BooleanField()
    source = serializers.CharField()  # type: ignore[assignment]
    optimal_below = serializers.FloatField(help_text="gCO2e/kWh, as in force for you.")
    high_above = serializers.FloatField()


class OverviewSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What the accounts in scope cost and emit."""

    first_day = serializers.DateField(source="window.first")
    last_day = serializers.DateField(source="window.last")
    as_of = serializers.DateTimeField(source="figures.as_of", allow_null=True, help_text=AS_OF)
    generated_at = serializers.DateTimeField(source="window.now")
    team = serializers.SerializerMethodField()
    currency = serializers.CharField()
    is_simulated = serializers.BooleanField()
    emptiness = serializers.CharField(allow_null=True, help_text="Why there are no figures.")
    days_with_ledger = serializers.IntegerField()
    days_asked = serializers.IntegerField()
    figures = FiguresField()
    month = MonthSerializer()
    billed = FigureSerializer(many=True)
    days = OverviewDaySerializer(many=True)
    accounts = AccountLineSerializer(many=True)
    movers = MoversSerializer(allow_null=True)
    movers_about = serializers.CharField(source="compared.label", help_text="Which days movers hold against which.")
    movers_reason = serializers.CharField(source="compared.reason", help_text="Why there are no movers.")
    zones = ZoneNowSerializer(many=True)
    open_items = OpenItemSerializer(many=True)

    def get_team(self, overview: Any) -> str | None:
        """The chosen team's slug; null for all of yours."""
        return overview.scope.team.slug if overview.scope.team else None
