"""/emissions/average-carbon-intensity, one by GET and several by POST …/batch."""

from dataclasses import dataclass
from typing import Any, NoReturn

from django.http import HttpResponse
from django.utils import timezone

from carbon.api.carbon_aware.asking import SINGLE, locations_of, must_be_given, must_be_in_order
from carbon.api.carbon_aware.bodies import Batch
from carbon.api.carbon_aware.parameters import LATITUDE, LOCATION, LONGITUDE
from carbon.api.carbon_aware.problems import Errors, argument, impossible
from carbon.api.carbon_aware.times import ClientTime, utc_text
from carbon.api.carbon_aware.view import CarbonAwareView, answered
from carbon.api.carbon_aware.writers import array, members, number, text
from carbon.estimators.average import NotContinuousError, NotCoveredError, average_over, coverage_of
from carbon.estimators.series import IntensityPoints
from carbon.selectors.carbon_aware import AskedPeriod, observed_by_period
from carbon.selectors.locations import AskedLocation

_MOST_GAPS_TOLD = 5


@dataclass(frozen=True, slots=True)
class _Question:
    """What one average is asked of. `path` is where it stood in a body, or empty."""

    name: str | None
    position: tuple[float, float] | None
    start: ClientTime
    end: ClientTime
    path: str = ""

    def named(self, parameter: str) -> str:
        return f"{self.path}.{parameter}" if self.path else parameter


class AverageCarbonIntensity(CarbonAwareView):
    """The mean over one period."""

    def get(self, request: Any) -> HttpResponse:
        """CarbonIntensity; a period of which not all is known is an error and no number."""
        now = timezone.now()
        query = self.query(request, LOCATION, "startTime", "endTime", LATITUDE, LONGITUDE)
        name, position = query.first(LOCATION), query.position()
        start, end = query.time("startTime"), query.time("endTime")
        query.check()
        question = _question(name, position, start, end)
        written, points = _averages([question], request.user)
        return answered(written[0], points, now=now)


class AverageCarbonIntensityBatch(CarbonAwareView):
    """The means over several periods, in the order asked. The first that has no answer fails all."""

    def post(self, request: Any) -> HttpResponse:
        """An array of CarbonIntensity; of nothing asked, an empty one."""
        now = timezone.now()
        batch = Batch(request._request, parameter="requestedCarbonIntensities")  # noqa: SLF001 (its body is not parsed)
        given = [
            (item.text("location"), item.position(), item.time("startTime"), item.time("endTime"), f"$[{item.index}]")
            for item in batch.items
        ]
        batch.check()
        written, points = _averages([_question(*each) for each in given], request.user)
        return answered(array(written), points, now=now)


def _question(
    name: str | None,
    position: tuple[float, float] | None,
    start: ClientTime | None,
    end: ClientTime | None,
    path: str = "",
) -> _Question:
    """The question, or the SDK's problem of what is missing, in the order in which it looks."""
    if start is None or end is None:
        prefix = f"{path}." if path else ""
        missing = [name for name, value in (("startTime", start), ("endTime", end)) if value is None]
        raise impossible(
            "Nullable object must have a value.", {prefix + name: [f"{name} must be given."] for name in missing}
        )
    names = [name] if name and name.strip() else []
    must_be_given(names, position, property_name=SINGLE)
    must_be_in_order(start, end, start_name="startTime", end_name="endTime")
    return _Question(names[0] if names else None, None if names else position, start, end, path)


def _averages(questions: list[_Question], user: Any) -> tuple[list[str], list[IntensityPoints]]:
    """Each answer as JSON, and the points they rest on."""
    locations = _locations(questions)
    asked = [
        # Two instants of one microsecond are told apart by the order of their ticks alone.
        AskedPeriod(
            location,
            question.start.microseconds,
            max(question.end.microseconds, question.start.microseconds + 1),
        )
        for location, question in zip(locations, questions, strict=True)
    ]
    written, rests_on = [], []
    for each, question, points in zip(asked, questions, observed_by_period(asked, user=user), strict=True):
        if points is None:
            _not_known(each, question)
        written.append(
            members(
                location=text(each.location.name),
                startTime=text(str(question.start.in_utc())),
                endTime=text(str(question.end.in_utc())),
                carbonIntensity=number(_average(points, each, question)),
            )
        )
        rests_on.append(points)
    return written, rests_on


def _locations(questions: list[_Question]) -> list[AskedLocation]:
    """The location of each question; a point on the map is taken as the known location nearest to it."""
    named = [question.name for question in questions if question.name is not None]
    paths = [question.named("location") for question in questions if question.name is not None and question.path]
    by_name = iter(locations_of(named, None, property_name=SINGLE, paths=paths))
    return [
        next(by_name) if question.name is not None else locations_of([], question.position, property_name=SINGLE)[0]
        for question in questions
    ]


def _average(points: IntensityPoints, asked: AskedPeriod, question: _Question) -> float:
    try:
        return average_over(points.starts_at, points.duration, points.gco2e_per_kwh, start=asked.start, end=asked.end)
    except NotContinuousError:
        raise impossible(
            "AverageOverPeriod requires continuous chronological data: each point must begin where the one before it "
            "ends.",
            _what_is_known(points, asked, question),
        ) from None
    except NotCoveredError:
        raise argument(
            "Period out of range. Data points did not cover the requested average period: "
            f"{question.start.in_utc()} through {question.end.in_utc()}",
            _what_is_known(points, asked, question),
        ) from None


def _not_known(asked: AskedPeriod, question: _Question) -> NoReturn:
    sentence = f"No carbon intensity is known for {asked.location.name} at that time."
    raise argument(
        "Period out of range. Data points did not cover the requested average period: "
        f"{question.start.in_utc()} through {question.end.in_utc()}",
        {question.named("startTime"): [sentence]},
    )


def _what_is_known(points: IntensityPoints, asked: AskedPeriod, question: _Question) -> Errors:
    """The mean of what is covered, and the gaps, so that a caller may go on with part of it."""
    known = coverage_of(points.starts_at, points.duration, points.gco2e_per_kwh, start=asked.start, end=asked.end)
    gaps = [f"Nothing is known from {utc_text(since)} to {utc_text(until)}." for since, until in known.gaps]
    more = len(gaps) - _MOST_GAPS_TOLD
    sentences = gaps[:_MOST_GAPS_TOLD] + ([f"Nor in {more} more gaps."] if more > 0 else [])
    if known.share > 0:
        sentences.insert(
            0, f"{known.share:.1%} of the period is known, with a mean of {known.gco2e_per_kwh:.6g} gCO2eq/kWh."
        )
    return {question.named("startTime"): sentences}
