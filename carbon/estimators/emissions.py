"""From watts to energy, from energy to emissions, the share of the making, and the SCI score."""

from enum import StrEnum
from math import isnan

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

OPTIMAL_BELOW_GCO2E_PER_KWH = 100.0
HIGH_ABOVE_GCO2E_PER_KWH = 300.0


class IntensityClass(StrEnum):
    """How clean an hour of a grid is, by thresholds that the platform admin may change per zone."""

    OPTIMAL = "optimal"
    MODERATE = "moderate"
    HIGH = "high"


def energy_kwh(watts: npt.ArrayLike, running_hours: npt.ArrayLike, pue: npt.ArrayLike = 1.0) -> Floats:
    """Watts / 1000 × running hours × PUE. What did not run used nothing, also where its watts are unknown."""
    hours = np.asarray(running_hours, np.float64)
    drawn = np.asarray(watts, np.float64) / 1000 * hours * np.asarray(pue, np.float64)
    return np.where(hours == 0, 0.0, drawn)


def operational_gco2e_by_hour(energy_kwh: npt.ArrayLike, gco2e_per_kwh: npt.ArrayLike) -> Floats:
    """gCO2e of each hour. An hour without energy emits nothing, also where its intensity is unknown."""
    energy = np.asarray(energy_kwh, np.float64)
    emitted = energy * np.asarray(gco2e_per_kwh, np.float64)
    return np.where(energy == 0, 0.0, emitted)


def operational_gco2e(energy_kwh: npt.ArrayLike, gco2e_per_kwh: npt.ArrayLike) -> Floats:
    """Σ energy(h) × intensity(h) over the last axis: the known hours, NaN where none is known."""
    return total_of_known(operational_gco2e_by_hour(energy_kwh, gco2e_per_kwh))


def total_of_known(by_hour: npt.ArrayLike) -> Floats:
    """The sum over the last axis of what is not NaN; NaN, and never zero, where all of it is."""
    values = np.asarray(by_hour, np.float64)
    unknown = np.isnan(values)
    return np.where(unknown.all(axis=-1), np.nan, np.where(unknown, 0.0, values).sum(axis=-1))


def embodied_gco2e(
    embodied_kgco2e: npt.ArrayLike, running_hours: npt.ArrayLike, lifespan_hours: npt.ArrayLike
) -> Floats:
    """The making's emissions, shared over the life: kg × 1000 × running hours / lifespan hours."""
    lifespan = np.asarray(lifespan_hours, np.float64)
    if (lifespan <= 0).any():
        raise ValueError("A lifespan is longer than 0 hours.")
    made_gco2e = np.asarray(embodied_kgco2e, np.float64) * 1000
    return np.asarray(made_gco2e * np.asarray(running_hours, np.float64) / lifespan, np.float64)


def sci_score(
    *, energy_kwh: float, gco2e_per_kwh: float, embodied_gco2e: float, functional_units: float = 1.0
) -> float:
    """Software Carbon Intensity, ((E × I) + M) / R, in gCO2e for each functional unit."""
    if not functional_units > 0:
        raise ValueError(f"The SCI score is per functional unit, so there must be more than 0, not {functional_units}.")
    return (energy_kwh * gco2e_per_kwh + embodied_gco2e) / functional_units


def intensity_class(
    gco2e_per_kwh: float | None,
    *,
    optimal_below: float = OPTIMAL_BELOW_GCO2E_PER_KWH,
    high_above: float = HIGH_ABOVE_GCO2E_PER_KWH,
) -> IntensityClass | None:
    """Below `optimal_below` optimal, above `high_above` high, both limits themselves moderate; None if unknown."""
    if gco2e_per_kwh is None or isnan(gco2e_per_kwh):
        return None
    if gco2e_per_kwh < optimal_below:
        return IntensityClass.OPTIMAL
    return IntensityClass.HIGH if gco2e_per_kwh > high_above else IntensityClass.MODERATE
