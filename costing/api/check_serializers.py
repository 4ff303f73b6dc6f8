"""Checks of the figures as the API writes them."""

from rest_framework import serializers

from accounts.api.serializers import AccountSerializer, SilentSerializer
from costing.api.serializers import AS_OF, ComparedSerializer
from costing.selectors.checks import CHECKED_SOURCES, Checks


class AccountCheckSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One account. All but `compared` is of every complete day."""

    account = AccountSerializer()
    as_of = serializers.DateTimeField(source="stand.as_of", allow_null=True, help_text=AS_OF)
    silent_sources = SilentSerializer(source="stand.silent", many=True)
    compared = ComparedSerializer()
    hours_with_runtime = serializers.IntegerField()
    hours_aligned = serializers.IntegerField()
    aligned_share = serializers.FloatField(allow_null=True, help_text="TAC, 0 to 1.")
    aligned_reason = serializers.CharField(help_text="Why there is no share; empty where there is one.")
    cost_shares = serializers.DictField(child=serializers.FloatField(), help_text="Share of list cost in USD by grade.")
    energy_shares = serializers.DictField(child=serializers.FloatField(), help_text="Share of kWh by grade.")
    instance_days = serializers.IntegerField()
    instance_days_without_price = serializers.IntegerField(help_text="In no share of cost.")
    instance_days_without_power = serializers.IntegerField(help_text="In no share of energy.")


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
