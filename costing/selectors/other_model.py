"""The same hours by each power model, so that a reader sees what hangs on the choice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accounts.models import PowerModel
from carbon.estimators import emissions
from carbon.estimators.power import watts, with_default_cpu
from carbon.models import PowerProfile
from costing.models import CostSnapshot

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class ModelLine:
    """What one power model says of some days. None where the type's curve does not allow it."""

    name: str
    label: str
    is_used: bool  # the ledger was derived with it
    energy_kwh: float | None
    operational_gco2e: float | None
    reason: str


def by_each_model(
    snapshots: Sequence[CostSnapshot], *, profile: PowerProfile | None, pue: float | None
) -> tuple[ModelLine, ...]:
    """Energy and operational carbon of the hours in `snapshots` by every power model, from today's curve.

    The curve is that of the instance's present type: of days on which it had another one nothing is said here.
    """
    used = snapshots[-1].power_model if snapshots else ""
    return tuple(
        _line(PowerModel(model), snapshots, profile=profile, pue=pue, is_used=model == used)
        for model in PowerModel.values
    )


def _line(
    model: PowerModel,
    snapshots: Sequence[CostSnapshot],
    *,
    profile: PowerProfile | None,
    pue: float | None,
    is_used: bool,
) -> ModelLine:
    def unknown(reason: str) -> ModelLine:
        return ModelLine(model.value, model.label, is_used, None, None, reason)

    if profile is None or not profile.is_known or pue is None:
        return unknown("No power profile is known for this type, or no overhead for its region.")
    same_type = [snapshot for snapshot in snapshots if snapshot.instance_type == profile.instance_type]
    if not same_type:
        return unknown("No ledger yet for these days.")
    seconds = np.stack([snapshot.running_seconds_by_hour for snapshot in same_type]).astype(float)
    cpu, _ = with_default_cpu(np.stack([snapshot.cpu_utilization_by_hour for snapshot in same_type]))
    intensity = np.stack([snapshot.gco2e_per_kwh_by_hour for snapshot in same_type]).astype(float)
    try:
        drawn = watts(model.value, profile.load_percent, profile.watts, np.clip(cpu, 0.0, 1.0))
    except ValueError as error:
        return unknown(str(error))
    energy = emissions.energy_kwh(drawn, np.nan_to_num(seconds) / _SECONDS_PER_HOUR, pue)
    grams = emissions.operational_gco2e_by_hour(energy, intensity)
    return ModelLine(model.value, model.label, is_used, _sum(energy), _sum(grams), "")


def _sum(by_hour: emissions.Floats) -> float | None:
    total = emissions.total_of_known(by_hour.ravel())
    return None if np.isnan(total) else float(total)
