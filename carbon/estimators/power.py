"""What an instance draws at a CPU utilization, by one of two models over its type's load curve.

`load_curve` joins the curve's points by straight lines. `linear_30_70` takes the curve's watts at 50 % load as
average power and draws 30 % of it idle: average watts × (0.3 + 0.7 × CPU). Neither holds the hall's overhead (PUE).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DEFAULT_CPU_UTILIZATION = 0.5
FULL_LOAD = 100.0
_LOAD_OF_AVERAGE_POWER = 50.0
_IDLE_SHARE, _LOAD_SHARE = 0.3, 0.7


class PowerModel(StrEnum):
    """The models by the names that settings and teams choose them by."""

    LOAD_CURVE = "load_curve"
    LINEAR_30_70 = "linear_30_70"


def with_default_cpu(cpu_utilization: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """CPU utilization (share, 0 to 1) with 0.5 where it is NaN, and where that default was used."""
    given = np.asarray(cpu_utilization, dtype=np.float64)
    is_default = np.isnan(given)
    return np.where(is_default, DEFAULT_CPU_UTILIZATION, given), is_default


def watts(
    model: PowerModel | str,
    load_percent: npt.ArrayLike,
    watts_points: npt.ArrayLike,
    cpu_utilization: npt.ArrayLike,
) -> Floats:
    """Watts of one type at each CPU utilization (share, 0 to 1; any shape), PUE not included.

    NaN in gives NaN out; a share outside 0 to 1 is an error, for a clamped one would look measured. A load
    outside the curve's own points gives NaN: nothing is known there.
    """
    table = PowerTable.of(model, [(load_percent, watts_points)])
    cpu = np.asarray(cpu_utilization, dtype=np.float64)
    if ((cpu < 0) | (cpu > 1)).any():
        wrong = cpu[(cpu < 0) | (cpu > 1)].flat[0]
        raise ValueError(f"CPU utilization is a share between 0 and 1, not {wrong}.")
    return table.watts(np.zeros(cpu.shape, np.intp), cpu * FULL_LOAD)


@dataclass(frozen=True, slots=True)
class PowerTable:
    """The watts of many types at once: their curves brought to the load points of all of them together.

    A curve is straight between its points, so further points on its lines change nothing.
    """

    loads: Floats  # ascending; the load points of all curves
    watts_at: Floats  # [type, load]; NaN outside a curve's own points
    slopes: Floats  # [type, load]; watts per per cent from this load to the next

    @classmethod
    def of(cls, model: PowerModel | str, curves: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]]) -> Self:
        """One row for each (load_percent, watts) in `curves`, in their order."""
        checked = [_checked_curve(loads, points) for loads, points in curves]
        if PowerModel(model) is PowerModel.LINEAR_30_70:
            checked = [_linear_30_70(loads, points) for loads, points in checked]
        # Just beyond a curve's last point a load of its own, at which its watts are unknown.
        beyond = [np.nextafter(loads[-1:], np.inf) for loads, _ in checked]
        grid = np.unique(np.concatenate([[0.0, FULL_LOAD], *(loads for loads, _ in checked), *beyond]))
        watts_at = np.full((len(checked), len(grid)), np.nan)
        for row, (loads, points) in enumerate(checked):
            watts_at[row] = np.interp(grid, loads, points, left=np.nan, right=np.nan)
        slopes = np.zeros_like(watts_at)
        slopes[:, :-1] = np.diff(watts_at, axis=1) / np.diff(grid)
        # The last point itself still counts, though what follows it is unknown.
        for row, (loads, _) in enumerate(checked):
            slopes[row, np.searchsorted(grid, loads[-1])] = 0.0
        return cls(grid, watts_at, slopes)

    def watts(self, types: npt.NDArray[np.integer], cpu_percent: Floats) -> Floats:
        """Watts of the type with that row number at each CPU load, 0 to 100 (not checked here)."""
        left = np.searchsorted(self.loads, cpu_percent, side="right") - 1
        cell = types * len(self.loads) + left
        at = self.watts_at.ravel()[cell] + (cpu_percent - self.loads[left]) * self.slopes.ravel()[cell]
        return np.asarray(at, dtype=np.float64)


def _checked_curve(load_percent: npt.ArrayLike, watts_points: npt.ArrayLike) -> tuple[Floats, Floats]:
    loads, points = np.asarray(load_percent, np.float64), np.asarray(watts_points, np.float64)
    if loads.ndim != 1 or loads.shape != points.shape or not loads.size:
        raise ValueError(f"A load curve has as many watts as loads, not {points.size} for {loads.size}.")
    if not (np.isfinite(loads).all() and loads.min() >= 0 and loads.max() <= FULL_LOAD and (np.diff(loads) > 0).all()):
        raise ValueError(f"The loads of a curve ascend between 0 and 100 %, not as in {loads.tolist()}.")
    if not (np.isfinite(points).all() and (points >= 0).all()):
        raise ValueError(f"The watts of a curve are numbers from 0 up, not as in {points.tolist()}.")
    return loads, points


def _linear_30_70(loads: Floats, points: Floats) -> tuple[Floats, Floats]:
    average_watts = np.interp(_LOAD_OF_AVERAGE_POWER, loads, points, left=np.nan, right=np.nan)
    if np.isnan(average_watts):
        raise ValueError(f"linear_30_70 needs the watts at 50 % load, and the curve only spans {loads.tolist()} %.")
    return np.array([0.0, FULL_LOAD]), average_watts * np.array([_IDLE_SHARE, _IDLE_SHARE + _LOAD_SHARE])
