"""Carbon intensity over time as columns of numbers: what selectors hand to the arithmetic."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(microseconds_since_1970: int) -> datetime:
    """The instant, aware, in UTC. Raises OverflowError outside the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=microseconds_since_1970)


@dataclass(frozen=True, slots=True)
class Place:
    """A grid zone, and whose answer is wanted there.

    `signal` is "average" or "marginal"; the two never stand in for each other. `sources` are tried in their
    order; empty means those of the zone's settings.
    """

    zone: str
    signal: str = "average"
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What one source tells of one zone; `licensee_id` is the team whose key it was told to, None for everybody."""

    zone: str
    source: str
    signal: str
    licensee_id: int | None = None


@dataclass(frozen=True, slots=True)
class IntensityPoints:
    """Points of one zone as one source told them, by start; all arrays have the same length and are read-only.

    A point covers [starts_at, starts_at + duration); one of duration 0 is an instant. Microseconds since 1970
    and microseconds. `low` and `high` bound 80 of 100 cases where the source says so, else None.
    """

    zone: str
    source: str
    signal: str
    as_of: datetime  # when the newest of it was retrieved
    starts_at: Ints
    duration: Ints
    gco2e_per_kwh: Floats
    generated_at: datetime | None = None  # of a forecast
    low: Floats | None = None
    high: Floats | None = None

    def __len__(self) -> int:
        """How many points there are."""
        return len(self.starts_at)

    def touching(self, start: int, end: int) -> Self:
        """The points that begin at `end` or before and do not end before `start`, bounds included.

        The widest choice anybody may want: who leaves out a point that ends with the start, or one that
        begins with the end, does so from here.
        """
        return self.chosen((self.starts_at <= end) & (self.starts_at + self.duration >= start))

    def chosen(self, which: npt.NDArray[np.bool_]) -> Self:
        """Those points that `which`, as long as they are, says true of."""
        if which.all():
            return self
        return type(self)(
            zone=self.zone,
            source=self.source,
            signal=self.signal,
            as_of=self.as_of,
            starts_at=_frozen(self.starts_at[which]),
            duration=_frozen(self.duration[which]),
            gco2e_per_kwh=_frozen(self.gco2e_per_kwh[which]),
            generated_at=self.generated_at,
            low=None if self.low is None else _frozen(self.low[which]),
            high=None if self.high is None else _frozen(self.high[which]),
        )


def _frozen(array: Any) -> Any:
    array.setflags(write=False)
    return array
