"""The sources of carbon intensity: what each is called, what its figures mean, and which one is asked first."""

from dataclasses import dataclass
from functools import cache

AVERAGE = "average"
MARGINAL = "marginal"

ELECTRICITY_MAPS = "electricity_maps"
SIMULATED = "simulated"
NESO = "neso"
ENERGY_CHARTS = "energy_charts"
WATTTIME = "watttime"
FILE = "file"
BUILT_IN = "built_in"


@dataclass(frozen=True, slots=True)
class GridSource:
    """One source of readings, forecasts or both."""

    name: str
    label: str
    signals: frozenset[str]
    basis: str
    needs_key: bool = False


# In the order in which they answer where a zone's settings name no other.
GRID_SOURCES: dict[str, GridSource] = {
    source.name: source
    for source in (
        GridSource(
            ELECTRICITY_MAPS,
            "Electricity Maps",
            frozenset({AVERAGE}),
            "lifecycle factors, imports included",
            needs_key=True,
        ),
        GridSource(
            WATTTIME,
            "WattTime",
            frozenset({MARGINAL}),
            "direct emissions of the plants that would answer a change in demand",
            needs_key=True,
        ),
        GridSource(SIMULATED, "Simulated", frozenset({AVERAGE}), "invented by the sandbox"),
        GridSource(
            NESO,
            "NESO Carbon Intensity",
            frozenset({AVERAGE}),
            "direct emissions, imports and losses included",
        ),
        GridSource(
            ENERGY_CHARTS,
            "Energy-Charts",
            frozenset({AVERAGE}),
            "accounting basis not stated by the source",
        ),
        GridSource(FILE, "Imported file", frozenset({AVERAGE, MARGINAL}), "as the file's owner knows"),
        GridSource(
            BUILT_IN,
            "Built-in estimate",
            frozenset({AVERAGE, MARGINAL}),
            "computed here from the last seven days of the zone's own readings",
        ),
    )
}


@cache
def usual_order(signal: str) -> tuple[str, ...]:
    """The names of the sources of a signal, the first to be asked first."""
    return tuple(source.name for source in GRID_SOURCES.values() if signal in source.signals)
