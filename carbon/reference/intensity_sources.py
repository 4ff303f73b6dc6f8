"""On which terms the readings of each source of carbon intensity may be shown, beside what their numbers mean."""

from typing import NamedTuple

from carbon.reference.grid_sources import (
    BUILT_IN,
    ELECTRICITY_MAPS,
    ENERGY_CHARTS,
    FILE,
    GRID_SOURCES,
    NESO,
    SIMULATED,
    WATTTIME,
)

_KEY_HOLDERS = "Answers are licensed to the holder of the key, for its own use."
_UNKNOWN = "Terms unknown: ask whoever runs it."
_LICENCES = {
    ELECTRICITY_MAPS: _KEY_HOLDERS,
    WATTTIME: _KEY_HOLDERS,
    SIMULATED: "Nobody's measurements: the sandbox's own series.",
    NESO: "National Energy System Operator, CC BY 4.0.",
    ENERGY_CHARTS: "Fraunhofer ISE, Energy-Charts, CC BY 4.0.",
    FILE: "As whoever gave the file allows.",
    BUILT_IN: "Worked out here; the terms of the readings it rests on hold for it too.",
}


class IntensitySource(NamedTuple):
    """A source as pages and API name it."""

    name: str
    label: str
    signals: str
    basis: str
    licence: str


INTENSITY_SOURCES = {
    source.name: IntensitySource(
        source.name,
        source.label,
        " and ".join(sorted(source.signals)),
        source.basis,
        _LICENCES.get(source.name, _UNKNOWN),
    )
    for source in GRID_SOURCES.values()
}


def intensity_source(name: str) -> IntensitySource:
    """The source of that name; of one that nobody described only the name is known."""
    return INTENSITY_SOURCES.get(name) or IntensitySource(name, name, "", "", _UNKNOWN)
