"""What machines draw in the simulated world, by a formula of its own.

    watts = (vCPU × (idle + (full − idle) × rise(load)) + GiB × 0.15) × 1.33
    rise(load) = (1 − e^(−2 load)) / (1 − e^(−2)), which climbs fast at first, as servers do
    embodied = (0.12 × vCPU + 0.028 × GiB) grams of CO2e an hour, over a life of six years

The watts a vCPU draws are chosen so that common types lie near published estimates. Accelerators are not in it,
nor are they in what Boavizta answers for cloud instances.
"""

import math
import re
from dataclasses import dataclass

from finops.sandbox.scenario.instance_types import INSTANCE_TYPES

LIFE_HOURS = 52_560
SERVER_LIFE_HOURS = 35_040
REST_OF_THE_SERVER = 0.33
_WATTS_PER_GIB = 0.15
_BEND = 2.0
_VCPU_GRAMS, _GIB_GRAMS = 0.12, 0.028

# Watts a vCPU draws, idle and under full load.
PROCESSORS: dict[str, tuple[float, float]] = {
    "AMD Milan": (0.12, 2.37),
    "AMD Naples": (0.25, 3.40),
    "AMD Rome": (0.15, 2.60),
    "AMD Turin": (0.10, 2.10),
    "AWS Graviton": (0.35, 3.40),
    "AWS Graviton2": (0.12, 2.35),
    "AWS Graviton3": (0.24, 3.42),
    "Apple M1": (0.40, 2.80),
    "Intel Broadwell": (0.60, 4.60),
    "Intel Cascade Lake": (0.45, 4.70),
    "Intel Ice Lake": (0.19, 4.78),
    "Intel Sapphire Rapids": (0.30, 4.40),
    "Intel Skylake": (0.40, 5.10),
}

# One type that the power API does not know, and one that it takes for an older one.
UNKNOWN = {"f2.6xlarge"}
_NEVER_ADDED = {"m8a.large"}
_NAME = re.compile(r"(?P<letters>[a-z]+)(?P<generation>\d+)(?P<suffix>[a-z]*)\.(?P<size>[a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Machine:
    """A cloud instance or server as the power API knows it."""

    name: str
    processor: str
    vcpu: float
    memory_gib: float

    def watts(self, load_percent: float) -> float:
        """What it draws; loads above 100 are drawn further, as the real API does."""
        idle, full = PROCESSORS[self.processor]
        rise = (1 - math.exp(-_BEND * load_percent / 100)) / (1 - math.exp(-_BEND))
        cpu = self.vcpu * (idle + (full - idle) * rise)
        return (cpu + self.memory_gib * _WATTS_PER_GIB) * (1 + REST_OF_THE_SERVER)

    @property
    def embodied_kgco2e(self) -> float:
        """What making its share of a server emitted."""
        return (_VCPU_GRAMS * self.vcpu + _GIB_GRAMS * self.memory_gib) * LIFE_HOURS / 1000


MACHINES: dict[str, Machine] = {
    **{
        kind.name: Machine(kind.name, kind.family.processor, float(kind.vcpu), float(kind.memory_gib))
        for kind in INSTANCE_TYPES.values()
        if kind.name not in UNKNOWN | _NEVER_ADDED
    },
    "a1.4xlarge": Machine("a1.4xlarge", "AWS Graviton", 16, 32),
    "m5a.large": Machine("m5a.large", "AMD Naples", 2, 8),
    "m5a.xlarge": Machine("m5a.xlarge", "AMD Naples", 4, 16),
}


def nearest(name: str) -> Machine | None:
    """The machine that the API takes for one it does not know: the same kind and size of another generation."""
    asked = _NAME.fullmatch(name)
    if asked is None or name in UNKNOWN:
        return None
    for machine in MACHINES.values():
        known = _NAME.fullmatch(machine.name)
        if known and all(known[part] == asked[part] for part in ("letters", "suffix", "size")):
            return machine
    return None
