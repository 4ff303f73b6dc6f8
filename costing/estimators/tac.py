"""Temporal alignment: for what share of the running hours all parts were measured for that very hour.

TAC = |hours with runtime ∩ cost ∩ intensity ∩ CPU, all measured| / |hours with runtime|

Measured means: runtime exact, price listed, intensity measured (an estimate of the source is not), CPU
measured. An hour with runtime is one that has a CPU code, for a CPU nobody measured is taken at its default;
an hour that was billed and did not run (costing/estimators/grades.py) is none.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costing.estimators.quality import (
    Codes,
    CpuQuality,
    IntensityQuality,
    PriceQuality,
    RuntimeQuality,
    quality_of,
)

_MEASURED = {
    "runtime": RuntimeQuality.EXACT,
    "price": PriceQuality.LISTED,
    "intensity": IntensityQuality.MEASURED,
    "cpu": CpuQuality.MEASURED,
}

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Hours with runtime, and of these how many were measured: in all parts, and in each."""

    hours_with_runtime: int
    hours_aligned: int
    hours_by_part: dict[str, int]

    @property
    def share(self) -> float | None:
        """TAC, 0 to 1; None where nothing ran."""
        return aligned_share(hours_aligned=self.hours_aligned, hours_with_runtime=self.hours_with_runtime)

    def share_of(self, part: str) -> float | None:
        """The share of one part alone ("runtime", "price", "intensity" or "cpu"); never below TAC."""
        return aligned_share(hours_aligned=self.hours_by_part[part], hours_with_runtime=self.hours_with_runtime)


def aligned_share(*, hours_aligned: int, hours_with_runtime: int) -> float | None:
    """TAC out of summed hours; None where nothing ran, for no hour was there to be aligned."""
    if not 0 <= hours_aligned <= hours_with_runtime:
        raise ValueError(f"Of {hours_with_runtime} hours with runtime, {hours_aligned} cannot be aligned.")
    return hours_aligned / hours_with_runtime if hours_with_runtime else None


def hours_with_runtime(packed: Codes) -> Counts:
    """Hours of each row of `packed` [n, 24] in which anything ran."""
    hours: Counts = _ran(packed).sum(axis=-1, dtype=np.int64)
    return hours


def aligned_hours(packed: Codes) -> Counts:
    """Of these, the hours in which all parts were measured."""
    hours: Counts = _aligned(packed).sum(axis=-1, dtype=np.int64)
    return hours


def alignment(packed: Codes) -> Alignment:
    """The alignment of all hours in `packed`, whatever its shape."""
    ran = _ran(packed)
    return Alignment(
        hours_with_runtime=int(ran.sum()),
        hours_aligned=int(_aligned(packed).sum()),
        hours_by_part={part: int((ran & _measured(part, packed)).sum()) for part in _MEASURED},
    )


def _ran(packed: Codes) -> npt.NDArray[np.bool_]:
    ran: npt.NDArray[np.bool_] = quality_of("cpu", packed) != CpuQuality.NONE
    return ran


def _measured(part: str, packed: Codes) -> npt.NDArray[np.bool_]:
    measured: npt.NDArray[np.bool_] = quality_of(part, packed) == _MEASURED[part]
    return measured


def _aligned(packed: Codes) -> npt.NDArray[np.bool_]:
    # CPU and runtime are among the parts, so hours without runtime fall out by themselves.
    aligned: npt.NDArray[np.bool_] = np.logical_and.reduce([_measured(part, packed) for part in _MEASURED])
    return aligned
