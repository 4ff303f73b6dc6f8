"""When and where a job of a given length would run cleanest, over the forecasts in force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from accounts.selectors.scope import Scope
from carbon.estimators.average import NotContinuousError, NotCoveredError, average_over
from carbon.estimators.scoped_forecast import ScopedForecast, scoped
from carbon.estimators.series import IntensityPoints, instant_of, microseconds
from carbon.reference.intensity_sources import intensity_source
from carbon.selectors.carbon_aware import forecasts_now
from carbon.selectors.locations import AskedLocation, asked_locations
from finops.core.periods import HOUR, MICROSECOND, start_of_hour

MOST_LOCATIONS = 8
_WEAK_BELOW = 0.005  # a saving smaller than that is no reason to wait


@dataclass(frozen=True, slots=True)
class Choice:
    """One location: what now would be, and the best that its forecast promises. What nobody knows is None."""

    location: str
    source: str = ""
    signal: str = ""
    issued_at: datetime | None = None
    reaches_to: datetime | None = None
    now_gco2e_per_kwh: float | None = None
    best_starts_at: datetime | None = None
    best_ends_at: datetime | None = None
    best_gco2e_per_kwh: float | None = None
    hours: tuple[float | None, ...] = ()  # means by clock hour, as in WhenAndWhere.hours
    silence: str = ""  # why there is no best

    @property
    def source_label(self) -> str:
        """The source as readers know it."""
        return intensity_source(self.source).label

    @property
    def saving_share(self) -> float | None:
        """Of what running now would emit, 0 to 1."""
        if self.now_gco2e_per_kwh is None or self.best_gco2e_per_kwh is None or not self.now_gco2e_per_kwh:
            return None
        return 1 - self.best_gco2e_per_kwh / self.now_gco2e_per_kwh

    @property
    def is_worth_waiting(self) -> bool:
        """Whether the best window is later than now and cleaner by more than nothing."""
        return (self.saving_share or 0.0) >= _WEAK_BELOW


@dataclass(frozen=True, slots=True)
class WhenAndWhere:
    """The locations in the order asked, and the best of each signal: the two are never ranked together."""

    choices: tuple[Choice, ...]
    best: tuple[Choice, ...]
    hours: tuple[datetime, ...]
    now: datetime
    until: datetime

    @property
    def signals(self) -> list[str]:
        """Those of which there is a forecast, average first."""
        return sorted({choice.signal for choice in self.choices if choice.signal})

    def of_signal(self, signal: str) -> list[Choice]:
        """The choices with a forecast of `signal`."""
        return [choice for choice in self.choices if choice.signal == signal]

    @staticmethod
    def is_in_best(choice: Choice, hour: datetime) -> bool:
        """Whether the choice's best window touches this clock hour."""
        if choice.best_starts_at is None or choice.best_ends_at is None:
            return False
        return choice.best_starts_at < hour + HOUR and choice.best_ends_at > hour

    @property
    def rows(self) -> list[tuple[datetime, list[tuple[float | None, bool]]]]:
        """For each hour what each choice is forecast to have, and whether that lies in its best window."""
        return [
            (hour, [(choice.hours[row], self.is_in_best(choice, hour)) for choice in self.choices if choice.hours])
            for row, hour in enumerate(self.hours)
        ]


def when_and_where(
    scope: Scope, *, names: Sequence[str], length: timedelta, now: datetime, until: datetime
) -> WhenAndWhere:
    """The best window of `length` between `now` and `until` at each of the known locations of `names`.

    Queries do not grow with the names. A forecast that ends before `until` answers for as far as it reaches.
    """
    now = now.replace(second=0, microsecond=0)
    asked = [location for location in asked_locations(names) if location is not None]
    issues = forecasts_now(asked, now=now, user=scope.user)
    hours = tuple(start_of_hour(now) + number * HOUR for number in range(-(-(until - start_of_hour(now)) // HOUR)))
    choices = tuple(
        _choice(location, issue, length=length, now=now, until=until, hours=hours)
        for location, issue in zip(asked, issues, strict=True)
    )
    best: dict[str, Choice] = {}
    for choice in choices:
        if choice.best_gco2e_per_kwh is not None:
            rival = best.setdefault(choice.signal, choice)
            if choice.best_gco2e_per_kwh < (rival.best_gco2e_per_kwh or 0.0):
                best[choice.signal] = choice
    return WhenAndWhere(choices, tuple(best.values()), hours, now, until)


def regions_in_use(scope: Scope) -> list[str]:
    """The AWS regions in which the scope has instances, by name."""
    regions = scope.instances().filter(gone_at=None).order_by("region").values_list("region", flat=True)
    return list(regions.distinct())


def unknown_names(names: Sequence[str]) -> list[str]:
    """Those of `names` that no location is called by, in order."""
    return [name for name, location in zip(names, asked_locations(names), strict=True) if location is None]


def _choice(
    location: AskedLocation,
    issue: IntensityPoints | None,
    *,
    length: timedelta,
    now: datetime,
    until: datetime,
    hours: Sequence[datetime],
) -> Choice:
    if issue is None or not len(issue):
        return Choice(location.name, silence="No source tells a forecast of it at present.")
    reaches_to = instant_of(int(issue.starts_at[-1] + issue.duration[-1]))
    told = Choice(
        location.name,
        source=issue.source,
        signal=issue.signal,
        issued_at=issue.generated_at,
        reaches_to=reaches_to,
        now_gco2e_per_kwh=_mean(issue, now, now + length),
        hours=tuple(_mean(issue, max(hour, now), hour + HOUR) for hour in hours),
    )
    kept = _windows(issue, length=length, now=now, end=min(until, reaches_to))
    if kept is None:
        return replace(
            told, silence=f"Its forecast reaches to {reaches_to:%d %b %H:%M} UTC; no window of that length fits."
        )
    best = int(np.flatnonzero(kept.is_best)[0])
    starts_at = instant_of(int(kept.starts_at[best]))
    return replace(
        told,
        best_starts_at=starts_at,
        best_ends_at=starts_at + length,
        best_gco2e_per_kwh=float(kept.gco2e_per_kwh[best]),
    )


def _windows(issue: IntensityPoints, *, length: timedelta, now: datetime, end: datetime) -> ScopedForecast | None:
    if end <= now:
        return None
    try:
        kept = scoped(issue, start=microseconds(now), end=microseconds(end), length=length // MICROSECOND)
    except ValueError:  # points without length, of which nothing can be made a window
        return None
    return kept if len(kept) else None


def _mean(issue: IntensityPoints, start: datetime, end: datetime) -> float | None:
    """The time-weighted mean; None where the forecast does not cover all of it."""
    near = issue.touching(microseconds(start), microseconds(end))
    if not len(near):
        return None
    try:
        return average_over(
            near.starts_at, near.duration, near.gco2e_per_kwh, start=microseconds(start), end=microseconds(end)
        )
    except (NotContinuousError, NotCoveredError):
        return None
