"""GET /emissions/bylocation, /bylocations and /bylocations/best: intensity as it was."""

from dataclasses import dataclass
from http import HTTPStatus
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
from carbon.api.carbon_aware.parameters import LATITUDE, LOCATION, LONGITUDE
from carbon.api.carbon_aware.problems import argument
from carbon.api.carbon_aware.times import TICKS_PER_SECOND, ClientTime
from carbon.api.carbon_aware.view import CarbonAwareView, answered, empty
from carbon.api.carbon_aware.writers import array, emissions_data
from carbon.selectors.carbon_aware import LocationPoints, best_of, observed
from carbon.selectors.locations import AskedLocation

_MOST_NAMED = 5
_LATELY = 24 * 3600 * TICKS_PER_SECOND
_NAMES = (LOCATION, "time", "toTime", LATITUDE, LONGITUDE)


@dataclass(frozen=True, slots=True)
class _Question:
    locations: list[AskedLocation]
    start: ClientTime
    end: ClientTime


class _ObservedView(CarbonAwareView):
    def get(self, request: Any) -> HttpResponse:
        """What answers, or 204 with the reason."""
        now = timezone.now()
        question = self._question(request, now=ClientTime.of(now))
        start, end = question.start.microseconds, question.end.microseconds
        told = self._of_these(observed(question.locations, start=start, end=end, user=request.user), question)
        if not told:
            return self._nothing(question, now=ClientTime.of(now))
        written = array(
            row
            for each in told
            for row in emissions_data(
                each.location, each.points.starts_at, each.points.duration, each.points.gco2e_per_kwh
            )
        )
        return answered(written, [each.points for each in told], now=now)

    def _question(self, request: Any, *, now: ClientTime) -> _Question:
        query = self.query(request, *_NAMES)
        names, position = list(dict.fromkeys(query.all(LOCATION))), query.position()
        start, end = query.time("time"), query.time("toTime")
        query.check()
        must_be_given(names, position, property_name=SEVERAL)
        must_be_in_order(start, end, start_name="time", end_name="toTime")
        return _Question(locations_of(names, position, property_name=SEVERAL), start or now, end or start or now)

    def _of_these(self, told: list[LocationPoints], question: _Question) -> list[LocationPoints]:
        del question
        return told

    def _nothing(self, question: _Question, *, now: ClientTime) -> HttpResponse:
        """204, which no number tells apart from zero, and why; a source that failed lately is an error."""
        names = ", ".join(location.name for location in question.locations[:_MOST_NAMED])
        if question.start.ticks > now.ticks:
            self.remarks.append(
                f"Nothing is observed yet at {names} at that time; /emissions/forecasts/current tells what is to come."
            )
        else:
            if question.end.ticks > now.ticks - _LATELY:
                must_not_have_failed(question.locations)
            self.remarks.append(f"No carbon intensity is known for {names} at that time.")
        return empty(HTTPStatus.NO_CONTENT)


class ByLocations(_ObservedView):
    """Points of several locations, in the order asked; a location that is asked for twice answers once."""


class ByLocation(_ObservedView):
    """Points of one location."""

    def _question(self, request: Any, *, now: ClientTime) -> _Question:
        query = self.query(request, *_NAMES, names_its_property=False)
        name, position = query.first(LOCATION), query.position()
        start, end = query.time("time"), query.time("toTime")
        if name is None and position is None:
            query.refuse(LOCATION, "The location field is required.")
        query.check()
        must_be_in_order(start, end, start_name="time", end_name="toTime")
        names, position = ([], position) if name is None else ([name], None)
        return _Question(locations_of(names, position, property_name=SINGLE), start or now, end or start or now)


class Best(_ObservedView):
    """The points with the lowest intensity of all locations: every one that has it, exactly."""

    def _of_these(self, told: list[LocationPoints], question: _Question) -> list[LocationPoints]:
        by_signal: dict[str, list[str]] = {}
        for each in told:
            by_signal.setdefault(each.points.signal, []).append(each.location)
        if len(by_signal) > 1:
            told_apart = "; ".join(f"{signal}: {', '.join(names)}" for signal, names in sorted(by_signal.items()))
            detail = f"Average and marginal intensity cannot be ranked together. Ask for them apart: {told_apart}."
            raise argument(detail, {"location": [detail]})
        if len(sources := sorted({each.points.source for each in told})) > 1:
            self.remarks.append(f"These sources may count differently: {', '.join(sources)}.")
        return best_of(told, start=question.start.microseconds, end=question.end.microseconds)
