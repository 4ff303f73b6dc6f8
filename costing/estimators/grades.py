"""How far the figures of a ledger day can be trusted: a letter for the cost, a letter for the carbon.

A figure is as good as the worst of its inputs, and a day as good as the worst of the hours that count.

Cost counts the hours that ran or were billed:

    A  runtime exact, price listed
    B  runtime known within bounds
    C  runtime assumed, or the platform that the price is for
    D  no price

Carbon (energy and emissions alike) counts the hours that ran:

    A  only a day on which nothing ran
    B  runtime exact or bounded · CPU measured · the type's own load curve · intensity measured, estimated by
       its source, or carried over at most two hours
    C  runtime assumed · or CPU at its default · or the curve of a similar type · or the intensity of the same
       hour last week, or the zone's yearly mean
    D  no load curve, or no intensity

Carbon is never A where something ran, for the load curve is itself a model. A day without a counted hour is A:
its zero is known, nothing is in doubt, whatever else is unknown about it.

An hour that ran has a CPU code, for a CPU nobody measured is taken at its default. An hour with a runtime code
and no CPU code was billed and did not run (a minimum of 60 s that reaches into the next hour, SUSE's full
hours): it counts for the cost and emits nothing.
"""

import numpy as np
import numpy.typing as npt

from costing.estimators.quality import (
    Codes,
    CpuQuality,
    IntensityQuality,
    PowerQuality,
    PriceQuality,
    RuntimeQuality,
    quality_of,
)

GRADES = ("A", "B", "C", "D")
_A, _B, _C, _D = range(4)

Letters = npt.NDArray[np.str_]
_Ranks = npt.NDArray[np.int8]


def _table(size: int, ranks: dict[int, int]) -> _Ranks:
    """Ranks by code, for look-up with a whole array; a code nobody named counts as missing."""
    table = np.full(size, _D, dtype=np.int8)
    for code, rank in ranks.items():
        table[code] = rank
    return table


_RUNTIME = _table(4, {RuntimeQuality.EXACT: _A, RuntimeQuality.BOUNDED: _B, RuntimeQuality.ASSUMED: _C})
_PRICE = _table(4, {PriceQuality.LISTED: _A, PriceQuality.PLATFORM_ASSUMED: _C})
_CPU = _table(4, {CpuQuality.MEASURED: _A, CpuQuality.DEFAULT: _C})
_POWER = _table(4, {PowerQuality.CURVE: _B, PowerQuality.SUBSTITUTED: _C})
_INTENSITY = _table(
    8,
    {
        IntensityQuality.MEASURED: _A,
        IntensityQuality.ESTIMATED_BY_SOURCE: _B,
        IntensityQuality.CARRIED: _B,
        IntensityQuality.SAME_HOUR_LAST_WEEK: _C,
        IntensityQuality.YEARLY_MEAN: _C,
    },
)


_OF_PART = {"runtime": _RUNTIME, "cpu": _CPU, "intensity": _INTENSITY, "power": _POWER, "price": _PRICE}


def cost_grades(packed: Codes) -> Letters:
    """One letter a row of `packed` [n, 24], by the list above."""
    runtime = quality_of("runtime", packed)
    return _letters(runtime != RuntimeQuality.NOT_RUNNING, _RUNTIME[runtime], _PRICE[quality_of("price", packed)])


def carbon_grades(packed: Codes) -> Letters:
    """One letter a row of `packed` [n, 24], by the list above."""
    cpu = quality_of("cpu", packed)
    return _letters(
        cpu != CpuQuality.NONE,
        _RUNTIME[quality_of("runtime", packed)],
        _CPU[cpu],
        _POWER[quality_of("power", packed)],
        _INTENSITY[quality_of("intensity", packed)],
    )


def part_grade(part: str, codes: Codes) -> str:
    """The letter of the worst of `codes` of one part ("runtime", "cpu", "intensity", "power" or "price")."""
    return GRADES[int(_OF_PART[part][codes].max(initial=_A))]


def worst_grade(*grades: str) -> str:
    """The least trustworthy of `grades`; A for none."""
    return max(grades, default=GRADES[0])


def _letters(counts: npt.NDArray[np.bool_], *ranks: _Ranks) -> Letters:
    worst_of_hour = np.maximum.reduce(ranks)
    worst_of_day = np.where(counts, worst_of_hour, _A).max(axis=-1, initial=_A)
    letters: Letters = np.array(GRADES)[worst_of_day]
    return letters
