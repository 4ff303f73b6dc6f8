"""The sources of carbon intensity: what their numbers mean and on which terms they may be shown."""

from typing import NamedTuple

SIMULATED = "simulated"


class IntensitySource(NamedTuple):
    """A source as pages and API name it."""

    name: str
    label: str
    basis: str
    licence: str


INTENSITY_SOURCES = {
    source.name: source
    for source in (
        IntensitySource(
            "electricity_maps",
            "Electricity Maps",
            "average, consumption-based, lifecycle factors",
            "Answers are licensed to the holder of the key, for its own use.",
        ),
        IntensitySource(
            SIMULATED,
            "Simulated",
            "average, made up by the sandbox",
            "Nobody's measurements: the sandbox's own series.",
        ),
    )
}


def intensity_source(name: str) -> IntensitySource:
    """The source of that name; of one that nobody described only the name is known."""
    return INTENSITY_SOURCES.get(name) or IntensitySource(name, name, "", "Terms unknown: ask whoever runs it.")
