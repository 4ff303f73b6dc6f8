"""What any source of power models tells, in our words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """What a machine draws at each load, PUE not included, and what its making emitted.

    `instance_type` is empty for a server given by its configuration. `embodied_kgco2e` is for the whole
    `lifespan_hours`, and for a cloud instance of the share of the server that it occupies; None where the
    source does not know. `is_substituted` says that the source answered for something similar, `warning` how.
    """

    instance_type: str
    load_percent: tuple[float, ...]
    watts: tuple[float, ...]
    embodied_kgco2e: float | None
    lifespan_hours: float | None
    is_substituted: bool = False
    warning: str = ""
    source_version: str = ""


@dataclass(frozen=True, slots=True)
class RamModules:
    """Equal memory modules of a server."""

    units: int
    capacity_gb: int


@dataclass(frozen=True, slots=True)
class ServerConfiguration:
    """A machine given by its parts. A CPU's full name matters: “Intel Xeon” alone is some Xeon."""

    cpu_units: int
    cpu_core_units: int
    cpu_name: str
    ram: tuple[RamModules, ...]
