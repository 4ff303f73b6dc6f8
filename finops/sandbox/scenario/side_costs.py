"""What accounts pay for beside machines: disks, databases, storage, functions and the rest."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.core.periods import DAY, Period, start_of_day
from finops.sandbox.scenario.chance import share_from
from finops.sandbox.scenario.regions import REGIONS
from finops.sandbox.scenario.scenario import Scenario

_EBS_GIB_PER_MACHINE = 60
_EBS_USD_PER_GIB_MONTH = Decimal("0.0952")
_DAYS_PER_MONTH = Decimal("30.4375")
_CENTS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class SideCost:
    """A day's cost of something that is not a machine."""

    service: str
    region: str
    usage_type: str
    operation: str
    quantity: Decimal
    unit: str
    usd: Decimal


# service, usage type, operation, unit, mean quantity a day, USD per unit
_ELSEWHERE = [
    ("EC2 - Other", "NatGateway-Hours", "NatGateway", "Hrs", "24", "0.045"),
    ("EC2 - Other", "NatGateway-Bytes", "NatGateway", "GB", "38", "0.045"),
    ("EC2 - Other", "EBS:SnapshotUsage", "CreateSnapshot", "GB-Mo", "11", "0.05"),
    ("Amazon Relational Database Service", "InstanceUsage:db.m5.large", "CreateDBInstance:0014", "Hrs", "48", "0.178"),
    ("Amazon Simple Storage Service", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", "72", "0.023"),
    ("AWS Lambda", "Lambda-GB-Second", "Invoke", "Second", "41000", "0.0000166667"),
    ("AmazonCloudWatch", "CW:MetricMonitorUsage", "MetricStorage", "Metrics", "5", "0.30"),
    ("Amazon Virtual Private Cloud", "PublicIPv4:InUseAddress", "AllocateAddressVPC", "Hrs", "72", "0.005"),
    ("AWS Key Management Service", "KMS-Requests", "Decrypt", "Requests", "30000", "0.000003"),
]


def side_costs(scenario: Scenario, account_id: str, day: date) -> Iterator[SideCost]:
    """The side costs of an account on a day; a little different each day."""
    account = scenario.account(account_id)
    if account is None:
        return
    prefix = REGIONS[account.home_region].usage_prefix
    for service, usage_type, operation, unit, mean, price in _ELSEWHERE:
        daily = Decimal(f"{0.8 + 0.4 * share_from('side cost', account_id, service, usage_type, day):.4f}")
        quantity = Decimal(mean) * daily
        cost = (quantity * Decimal(price)).quantize(_CENTS)
        yield SideCost(service, account.home_region, prefix + usage_type, operation, quantity, unit, cost)
    for region, gib in _disks(scenario, account_id, day).items():
        months = Decimal(gib) / _DAYS_PER_MONTH
        usage_type = REGIONS[region].usage_prefix + "EBS:VolumeUsage.gp3"
        cost = (months * _EBS_USD_PER_GIB_MONTH).quantize(_CENTS)
        yield SideCost("EC2 - Other", region, usage_type, "CreateVolume-Gp3", months, "GB-Mo", cost)


def _disks(scenario: Scenario, account_id: str, day: date) -> dict[str, int]:
    """GiB of disk by region: each machine has one from launch to termination, running or not."""
    noon = start_of_day(day) + DAY / 2
    gib: dict[str, int] = {}
    for machine in scenario.machines_of(account_id):
        timeline = machine.timeline
        ends = timeline.terminated_at or noon + DAY
        if Period(timeline.launched_at, max(ends, timeline.launched_at)).holds(noon):
            gib[machine.region] = gib.get(machine.region, 0) + _EBS_GIB_PER_MACHINE
    return gib
