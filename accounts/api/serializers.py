"""Accounts, runs and sources as the API writes them."""

from datetime import timedelta

from rest_framework import serializers

from accounts.estimators.freshness import Freshness
from accounts.models import SourceState
from accounts.selectors.health import OpenItem, SourceHealth
from accounts.selectors.runs import StepView


class StepSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """One step of a refresh."""

    name = serializers.CharField()
    state = serializers.CharField(help_text="waiting, running, done, partly, failed or broken")
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    part = serializers.CharField()
    rows = serializers.IntegerField()
    message = serializers.CharField()
    fix = serializers.CharField()
    regions = serializers.SerializerMethodField(help_text="Those it has been to: done or failed.")

    def get_regions(self, step: StepView) -> dict[str, str]:
        """By name."""
        return dict(step.regions)


class RunSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A refresh of one account."""

    id = serializers.IntegerField()
    account = serializers.IntegerField(source="account_id")
    account_name = serializers.CharField()
    state = serializers.CharField(help_text="queued, running, done or parked")
    is_active = serializers.BooleanField()
    attempts = serializers.IntegerField()
    error_code = serializers.CharField()
    error_message = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    next_try_at = serializers.DateTimeField()
    steps = StepSerializer(many=True)


class AccountSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An AWS account of one of your teams."""

    id = serializers.IntegerField()
    account_id = serializers.CharField()
    name = serializers.CharField()
    team = serializers.CharField(source="team_slug")
    team_name = serializers.CharField()
    access = serializers.CharField()
    is_active = serializers.BooleanField()
    can_operate = serializers.BooleanField()
    instance_count = serializers.IntegerField()
    known_instance_count = serializers.IntegerField()
    latest_run = RunSerializer(allow_null=True)


class SourceSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """How one source last answered."""

    name = serializers.CharField(source="source.name")
    title = serializers.CharField(source="source.label")
    gives = serializers.CharField(source="source.gives")
    account = serializers.IntegerField(source="account_id", allow_null=True, help_text="null: the installation's own")
    state = serializers.ChoiceField(choices=SourceState.choices)
    freshness = serializers.ChoiceField(choices=[each.value for each in Freshness])
    cadence_seconds = serializers.SerializerMethodField()
    last_attempt_at = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    next_due_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    fix = serializers.CharField()
    refused_values = serializers.IntegerField()
    calls_this_month = serializers.IntegerField(source="calls")
    cost_usd_this_month = serializers.DecimalField(source="cost_usd", max_digits=12, decimal_places=6)

    def get_cadence_seconds(self, health: SourceHealth) -> int:
        """How often it is asked."""
        return health.source.cadence // timedelta(seconds=1)


class AccountHealthSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The sources of one account, or of the installation."""

    account = serializers.IntegerField(source="account_id", allow_null=True, help_text="null: the installation's own")
    name = serializers.CharField()
    account_id = serializers.CharField(source="aws_account_id")
    freshness = serializers.CharField(allow_null=True)
    sources = SourceSerializer(many=True)


class SilentSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A source that never answered for some accounts."""

    name = serializers.CharField(source="source.name")
    accounts = serializers.ListField(child=serializers.CharField())


class OpenItemSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Something to do for one account: one trouble, however many of its sources it keeps away."""

    account = serializers.IntegerField(source="first.account_id", allow_null=True)
    account_name = serializers.CharField(source="first.account_name")
    state = serializers.ChoiceField(source="first.state", choices=SourceState.choices)
    last_error = serializers.CharField(source="first.last_error")
    fix = serializers.CharField(source="first.fix")
    sources = serializers.SerializerMethodField()

    def get_sources(self, item: OpenItem) -> list[str]:
        """The names of the sources."""
        return [source.source.name for source in item.sources]


class HealthSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """All sources of your accounts."""

    as_of = serializers.DateTimeField()
    month = serializers.DateField(help_text="The month that calls and dollars are counted for.")
    calls_this_month = serializers.IntegerField(source="calls")
    cost_usd_this_month = serializers.DecimalField(source="cost_usd", max_digits=14, decimal_places=6)
    open_items = OpenItemSerializer(many=True)
    accounts = AccountHealthSerializer(many=True)


class AccountDetailSerializer(AccountSerializer):
    """An AWS account with its way in, its state and its sources. The external id of a role is not told again."""

    access_kind = serializers.CharField(help_text="role, sso (a sign-in), host_profile or environment")
    profile_name = serializers.CharField()
    role_arn = serializers.CharField()
    home_region = serializers.CharField(help_text="Where AWS is asked first.")
    enabled_regions = serializers.ListField(child=serializers.CharField(), help_text="Known after the first refresh.")
    payer = serializers.IntegerField(allow_null=True, help_text="The account whose Cost Explorer tells its bill.")
    created_at = serializers.DateTimeField()
    state = serializers.CharField(help_text="The worst of its sources' states, or how its refresh stands.")
    words = serializers.CharField(help_text="The state in words.")
    next_run_at = serializers.DateTimeField(allow_null=True)
    sources = SourceSerializer(many=True)


class RegistrationSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What AWS has to be asked with. The external id of a role is made here: ask /accounts/trust-policy for it."""

    team = serializers.CharField(help_text="The slug of a team you own.")
    access_kind = serializers.CharField(
        help_text="role; host_profile or environment where the installation takes these"
    )
    account_id = serializers.CharField(help_text="12 digits, as text")
    name = serializers.CharField()
    profile_name = serializers.CharField(required=False, allow_blank=True, help_text="Of a host_profile.")
    role_arn = serializers.CharField(required=False, allow_blank=True, help_text="Of a role, in this account.")
    home_region = serializers.CharField(required=False, default="us-east-1", help_text="Where AWS is asked first.")
    payer = serializers.IntegerField(required=False, allow_null=True, help_text="An account of the same team.")


class AccountChangeSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What of an account can be changed; what is left out stays."""

    name = serializers.CharField(required=False)
    profile_name = serializers.CharField(required=False)
    role_arn = serializers.CharField(required=False)
    home_region = serializers.CharField(required=False)
    payer = serializers.IntegerField(
        required=False, allow_null=True, help_text="The id of an account of the same team."
    )
    is_active = serializers.BooleanField(required=False)


class TrustPolicySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What a role has to ask of this installation."""

    external_id = serializers.CharField()
    principal = serializers.CharField(help_text="Empty where the installation was not told (AWS_PRINCIPAL_ARN).")
    policy = serializers.JSONField()


class MemberSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A person in a team."""

    email = serializers.EmailField(source="user.email")
    role = serializers.CharField(help_text="viewer, operator or owner")
    created_at = serializers.DateTimeField()


class TeamSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A team of yours and how it reads its figures; what is empty is the installation's own."""

    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField(source="your_role", help_text="Yours: viewer, operator or owner.")
    display_currency = serializers.CharField()
    power_model = serializers.CharField()
    time_zone = serializers.CharField(help_text="Of times on pages; the API speaks UTC.")
    optimal_below_gco2e_per_kwh = serializers.FloatField(allow_null=True, help_text="null: each zone's own")
    high_above_gco2e_per_kwh = serializers.FloatField(allow_null=True, help_text="null: each zone's own")
    account_count = serializers.IntegerField()
    member_count = serializers.IntegerField()


class AuditEntrySerializer(serializers.Serializer):  # type: ignore[type-arg]
    """Who changed what. Secrets are told as "changed"."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(source="actor_name")
    door = serializers.CharField(help_text="page, api, admin, command or task")
    action = serializers.CharField()
    object_kind = serializers.CharField()
    object_id = serializers.CharField()
    object_name = serializers.CharField()
    team = serializers.CharField(source="team_name", help_text="Its name at that time.")
    before = serializers.JSONField()
    after = serializers.JSONField()
    ip_address = serializers.CharField(allow_null=True)
    request_id = serializers.CharField()
