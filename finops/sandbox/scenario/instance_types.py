"""The instance types of the simulated world: shape and on-demand price in us-east-1.

Sizes are those of AWS's types of the same name. Prices follow a formula of the simulation's own
(so much per vCPU, per GiB, per accelerator), chosen so that they lie near real ones; they are not
AWS's price list.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Family:
    """What the types of one family have in common."""

    name: str
    label: str
    processor: str
    architecture: str  # as DescribeInstances says it: x86_64 or arm64
    usd_per_vcpu_hour: Decimal
    usd_per_gib_hour: Decimal
    accelerators: int = 0
    usd_per_accelerator_hour: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type: its size, its family and whether anybody sells it by the hour."""

    name: str
    vcpu: int
    memory_gib: Decimal
    family: Family
    is_sold_by_the_hour: bool = True

    @property
    def usd_per_hour(self) -> Decimal:
        """The Linux on-demand price in us-east-1, shared tenancy."""
        family = self.family
        return (
            self.vcpu * family.usd_per_vcpu_hour
            + self.memory_gib * family.usd_per_gib_hour
            + family.accelerators * family.usd_per_accelerator_hour
        ).quantize(Decimal("0.0001"))


_GENERAL, _COMPUTE, _MEMORY, _STORAGE = "General purpose", "Compute optimized", "Memory optimized", "Storage optimized"


def _family(  # noqa: PLR0917 (a row of the table below)
    name: str, label: str, processor: str, architecture: str, per_vcpu: str, per_gib: str, per_accelerator: str = "0"
) -> Family:
    return Family(
        name,
        label,
        processor,
        architecture,
        Decimal(per_vcpu),
        Decimal(per_gib),
        int(per_accelerator != "0"),
        Decimal(per_accelerator),
    )


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in [
        _family("t3", _GENERAL, "Intel Skylake", "x86_64", "0.0", "0.0104"),
        _family("t4g", _GENERAL, "AWS Graviton2", "arm64", "0.0", "0.0084"),
        _family("m5", _GENERAL, "Intel Skylake", "x86_64", "0.0370", "0.00275"),
        _family("m6a", _GENERAL, "AMD Milan", "x86_64", "0.0333", "0.00248"),
        _family("m6g", _GENERAL, "AWS Graviton2", "arm64", "0.0296", "0.00220"),
        _family("m6i", _GENERAL, "Intel Ice Lake", "x86_64", "0.0370", "0.00275"),
        _family("m7g", _GENERAL, "AWS Graviton3", "arm64", "0.0315", "0.00233"),
        _family("m7i", _GENERAL, "Intel Sapphire Rapids", "x86_64", "0.0389", "0.00288"),
        _family("m8a", _GENERAL, "AMD Turin", "x86_64", "0.0405", "0.00301"),
        _family("c5", _COMPUTE, "Intel Skylake", "x86_64", "0.0370", "0.00275"),
        _family("c6g", _COMPUTE, "AWS Graviton2", "arm64", "0.0296", "0.00220"),
        _family("c6i", _COMPUTE, "Intel Ice Lake", "x86_64", "0.0370", "0.00275"),
        _family("c7g", _COMPUTE, "AWS Graviton3", "arm64", "0.0315", "0.00233"),
        _family("c7i", _COMPUTE, "Intel Sapphire Rapids", "x86_64", "0.0389", "0.00288"),
        _family("r5", _MEMORY, "Intel Skylake", "x86_64", "0.0370", "0.00325"),
        _family("r6g", _MEMORY, "AWS Graviton2", "arm64", "0.0296", "0.00260"),
        _family("r6i", _MEMORY, "Intel Ice Lake", "x86_64", "0.0370", "0.00325"),
        _family("r7g", _MEMORY, "AWS Graviton3", "arm64", "0.0315", "0.00276"),
        _family("i3", _STORAGE, "Intel Broadwell", "x86_64", "0.0450", "0.00430"),
        _family("g4dn", "GPU instance", "Intel Cascade Lake", "x86_64", "0.0370", "0.00275", "0.334"),
        _family("g5", "GPU instance", "AMD Rome", "x86_64", "0.0370", "0.00275", "0.814"),
        _family("p3", "GPU instance", "Intel Broadwell", "x86_64", "0.0370", "0.00275", "2.596"),
        _family("f2", "FPGA Instances", "AMD Milan", "x86_64", "0.0370", "0.00275", "0.388"),
        _family("mac2", _GENERAL, "Apple M1", "arm64_mac", "0.0650", "0.00813"),
    ]
}


def _type(name: str, vcpu: int, memory_gib: str, *, is_sold_by_the_hour: bool = True) -> InstanceType:
    return InstanceType(name, vcpu, Decimal(memory_gib), FAMILIES[name.split(".", maxsplit=1)[0]], is_sold_by_the_hour)


INSTANCE_TYPES: dict[str, InstanceType] = {
    kind.name: kind
    for kind in [
        _type("t3.micro", 2, "1"),
        _type("t3.small", 2, "2"),
        _type("t3.medium", 2, "4"),
        _type("t3.large", 2, "8"),
        _type("t4g.small", 2, "2"),
        _type("t4g.medium", 2, "4"),
        _type("m5.large", 2, "8"),
        _type("m5.xlarge", 4, "16"),
        _type("m5.2xlarge", 8, "32"),
        _type("m5.4xlarge", 16, "64"),
        _type("m6a.large", 2, "8"),
        _type("m6a.xlarge", 4, "16"),
        _type("m6g.large", 2, "8"),
        _type("m6g.xlarge", 4, "16"),
        _type("m6i.large", 2, "8"),
        _type("m6i.xlarge", 4, "16"),
        _type("m6i.2xlarge", 8, "32"),
        _type("m7g.large", 2, "8"),
        _type("m7i.xlarge", 4, "16"),
        _type("m8a.large", 2, "8"),
        _type("c5.large", 2, "4"),
        _type("c5.xlarge", 4, "8"),
        _type("c5.2xlarge", 8, "16"),
        _type("c6g.large", 2, "4"),
        _type("c6g.xlarge", 4, "8"),
        _type("c6i.xlarge", 4, "8"),
        _type("c6i.4xlarge", 16, "32"),
        _type("c7g.large", 2, "4"),
        _type("c7g.xlarge", 4, "8"),
        _type("c7i.2xlarge", 8, "16"),
        _type("r5.large", 2, "16"),
        _type("r5.xlarge", 4, "32"),
        _type("r6g.large", 2, "16"),
        _type("r6i.large", 2, "16"),
        _type("r6i.xlarge", 4, "32"),
        _type("r7g.xlarge", 4, "32"),
        _type("i3.large", 2, "15.25"),
        _type("g4dn.xlarge", 4, "16"),
        _type("g5.xlarge", 4, "16"),
        _type("p3.2xlarge", 8, "61"),
        _type("f2.6xlarge", 24, "256"),
        # Sold by the dedicated host only: the price list has no price for the instance.
        _type("mac2.metal", 8, "16", is_sold_by_the_hour=False),
    ]
}
