"""The forecasts of one zone, each source for itself, and how far the built-in one can be trusted."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from accounts.selectors.scope import Scope
from carbon.estimators.series import Floats, Ints, microseconds
from carbon.models import CarbonForecast, ForecastBackTest
from carbon.reference.grid_sources import BUILT_IN
from carbon.reference.intensity_sources import intensity_source
from finops.core.periods import HOUR, MICROSECOND, start_of_hour

SHOWN_HOURS = 48
_HOUR_US = HOUR // MICROSECOND


@dataclass(frozen=True, slots=True)
class HourForecast:
    """One clock hour of a forecast, g/kWh; 80 of 100 cases lie between low and high, None where nobody says so."""

    gco2e_per_kwh: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ZoneForecast:
    """The youngest issue of one source and signal, as far as it is still to come."""

    label: str
    signal: str
    issued_at: datetime
    reaches_to: datetime
    is_built_in: bool
    hours: tuple[HourForecast | None, ...]  # as in ZoneForecasts.hours; None beyond the forecast

    @property
    def lowest(self) -> HourForecast | None:
        """Its cleanest hour."""
        known = [hour for hour in self.hours if hour is not None]
        return min(known, key=lambda hour: hour.gco2e_per_kwh, default=None)

    @property
    def has_band(self) -> bool:
        """Whether its source says how far off it may be."""
        return any(hour is not None and hour.low is not None for hour in self.hours)


@dataclass(frozen=True, slots=True)
class ZoneForecasts:
    """What is forecast of a zone, average before marginal, and the back-tests of the built-in forecast."""

    hours: tuple[datetime, ...]
    forecasts: tuple[ZoneForecast, ...]
    back_tests: tuple[tuple[str, ForecastBackTest], ...]  # with the label of the readings it was tested on

    @property
    def rows(self) -> list[tuple[datetime, list[HourForecast | None]]]:
        """For each hour what each source says of it."""
        return [(hour, [each.hours[row] for each in self.forecasts]) for row, hour in enumerate(self.hours)]

    @property
    def signals(self) -> list[str]:
        """Those of which there is a forecast."""
        return list(dict.fromkeys(each.signal for each in self.forecasts))

    @property
    def banded_signals(self) -> set[str]:
        """Those of which a source says how far off it may be."""
        return {each.signal for each in self.forecasts if each.has_band}

    def of_signal(self, signal: str) -> list[ZoneForecast]:
        """The forecasts of one signal."""
        return [each for each in self.forecasts if each.signal == signal]


def zone_forecasts(scope: Scope, *, key: str, now: datetime) -> ZoneForecasts:
    """The next SHOWN_HOURS of every forecast of the zone that reaches beyond `now`; two queries."""
    first = start_of_hour(now)
    hours = tuple(first + number * HOUR for number in range(SHOWN_HOURS))
    issues = (
        CarbonForecast.objects.visible_to(scope.user)
        .filter(zone=key, is_latest=True, ends_at__gt=now)
        .order_by("signal", "source", "licensee")
        .select_related("licensee")
    )
    tests = ForecastBackTest.objects.visible_to(scope.user).filter(zone=key).order_by("signal", "source", "licensee")
    return ZoneForecasts(
        hours,
        tuple(_forecast(issue, hours) for issue in issues),
        tuple((intensity_source(test.source).label, test) for test in tests),
    )


def _forecast(issue: CarbonForecast, hours: tuple[datetime, ...]) -> ZoneForecast:
    label = intensity_source(issue.source).label
    return ZoneForecast(
        label=f"{label} ({issue.licensee.name})" if issue.licensee else label,
        signal=issue.signal,
        issued_at=issue.generated_at,
        reaches_to=issue.ends_at,
        is_built_in=issue.source == BUILT_IN,
        hours=_by_hour(issue, hours),
    )


def _by_hour(issue: CarbonForecast, hours: tuple[datetime, ...]) -> tuple[HourForecast | None, ...]:
    """Time-weighted means of the clock hours that the forecast touches, over the part it covers."""
    starts = np.array([microseconds(hour) for hour in hours], np.int64)
    begins, ends = issue.points["starts_at"], issue.points["starts_at"] + issue.points["duration"]
    columns = [issue.points["gco2e_per_kwh"]]
    if issue.band is not None:
        columns += [issue.band["low"], issue.band["high"]]
    means = [_means(starts, begins, ends, column) for column in columns]
    return tuple(
        None if np.isnan(values[0]) else HourForecast(values[0], *(values[1:] if len(values) > 1 else (None, None)))
        for values in zip(*(mean.tolist() for mean in means), strict=True)
    )


def _means(starts: Ints, begins: Ints, ends: Ints, values: Floats) -> Floats:
    covered = np.minimum(ends[None, :], starts[:, None] + _HOUR_US) - np.maximum(begins[None, :], starts[:, None])
    weights = np.clip(covered, 0, None).astype(np.float64)
    total = weights.sum(axis=1)
    means: Floats = np.divide(weights @ values, total, out=np.full(len(starts), np.nan), where=total > 0)
    return means
