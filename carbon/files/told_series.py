"""What a file tells of carbon intensity: columns of numbers by name, and forecasts with the time of their issue."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

HIGHEST_PLAUSIBLE_GCO2E_PER_KWH = 2000.0
LONGEST_NAME = 100


def is_name(text: str) -> bool:
    """Whether a place may be called so: the name becomes a part of addresses."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and "/" not in text and bool(text.strip(" ."))


@dataclass(frozen=True, slots=True)
class ToldSeries:
    """The points of one name, by start and each start once. Microseconds since 1970 and microseconds."""

    name: str
    starts_at: Ints
    duration: Ints
    gco2e_per_kwh: Floats


@dataclass(frozen=True, slots=True)
class ToldForecast:
    """One issue of a forecast."""

    generated_at: int  # microseconds since 1970
    series: ToldSeries


@dataclass(slots=True)
class ToldFile:
    """All that one file tells, and what reading it changed."""

    series: list[ToldSeries] = field(default_factory=list)
    forecasts: list[ToldForecast] = field(default_factory=list)
    repeated: int = 0  # points of the same name and start, of which the last one counts
    cut_times: int = 0  # told to a tenth of a microsecond, kept to the whole one


class Columns:
    """Collects the points of one name, in any order."""

    def __init__(self) -> None:
        """Begin with none."""
        self.starts_at: list[int] = []
        self.duration: list[int] = []
        self.gco2e_per_kwh: list[float] = []

    def add(self, starts_at: int, duration: int, value: float) -> None:
        """Take one point."""
        self.starts_at.append(starts_at)
        self.duration.append(duration)
        self.gco2e_per_kwh.append(value)

    def as_series(self, name: str, *, steps: bool = False) -> tuple[ToldSeries, int]:
        """The points by start, of the same start the last one; and how many that leaves out.

        With `steps` the points have no length of their own: each lasts the smallest distance between two.
        """
        starts = np.array(self.starts_at, np.int64)
        # Turned round, the first of equal ones is the last that was told.
        unique, first = np.unique(starts[::-1], return_index=True)
        order = len(starts) - 1 - first
        durations = np.array(self.duration, np.int64)[order]
        if steps and len(unique) > 1:
            durations[:] = np.diff(unique).min()
        return (
            ToldSeries(name, unique, durations, np.array(self.gco2e_per_kwh, np.float64)[order]),
            len(starts) - len(unique),
        )


def by_name(columns: Iterable[tuple[str, Columns]], *, told: ToldFile, steps: bool = False) -> None:
    """Put the series of each name into `told`, by name."""
    for name, points in sorted(columns, key=lambda item: item[0]):
        series, repeated = points.as_series(name, steps=steps)
        told.series.append(series)
        told.repeated += repeated
