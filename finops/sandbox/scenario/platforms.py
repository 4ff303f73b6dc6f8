"""What an instance runs on, in the words of DescribeInstances, of the price list and of the bill."""

from dataclasses import dataclass
from decimal import Decimal

from finops.sandbox.scenario.instance_types import InstanceType


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform. Codes: AWS, "AMI billing information fields"; surcharges are the simulation's own."""

    details: str
    usage_operation: str
    operating_system: str
    pre_installed_software: str = "NA"
    license_model: str = "No License required"
    usd_per_vcpu_hour: Decimal = Decimal(0)
    usd_per_hour: Decimal = Decimal(0)
    is_billed_by_full_hours: bool = False

    def surcharge_usd_per_hour(self, kind: InstanceType) -> Decimal:
        """What the licence adds to the Linux price; the same in every region."""
        return self.usd_per_hour + kind.vcpu * self.usd_per_vcpu_hour


LINUX = Platform("Linux/UNIX", "RunInstances", "Linux")
RHEL = Platform("Red Hat Enterprise Linux", "RunInstances:0010", "RHEL", usd_per_vcpu_hour=Decimal("0.0144"))
SUSE = Platform("SUSE Linux", "RunInstances:000g", "SUSE", usd_per_hour=Decimal("0.05"), is_billed_by_full_hours=True)
WINDOWS = Platform("Windows", "RunInstances:0002", "Windows", usd_per_vcpu_hour=Decimal("0.046"))
WINDOWS_OWN_LICENSE = Platform("Windows BYOL", "RunInstances:0800", "Windows", license_model="Bring your own license")
WINDOWS_SQL_STANDARD = Platform(
    "Windows with SQL Server Standard",
    "RunInstances:0006",
    "Windows",
    pre_installed_software="SQL Std",
    usd_per_vcpu_hour=Decimal("0.166"),
)

PLATFORMS = [LINUX, RHEL, SUSE, WINDOWS, WINDOWS_OWN_LICENSE, WINDOWS_SQL_STANDARD]
