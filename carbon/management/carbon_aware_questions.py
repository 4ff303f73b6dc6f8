"""Answers the questions of `carbon_aware` from the same selectors as the Carbon Aware API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carbon.api.carbon_aware.asking import SEVERAL, locations_of, must_be_in_order, must_not_have_failed
from carbon.api.carbon_aware.problems import argument, impossible
from carbon.api.carbon_aware.times import ClientTime
from carbon.estimators.average import NotContinuousError, NotCoveredError, average_over
from carbon.estimators.scoped_forecast import ScopedForecast, bound_problems, scoped
from carbon.estimators.series import IntensityPoints
from carbon.management import carbon_aware_output as output
from carbon.selectors.carbon_aware import (
    AskedPeriod,
    Reader,
    best_of,
    forecasts_now,
    forecasts_then,
    observed,
    observed_in_periods,
)
from carbon.selectors.locations import AskedLocation

_MICROSECONDS_PER_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class ForecastQuestion:
    """How forecasts are wanted; None where an option was not given."""

    start: ClientTime | None
    end: ClientTime | None
    window_minutes: int
    requested_at: ClientTime | None = None


def emissions(
    names: Sequence[str], start: ClientTime, end: ClientTime, *, is_best: bool, reader: Reader
) -> list[dict[str, Any]]:
    """The observed points of the locations, or the best of them all."""
    asked = {"start": start.microseconds, "end": end.microseconds}
    told = observed(locations_of(names, None, property_name=SEVERAL), user=reader, **asked)
    if is_best:
        signals = {each.points.signal for each in told}
        if len(signals) > 1:
            raise argument("Average and marginal intensity cannot be ranked together. Ask for their locations apart.")
        told = best_of(told, **asked)
    return [
        row
        for each in told
        for row in output.emissions(
            each.location, each.points.starts_at, each.points.duration, each.points.gco2e_per_kwh
        )
    ]


def averages(names: Sequence[str], start: ClientTime, end: ClientTime, *, reader: Reader) -> list[dict[str, Any]]:
    """The mean of each location; raises the problem of one of which not all is known."""
    must_be_in_order(start, end, start_name="--start-time", end_name="--end-time")
    asked = [
        AskedPeriod(location, start.microseconds, end.microseconds)
        for location in locations_of(names, None, property_name=SEVERAL)
    ]
    return [
        output.average(each.location.name, start=each.start, end=each.end, gco2e_per_kwh=_mean(each, points))
        for each, points in zip(asked, observed_in_periods(asked, user=reader), strict=True)
    ]


def forecasts(
    names: Sequence[str], question: ForecastQuestion, *, reader: Reader, now: datetime
) -> list[dict[str, Any]]:
    """The forecast of each location, in force now or when it was requested."""
    requested_at = question.requested_at or ClientTime.of(now)
    return [
        output.forecast(name, issue, kept, requested_at=requested_at, window_minutes=question.window_minutes)
        for name, issue, kept in scoped_forecasts(names, question, reader=reader, now=now)
    ]


def scoped_forecasts(
    names: Sequence[str], question: ForecastQuestion, *, reader: Reader, now: datetime
) -> list[tuple[str, IntensityPoints, ScopedForecast]]:
    """Each location's name, issue and windows; raises the problem of bounds, and of a location without a forecast."""
    if question.start is not None and question.end is not None:
        must_be_in_order(question.start, question.end, start_name="--data-start-at", end_name="--data-end-at")
    locations = locations_of(names, None, property_name=SEVERAL)
    if question.requested_at is None:
        issues = forecasts_now(locations, now=now, user=reader)
    else:
        issues = forecasts_then([(each, question.requested_at.microseconds) for each in locations], user=reader)
    return [
        (location.name, issue, _scoped(location, issue, question))
        for location, given in zip(locations, issues, strict=True)
        for issue in [_issued(location, given)]
    ]


def _issued(location: AskedLocation, issue: IntensityPoints | None) -> IntensityPoints:
    if issue is not None and len(issue):
        return issue
    must_not_have_failed([location])
    raise argument(f"No forecast of {location.name} is stored for that time.")


def _scoped(location: AskedLocation, issue: IntensityPoints, question: ForecastQuestion) -> ScopedForecast:
    start = None if question.start is None else question.start.microseconds
    end = None if question.end is None else question.end.microseconds
    if bound_problems(issue, start=start, end=end):
        first, last = (
            ClientTime.of_microseconds(at) for at in (issue.starts_at[0], issue.starts_at[-1] + issue.duration[-1])
        )
        raise argument(f"The forecast of {location.name} reaches from {first} to {last}; ask within that.")
    try:
        kept = scoped(issue, start=start, end=end, length=question.window_minutes * _MICROSECONDS_PER_MINUTE)
    except ValueError as error:
        raise impossible(str(error)) from None
    if not len(kept):
        raise impossible(f"No window of {question.window_minutes} minutes lies between the bounds.")
    return kept


def _mean(asked: AskedPeriod, points: IntensityPoints | None) -> float:
    if points is None:
        raise argument(f"No carbon intensity is known for {asked.location.name} at that time.")
    try:
        return average_over(points.starts_at, points.duration, points.gco2e_per_kwh, start=asked.start, end=asked.end)
    except (NotContinuousError, NotCoveredError):
        raise argument(
            f"The carbon intensity of {asked.location.name} is known for a part of that time only."
        ) from None
