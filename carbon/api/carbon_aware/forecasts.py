"""/emissions/forecasts/current by GET and /emissions/forecasts/batch by POST: when it will be cleanest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from carbon.api.carbon_aware.asking import (
    SEVERAL,
    SINGLE,
    locations_of,
    must_be_given,
    must_be_in_order,
    must_not_have_failed,
)
from carbon.api.carbon_aware.bodies import Batch
from carbon.api.carbon_aware.parameters import LATITUDE, LOCATION, LONGITUDE, Query
from carbon.api.carbon_aware.problems import Errors, argument, impossible, invalid
from carbon.api.carbon_aware.times import ClientTime, utc_text
from carbon.api.carbon_aware.told_forecasts import ToldPoints, told_points
from carbon.api.carbon_aware.view import CarbonAwareView, answered
from carbon.api.carbon_aware.writers import array, members, text
from carbon.estimators.scoped_forecast import BoundProblem, bound_problems
from carbon.estimators.series import IntensityPoints
from carbon.selectors.carbon_aware import forecasts_now, forecasts_then
from carbon.selectors.locations import AskedLocation

_MICROSECONDS_PER_MINUTE = 60_000_000
_BOUNDS = {"start": "dataStartAt", "end": "dataEndAt"}
# Clients generated from the SDK's document refuse a member that it does not name, so this one is told only to who
# asks for it, or speaks as the guide does from which it comes.
_BEST_ALONE = "optimalDataPoint"


@dataclass(frozen=True, slots=True)
class _Scope:
    """How a forecast is wanted. `path` is where it was asked for in a body, or empty."""

    start: ClientTime | None
    end: ClientTime | None
    window_minutes: int | None
    path: str = ""

    def check(self) -> None:
        """Both bounds given and not in order; one alone may be told against the forecast only."""
        if self.start is not None and self.end is not None:
            must_be_in_order(self.start, self.end, start_name="dataStartAt", end_name="dataEndAt")


class CurrentForecast(CarbonAwareView):
    """The forecast in force at each location, in the order asked."""

    def get(self, request: Any) -> HttpResponse:
        """An array of forecasts with their best windows."""
        now = timezone.now()
        query = self.query(
            request, LOCATION, "dataStartAt", "dataEndAt", "windowSize", LATITUDE, LONGITUDE, _BEST_ALONE
        )
        names, position = query.all(LOCATION), query.position()
        scope = _Scope(query.time("dataStartAt"), query.time("dataEndAt"), query.integer("windowSize"))
        query.check()
        must_be_given(names, position, property_name=SEVERAL)
        scope.check()
        locations = locations_of(names, position, property_name=SEVERAL)
        issues = forecasts_now(locations, now=now, user=request.user)
        requested_at = ClientTime.of(now)
        tells_best_alone = _is_wanted(query) or query.is_spelled_otherwise(LOCATION)
        written = [
            _forecast(
                location,
                _known(issue, location),
                scope,
                requested_at=requested_at,
                remarks=self.remarks,
                tells_best_alone=tells_best_alone,
            )
            for location, issue in zip(locations, issues, strict=True)
        ]
        return answered(array(written), [issue for issue in issues if issue], now=now)


class ForecastBatch(CarbonAwareView):
    """What /emissions/forecasts/current would have told at times gone by, in the order asked."""

    def post(self, request: Any) -> HttpResponse:
        """An array of forecasts; of nothing asked, an empty one. The first that has no answer fails all."""
        now = timezone.now()
        tells_best_alone = _is_wanted(self.query(request, _BEST_ALONE))
        batch = Batch(request._request, parameter="requestedForecasts")  # noqa: SLF001 (its body is not parsed)
        given = [
            (
                item.time("requestedAt"),
                item.text("location"),
                item.position(),
                _Scope(
                    item.time("dataStartAt"), item.time("dataEndAt"), item.integer("windowSize"), f"$[{item.index}]"
                ),
            )
            for item in batch.items
        ]
        batch.check()
        names = [_batch_name(*each) for each in given]
        paths = [f"{scope.path}.location" for _, _, _, scope in given]
        locations = locations_of(names, None, property_name=SINGLE, paths=paths)
        moments = [requested_at for requested_at, _, _, _ in given if requested_at is not None]
        asked = [(location, moment.microseconds) for location, moment in zip(locations, moments, strict=True)]
        issues = forecasts_then(asked, user=request.user)
        written = [
            _forecast(
                location,
                _known(issue, location, at=moment),
                scope,
                requested_at=moment,
                remarks=self.remarks,
                tells_best_alone=tells_best_alone,
            )
            for location, issue, moment, (_, _, _, scope) in zip(locations, issues, moments, given, strict=True)
        ]
        return answered(array(written), [issue for issue in issues if issue], now=now)


def _is_wanted(query: Query) -> bool:
    """Whether the address asks for the best point by itself."""
    return (query.first(_BEST_ALONE) or "").strip().lower() in {"true", "1"}


def _batch_name(
    requested_at: ClientTime | None, name: str | None, position: tuple[float, float] | None, scope: _Scope
) -> str:
    """The location that one element names; raises the SDK's problem of what is not set."""
    missing: Errors = {}
    if requested_at is None:
        missing["Requested"] = ["Requested is not set"]
        missing[f"{scope.path}.requestedAt"] = ["requestedAt must be given."]
    if not (name and name.strip()) and position is None:
        missing[SINGLE] = [f"{SINGLE} is not set"]
        missing[f"{scope.path}.location"] = ["Give location, or latitude and longitude."]
    if missing:
        raise invalid(missing)
    scope.check()
    if name and name.strip():
        return name
    return locations_of([], position, property_name=SINGLE)[0].name


def _known(issue: IntensityPoints | None, location: AskedLocation, *, at: ClientTime | None = None) -> IntensityPoints:
    if issue is not None and len(issue):
        return issue
    if at is not None:
        raise argument(
            f"No forecast was generated at the requested time {at.in_utc()}",
            {"requestedAt": [f"No forecast of {location.name} that was issued by then is stored."]},
        )
    must_not_have_failed([location])
    raise argument(
        "ForecastDataSource is not configured",
        {"location": [f"No source tells a forecast of {location.name} at present."]},
    )


def _forecast(
    location: AskedLocation,
    issue: IntensityPoints,
    scope: _Scope,
    *,
    requested_at: ClientTime,
    remarks: list[str],
    tells_best_alone: bool,
) -> str:
    """One forecast as JSON; raises the problems of bounds and windows."""
    start = None if scope.start is None else scope.start.microseconds
    end = None if scope.end is None else scope.end.microseconds
    if problems := bound_problems(issue, start=start, end=end):
        raise argument("Invalid EmissionsForecast", _bound_errors(problems, scope))
    try:
        length = (scope.window_minutes or 0) * _MICROSECONDS_PER_MINUTE
        told = told_points(issue, location=location.name, start=start, end=end, length=length)
    except ValueError as error:
        raise impossible(str(error), {_at(scope, "windowSize"): [str(error)]}) from None
    if told.over_gaps:
        remarks.append(f"{told.over_gaps} windows of {location.name} lie over gaps of the forecast and are left out.")
    data_start, data_end = _told_bounds(told, scope)
    generated_at = ClientTime.of(issue.generated_at or issue.as_of)
    best_alone = {_BEST_ALONE: told.best[0] if told.best else "null"} if tells_best_alone else {}
    return members(
        generatedAt=text(str(generated_at)),
        requestedAt=text(str(requested_at)),
        location=text(location.name),
        dataStartAt=text(data_start),
        dataEndAt=text(data_end),
        # Where no window was asked for, each point is one.
        windowSize=str(scope.window_minutes or told.duration // _MICROSECONDS_PER_MINUTE),
        **best_alone,
        optimalDataPoints=array(told.best),
        forecastData=f"[{told.written}]",
    )


def _told_bounds(told: ToldPoints, scope: _Scope) -> tuple[str, str]:
    """The bounds as they were given; one that was not, from what is told."""
    bounds = [(scope.start, told.start), (scope.end, told.end)]
    if any(given is None and of_points is None for given, of_points in bounds):
        sentence = "No window of that length lies between the bounds of the forecast."
        raise impossible("Sequence contains no elements", {_at(scope, "windowSize"): [sentence]})
    start, end = (str(given) if given is not None else utc_text(of_points or 0) for given, of_points in bounds)
    return start, end


def _bound_errors(problems: Mapping[str, list[BoundProblem]], scope: _Scope) -> Errors:
    errors: Errors = {}
    for bound, found in problems.items():
        name = _BOUNDS[bound]
        sentences = [_bound_sentence(name, problem) for problem in found]
        errors[name] = sentences
        if scope.path:
            errors[_at(scope, name)] = sentences
    return errors


def _bound_sentence(name: str, problem: BoundProblem) -> str:
    if problem.kind == "order":
        return "dataStartAt must be earlier than dataEndAt"
    return (
        f"{name} must be within time range of the forecasted data, "
        f"'{utc_text(problem.first)}' through '{utc_text(problem.last)}'"
    )


def _at(scope: _Scope, name: str) -> str:
    return f"{scope.path}.{name}" if scope.path else name
