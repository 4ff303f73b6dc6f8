"""The ledger's arithmetic over many instance-days at once: energy, carbon and cost of each hour and day.

Every array is [n, 24]: n instance-days, the 24 hours of their UTC day. docs/methodology.md gives each
formula with its source; this module only puts the estimators together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from carbon.estimators import emissions, power

from .grades import carbon_grades, cost_grades
from .quality import CpuQuality, PowerQuality, PriceQuality, RuntimeQuality, pack_quality
from .tac import aligned_hours

METHOD_VERSION = 1

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.integer]

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class TypePower:
    """What one instance type draws and carries; `load_percent` empty where its power is unknown."""

    load_percent: Sequence[float] = ()
    watts: Sequence[float] = ()
    embodied_gco2e_per_hour: float = float("nan")
    quality: PowerQuality = PowerQuality.NONE


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """What is known of n instance-days. NaN stands for unknown, never for zero."""

    running_seconds: Floats
    running_seconds_lower: Floats
    running_seconds_upper: Floats
    billed_seconds: Floats
    runtime_quality: Codes
    cpu_utilization: Floats  # a share, 0 to 1
    type_index: Codes  # into `types`: an instance may change its type within a day
    types: Sequence[TypePower]
    usd_per_hour: Floats
    gco2e_per_kwh: Floats
    intensity_quality: Codes
    pue: Floats  # [n]
    platform_is_assumed: npt.NDArray[np.bool_]  # [n]: priced as Linux, for nobody told
    power_model: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The hours [n, 24] and the day totals [n] that follow from LedgerFacts.

    An hour without runtime has 0 energy, carbon and cost; an hour with runtime that lacks a part has NaN
    there. A day's total is the sum of its known hours, NaN where hours ran and none is known.
    """

    energy_kwh_by_hour: Floats
    operational_gco2e_by_hour: Floats
    list_cost_usd_by_hour: Floats
    quality_by_hour: npt.NDArray[np.uint16]
    running_hours: Floats
    running_hours_lower: Floats
    running_hours_upper: Floats
    billed_hours: Floats
    energy_kwh: Floats
    operational_gco2e: Floats
    embodied_gco2e: Floats
    list_cost_usd: Floats
    hours_with_runtime: npt.NDArray[np.int64]
    hours_aligned: npt.NDArray[np.int64]
    cost_grade: npt.NDArray[np.str_]
    carbon_grade: npt.NDArray[np.str_]


def compute_ledger(facts: LedgerFacts) -> Ledger:
    """Energy = W/1000 × running hours × PUE; carbon = Σ energy(h) × intensity(h); cost = billed hours × price."""
    ran = facts.running_seconds > 0
    hours = facts.running_seconds / _SECONDS_PER_HOUR
    cpu, cpu_is_default = power.with_default_cpu(facts.cpu_utilization)
    energy = emissions.energy_kwh(_watts(facts, cpu), hours, facts.pue[:, None])
    operational = emissions.operational_gco2e_by_hour(energy, facts.gco2e_per_kwh)
    embodied_rate = np.array([kind.embodied_gco2e_per_hour for kind in facts.types])[facts.type_index]
    embodied = np.where(ran, embodied_rate * hours, 0.0)
    billed = facts.billed_seconds > 0
    cost = np.where(billed, facts.billed_seconds / _SECONDS_PER_HOUR * facts.usd_per_hour, 0.0)

    # An hour that may have run is doubtful too, though its best estimate is that it did not.
    counts = ran | billed | (facts.running_seconds_upper > 0)
    price_quality = np.where(facts.platform_is_assumed, PriceQuality.PLATFORM_ASSUMED, PriceQuality.LISTED)
    quality = pack_quality(
        runtime=np.where(counts, facts.runtime_quality, RuntimeQuality.NOT_RUNNING),
        cpu=np.where(ran, np.where(cpu_is_default, CpuQuality.DEFAULT, CpuQuality.MEASURED), CpuQuality.NONE),
        intensity=np.where(ran, facts.intensity_quality, 0),
        power=np.where(ran, np.array([kind.quality for kind in facts.types])[facts.type_index], PowerQuality.NONE),
        price=np.where(counts & ~np.isnan(facts.usd_per_hour), price_quality[:, None], PriceQuality.NONE),
    )
    return Ledger(
        energy_kwh_by_hour=energy,
        operational_gco2e_by_hour=operational,
        list_cost_usd_by_hour=cost,
        quality_by_hour=quality,
        running_hours=hours.sum(axis=1),
        running_hours_lower=facts.running_seconds_lower.sum(axis=1) / _SECONDS_PER_HOUR,
        running_hours_upper=facts.running_seconds_upper.sum(axis=1) / _SECONDS_PER_HOUR,
        billed_hours=facts.billed_seconds.sum(axis=1) / _SECONDS_PER_HOUR,
        energy_kwh=_day_total(energy, ran),
        operational_gco2e=_day_total(operational, ran),
        embodied_gco2e=_day_total(embodied, ran),
        list_cost_usd=_day_total(cost, billed),
        hours_with_runtime=ran.sum(axis=1),
        hours_aligned=aligned_hours(quality),
        cost_grade=cost_grades(quality),
        carbon_grade=carbon_grades(quality),
    )


def _day_total(values: Floats, counts: npt.NDArray[np.bool_]) -> Floats:
    """Sum of the known hours; NaN where hours count and none of them is known."""
    known = ~np.isnan(values)
    none_known = counts.any(axis=1) & ~(known & counts).any(axis=1)
    total: Floats = np.where(none_known, np.nan, np.where(known, values, 0.0).sum(axis=1))
    return total


def _watts(facts: LedgerFacts, cpu: Floats) -> Floats:
    """Watts of each hour by the curve of its type; NaN where the type's power is unknown."""
    known = [index for index, kind in enumerate(facts.types) if len(kind.load_percent)]
    if not known:
        return np.full(cpu.shape, np.nan)
    curves = [(facts.types[index].load_percent, facts.types[index].watts) for index in known]
    row_of = np.full(len(facts.types), -1)
    row_of[known] = np.arange(len(known))
    rows = row_of[facts.type_index]
    watts = power.PowerTable.of(facts.power_model, curves).watts(np.maximum(rows, 0), cpu * power.FULL_LOAD)
    return np.where(rows < 0, np.nan, watts)
