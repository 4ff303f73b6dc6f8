"""What a grid API knows of an hour at an instant: first an estimate, later the settled value; and forecasts."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from finops.sandbox.grid.series import Series, hour_number, instant_of
from finops.sandbox.scenario.chance import Floats, bell, number_from, share_from, uniform

_SETTLED_AFTER_HOURS = 3
_NEVER_SETTLED = 0.015
_ESTIMATE_ERROR, _FORECAST_ERROR = 0.07, 0.16
# One zone has gaps now and then: hours for which the provider has nothing, not even an estimate.
ZONE_WITH_GAPS, _GAPS = "US-NW-PACW", 0.02
_LONGEST_LEAD_HOURS = 72


@dataclass(frozen=True, slots=True)
class ToldHour:
    """One hour of a zone as told at an instant. `gco2e_per_kwh` is None where there is no value."""

    starts_at: datetime
    gco2e_per_kwh: float | None
    is_estimated: bool
    method: str | None
    updated_at: datetime
    created_at: datetime


class Teller:
    """Tells the hours of a series."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def holds(self, zone: str) -> bool:
        """Whether there is such a zone."""
        return self._series.values(zone, np.zeros(1, dtype=np.int64)) is not None

    def hours(self, zone: str, first: int, last: int, *, at: datetime) -> list[ToldHour]:
        """The hours from `first` to `last`, which does not belong to it, as known at an instant; none of the future."""
        last = min(last, hour_number(at) + 1)
        numbers = np.arange(first, max(first, last), dtype=np.int64)
        values = self._series.values(zone, numbers)
        if values is None:
            raise KeyError(zone)
        return [
            self._told(zone, int(number), value, at=at) for number, value in zip(numbers, values.tolist(), strict=True)
        ]

    def _told(self, zone: str, number: int, value: float, *, at: datetime) -> ToldHour:
        starts_at = instant_of(number)
        is_young = number > hour_number(at) - _SETTLED_AFTER_HOURS
        is_estimated = is_young or share_from("unsettled", zone, number) < _NEVER_SETTLED
        known: float | None = None if np.isnan(value) else value
        if zone == ZONE_WITH_GAPS and share_from("gap", zone, number // 2) < _GAPS:
            known = None
        if known is not None and is_estimated:
            error = _ESTIMATE_ERROR * float(bell(number_from("estimate", zone), np.array([number]))[0])
            known = float(round(known * (1 + error)))
        method = "TIME_SLICER_AVERAGE" if is_estimated else None
        told_after = -1_200 if is_young else _SETTLED_AFTER_HOURS * 3600 + 1_080
        return ToldHour(
            starts_at,
            known,
            is_estimated,
            method,
            datetime.fromtimestamp(number * 3600 + told_after, tz=starts_at.tzinfo),
            instant_of(number - _LONGEST_LEAD_HOURS),
        )

    def forecast(self, zone: str, *, at: datetime, horizon_hours: int) -> list[tuple[datetime, float]]:
        """What is expected from the hour of `at` on: the truth, ever less exact the further ahead."""
        issued = hour_number(at)
        numbers = np.arange(issued, issued + horizon_hours + 1, dtype=np.int64)
        values = self._series.values(zone, numbers)
        if values is None:
            raise KeyError(zone)
        lead = (numbers - issued) / _LONGEST_LEAD_HOURS
        expected = values * (1 + _FORECAST_ERROR * np.sqrt(lead) * _drift(zone, issued, numbers))
        return [
            (instant_of(int(number)), float(round(value)))
            for number, value in zip(numbers, expected.tolist(), strict=True)
            if not np.isnan(value)
        ]


def _drift(zone: str, issued: int, numbers: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Floats:
    """How a forecast strays: slowly, and differently for each issue."""
    seed = number_from("forecast", zone, issued)
    knot, rest = numbers // 6, (numbers % 6) / 6
    return np.asarray((uniform(seed, knot) * (1 - rest) + uniform(seed, knot + 1) * rest) * 2 - 1)
