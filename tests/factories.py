"""Rows for tests: a test names what it is about, these fill in the rest."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.db import transaction
from factory.django import DjangoModelFactory

from accounts.models import AwsAccount, Instance, InstanceEvent, Membership, Resource, SourceStatus, Team, User
from carbon.estimators.series import instant_of, microseconds
from carbon.models import CarbonForecast, CarbonReading, CloudRegion, PowerProfile, Zone
from carbon.services.reading_months import note_readings
from costing.models import BilledCost, CostSnapshot, DailyTotal, Finding, Price
from costing.services.ledger.account_days import add_up_days
from finops.core.partitions import ensure_month_partitions

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@example.com")
    password = factory.LazyFunction(lambda: make_password("correct horse battery"))


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")
    slug = factory.Sequence(lambda n: f"team-{n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    team = factory.SubFactory(TeamFactory)
    user = factory.SubFactory(UserFactory)
    role = "viewer"


class AwsAccountFactory(DjangoModelFactory[AwsAccount]):
    class Meta:
        model = AwsAccount

    team = factory.SubFactory(TeamFactory)
    account_id = factory.Sequence(lambda n: f"{100000000000 + n}")
    name = factory.Sequence(lambda n: f"account {n}")
    access_kind = "host_profile"
    profile_name = "some-profile"
    enabled_regions = ["eu-central-1"]


class InstanceFactory(DjangoModelFactory[Instance]):
    class Meta:
        model = Instance

    aws_account = factory.SubFactory(AwsAccountFactory)
    region = "eu-central-1"
    instance_id = factory.Sequence(lambda n: f"i-{n:017x}")
    name = factory.Sequence(lambda n: f"server-{n}")
    instance_type = "m5.large"
    state = "running"
    launched_at = datetime(2026, 3, 1, tzinfo=UTC)
    first_launched_at = datetime(2026, 3, 1, tzinfo=UTC)
    platform_details = "Linux/UNIX"
    usage_operation = "RunInstances"
    first_seen_at = datetime(2026, 3, 1, 1, tzinfo=UTC)
    last_seen_at = NOW


class InstanceEventFactory(DjangoModelFactory[InstanceEvent]):
    class Meta:
        model = InstanceEvent

    aws_account = factory.SubFactory(AwsAccountFactory)
    region = "eu-central-1"
    event_id = factory.Sequence(lambda n: f"00000000-0000-4000-8000-{n:012d}")
    instance_id = "i-00000000000000001"
    name = "StartInstances"
    occurred_at = datetime(2026, 3, 10, 8, tzinfo=UTC)
    retrieved_at = NOW


class ResourceFactory(DjangoModelFactory[Resource]):
    class Meta:
        model = Resource

    aws_account = factory.SubFactory(AwsAccountFactory)
    kind = "ebs_volume"
    region = "eu-central-1"
    resource_id = factory.Sequence(lambda n: f"vol-{n:017x}")
    name = factory.Sequence(lambda n: f"disk-{n}")
    state = "in-use"
    state_since_at = datetime(2026, 3, 1, 1, tzinfo=UTC)
    resource_class = "gp3"
    size_gib = 100.0
    created_at = datetime(2026, 3, 1, tzinfo=UTC)
    first_seen_at = datetime(2026, 3, 1, 1, tzinfo=UTC)
    last_seen_at = NOW


class FindingFactory(DjangoModelFactory[Finding]):
    """A disk that nothing uses."""

    class Meta:
        model = Finding

    resource = factory.SubFactory(ResourceFactory)
    aws_account = factory.SelfAttribute("resource.aws_account")
    rule = "volume_unattached"
    side = "unused"
    severity = "medium"
    since_at = datetime(2026, 3, 1, 1, tzinfo=UTC)
    found_at = NOW
    evaluated_at = NOW
    evidence = factory.LazyFunction(lambda: {"measured": {"age_days": 17.5}, "limits": [], "series": None})
    stake_reason = "Neither the ledger nor Cost Explorer tells it."


class SourceStatusFactory(DjangoModelFactory[SourceStatus]):
    class Meta:
        model = SourceStatus

    aws_account = factory.SubFactory(AwsAccountFactory)
    source = "aws_ec2"
    state = "available"
    last_attempt_at = NOW
    last_success_at = NOW


class ZoneFactory(DjangoModelFactory[Zone]):
    class Meta:
        model = Zone
        django_get_or_create = ("key",)

    key = "DE"
    name = "Germany"
    yearly_mean_gco2e_per_kwh = 342.0
    yearly_mean_year = 2025


class CloudRegionFactory(DjangoModelFactory[CloudRegion]):
    class Meta:
        model = CloudRegion
        django_get_or_create = ("provider", "region")

    provider = "aws"
    region = "eu-central-1"
    name = "Europe (Frankfurt)"
    city = "Frankfurt"
    country = "DE"
    latitude = 50.1109
    longitude = 8.6821
    zone = factory.SubFactory(ZoneFactory)
    pue = 1.35
    pue_is_default = False


class CarbonReadingFactory(DjangoModelFactory[CarbonReading]):
    class Meta:
        model = CarbonReading
        skip_postgeneration_save = True

    zone = factory.SubFactory(ZoneFactory)
    source = "electricity_maps"
    starts_at = datetime(2026, 3, 18, 10, tzinfo=UTC)
    gco2e_per_kwh = 300.0
    retrieved_at = NOW

    @factory.post_generation
    def is_noted(self, create: bool, extracted: Any, **_: Any) -> None:  # noqa: ARG002, FBT001 (factory_boy's signature)
        """As the services note what they write."""
        reading: Any = self
        if create:
            note_readings(
                [(reading.starts_at, reading.duration_microseconds)],
                zone=reading.zone_id,
                source=reading.source,
                signal=reading.signal,
                licensee_id=reading.licensee_id,
                now=reading.retrieved_at,
            )


class CarbonForecastFactory(DjangoModelFactory[CarbonForecast]):
    """Two hours of 300 and 200 g/kWh from NOW on."""

    class Meta:
        model = CarbonForecast

    zone = factory.SubFactory(ZoneFactory)
    source = "electricity_maps"
    generated_at = NOW
    retrieved_at = NOW
    points = factory.LazyAttribute(
        lambda issue: [
            (microseconds(issue.generated_at) + hour * 3600 * 10**6, 3600 * 10**6, value)
            for hour, value in enumerate((300.0, 200.0))
        ]
    )
    starts_at = factory.LazyAttribute(lambda issue: instant_of(min(row[0] for row in issue.points)))
    ends_at = factory.LazyAttribute(lambda issue: instant_of(max(row[0] + row[1] for row in issue.points)))


class PowerProfileFactory(DjangoModelFactory[PowerProfile]):
    class Meta:
        model = PowerProfile

    instance_type = "m5.large"
    source = "boavizta"
    load_percent = [0, 10, 50, 100]
    watts = [2.7, 5.4, 11.3, 15.2]
    embodied_kgco2e = 24.2
    lifespan_hours = 52560.0
    retrieved_at = NOW


class PriceFactory(DjangoModelFactory[Price]):
    class Meta:
        model = Price

    instance_type = "m5.large"
    region = "eu-central-1"
    usage_operation = "RunInstances"
    tenancy = "Shared"
    usd_per_hour = Decimal("0.115")
    retrieved_at = NOW


class BilledCostFactory(DjangoModelFactory[BilledCost]):
    class Meta:
        model = BilledCost

    aws_account = factory.SubFactory(AwsAccountFactory)
    day = date(2026, 3, 10)
    service = "Amazon Elastic Compute Cloud - Compute"
    record_type = "Usage"
    currency = "USD"
    unblended_cost = Decimal("2.76")
    amortized_cost = Decimal("2.76")
    retrieved_at = NOW


class CostSnapshotFactory(DjangoModelFactory[CostSnapshot]):
    """A whole day of running at 20 % CPU, 0.115 USD and 10 Wh an hour at 300 g/kWh; all known, CPU and all."""

    class Meta:
        model = CostSnapshot

    instance = factory.SubFactory(InstanceFactory)
    day = date(2026, 3, 10)
    aws_account_id = factory.SelfAttribute("instance.aws_account_id")
    region = factory.SelfAttribute("instance.region")
    instance_type = factory.SelfAttribute("instance.instance_type")
    zone_key = "DE"
    running_hours = 24.0
    running_hours_lower = factory.SelfAttribute("running_hours")
    running_hours_upper = factory.SelfAttribute("running_hours")
    billed_hours = factory.SelfAttribute("running_hours")
    list_cost_usd = Decimal("2.76")
    energy_kwh = 0.24
    operational_gco2e = 72.0
    embodied_gco2e = 11.0
    hours_with_runtime = 24
    hours_aligned = 24
    cost_grade = "A"
    carbon_grade = "B"
    power_model = "load_curve"
    method_version = 1
    derived_at = NOW
    running_seconds_by_hour = [3600.0] * 24
    cpu_utilization_by_hour = [0.2] * 24
    energy_kwh_by_hour = [0.01] * 24
    operational_gco2e_by_hour = [3.0] * 24
    list_cost_usd_by_hour = [0.115] * 24
    gco2e_per_kwh_by_hour = [300.0] * 24
    # Runtime exact, CPU measured, intensity measured, power by the type's curve, price listed.
    quality_by_hour = [1 | 1 << 2 | 1 << 4 | 1 << 7 | 1 << 9] * 24

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        ensure_month_partitions(model_class, [kwargs["day"]])
        return super()._create(model_class, *args, **kwargs)


class DailyTotalFactory(DjangoModelFactory[DailyTotal]):
    class Meta:
        model = DailyTotal

    aws_account = factory.SubFactory(AwsAccountFactory)
    day = date(2026, 3, 10)
    region = "eu-central-1"
    instance_type = "m5.large"
    cost_grade = "A"
    carbon_grade = "B"
    instance_count = 1
    running_hours = 24.0
    billed_hours = factory.SelfAttribute("running_hours")
    list_cost_usd = Decimal("2.76")
    energy_kwh = 0.24
    operational_gco2e = 72.0
    embodied_gco2e = 11.0
    hours_with_runtime = 24
    hours_aligned = 24
    instances_without_price = 0
    instances_without_power = 0
    instances_without_intensity = 0
    derived_at = NOW

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        total = super()._create(model_class, *args, **kwargs)
        with transaction.atomic():
            add_up_days(account_id=total.aws_account_id, days=[total.day])
        return total
