"""Checks of the figures as the API writes them."""

from rest_framework import serializers

from accounts.api.serializers import SilentSerializer
from costing.api.serializers import AS_OF, ComparedSerializer, MoneyField
from costing.selectors.checks import CHECKED_SOURCES, Checks


class CheckedAccountSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Which account."""

    id = serializers.IntegerField()
    account_id = serializers.CharField()
    name = serializers.CharField()
    team = serializers.CharField(source="team.slug")
    team_name = serializers.CharField(source="team.name")


class BridgeLineSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A level of the bridge, or a step from the level before it."""

    name = serializers.CharField()
    title = serializers.CharField(source="label")
    found_by = serializers.CharField(source="how", help_text="How the amount was found.")
    is_level = serializers.BooleanField(help_text="modelled + steps = billed_usage; that + the other steps = billed.")
    amount = MoneyField(help_text="In USD.")


class MonthCheckSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One UTC month of the window."""

    month = serializers.DateField(help_text="Its first day.")
    compared = ComparedSerializer()
    bridge = BridgeLineSerializer(
        many=True,
        source="lines",
        help_text="From model to bill, empty where there is none; the amounts add up exactly.",
    )
    bridge_reason = serializers.CharField(source="reason", help_text="Why there is no bridge.")


class DayAlignmentSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """TAC of one UTC day."""

    day = serializers.DateField()
    hours_with_runtime = serializers.IntegerField()
    hours_aligned = serializers.IntegerField()
    aligned_share = serializers.FloatField(allow_null=True, help_text="null where nothing ran.")


class TrustSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How far some ledger days can be trusted."""

    hours_with_runtime = serializers.IntegerField()
    hours_aligned = serializers.IntegerField()
    aligned_share = serializers.FloatField(allow_null=True, help_text="TAC, 0 to 1.")
    aligned_reason = serializers.CharField(help_text="Why there is no share; empty where there is one.")
    cost_shares = serializers.DictField(child=serializers.FloatField(), help_text="Share of list cost in USD by grade.")
    energy_shares = serializers.DictField(child=serializers.FloatField(), help_text="Share of kWh by grade.")
    instance_days = serializers.IntegerField()
    instance_days_without_price = serializers.IntegerField(help_text="In no share of cost.")
    instance_days_without_power = serializers.IntegerField(help_text="In no share of energy.")
    instance_days_without_intensity = serializers.IntegerField(help_text="In no figure of carbon.")


class AccountCheckSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One account. `trust` and `days` are of every complete day."""

    account = CheckedAccountSerializer()
    as_of = serializers.DateTimeField(source="stand.as_of", allow_null=True, help_text=AS_OF)
    silent_sources = SilentSerializer(source="stand.silent", many=True)
    compared = ComparedSerializer()
    trust = TrustSerializer()
    months = MonthCheckSerializer(many=True)
    days = DayAlignmentSerializer(many=True, source="known_days", help_text="Days without a ledger are left out.")


class LiftSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a step may lift at most."""

    share = serializers.FloatField(help_text="0 to 1.")
    of = serializers.CharField()
    to = serializers.CharField()


class AdviceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A step that would raise the grades."""

    title = serializers.CharField()
    reason = serializers.CharField()
    fix = serializers.CharField()
    lifts = LiftSerializer(many=True)


class ChecksSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How far the figures of the accounts in scope can be trusted."""

    first_day = serializers.DateField(source="window.first")
    last_day = serializers.DateField(source="window.last")
    as_of = serializers.DateTimeField(source="stand.as_of", allow_null=True, help_text=AS_OF)
    generated_at = serializers.DateTimeField(source="window.now")
    sources = serializers.SerializerMethodField()
    silent_sources = SilentSerializer(source="stand.silent", many=True)
    team = serializers.SerializerMethodField()
    is_simulated = serializers.BooleanField()
    trust = TrustSerializer()
    advice = AdviceSerializer(many=True, help_text="What may lift most comes first.")
    count = serializers.SerializerMethodField()
    results = AccountCheckSerializer(source="accounts", many=True)

    def get_team(self, checks: Checks) -> str | None:
        """The chosen team's slug; null for all of yours."""
        return checks.scope.team.slug if checks.scope.team else None

    def get_sources(self, checks: Checks) -> list[str]:  # noqa: ARG002 (the serializer hands it over)
        """What the checks rest on."""
        return list(CHECKED_SOURCES)

    def get_count(self, checks: Checks) -> int:
        """How many accounts."""
        return len(checks.accounts)
