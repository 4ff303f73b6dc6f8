"""POST /sci-scores: a team's Software Carbon Intensity at a location over an interval, out of its own ledger."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from accounts.models import Team, User
from carbon.api.carbon_aware.asking import SINGLE, location_at, locations_of
from carbon.api.carbon_aware.problems import Problem, argument
from carbon.api.carbon_aware.view import JSON, CarbonAwareView, say_provenance, say_warnings
from carbon.api.carbon_aware.writers import members, number
from carbon.estimators.average import NotContinuousError, NotCoveredError, average_over
from carbon.estimators.emissions import sci_score
from carbon.estimators.series import IntensityPoints, instant_of
from carbon.selectors.carbon_aware import AskedPeriod, observed_in_periods
from costing.api.sci_requests import SciQuestion, needs, read_question
from costing.models import FunctionalUnit
from costing.selectors.software_carbon import SoftwareCarbon, software_carbon
from costing.selectors.team_location import ledger_place
from finops.core.periods import Period

_NULL = "null"


@dataclass(frozen=True, slots=True)
class _Parts:
    """E, M and R of a score, and what is to be said beside it."""

    energy_kwh: float
    embodied_gco2e: float
    functional_units: float
    grade: str = ""  # of what came from the ledger
    warnings: tuple[str, ...] = ()


class MarginalCarbonIntensity(CarbonAwareView):
    """The I of a score alone."""

    def post(self, request: Any) -> HttpResponse:
        """A score of which only marginalCarbonIntensityValue is told, the time-weighted mean over the interval."""
        now = timezone.now()
        question = read_question(request._request)  # noqa: SLF001 (its body is not parsed)
        intensity, points = _intensity(question, _location_name(question), request.user)
        response = _answer(None, None, intensity, None, None)
        say_provenance(response, [points], now=now)
        return response


class SciScores(CarbonAwareView):
    """A whole score: ((E × I) + M) / R."""

    def post(self, request: Any) -> HttpResponse:
        """All five values. E and M are the ledger's and R the team's, but for those that the body gives."""
        now = timezone.now()
        question = read_question(request._request)  # noqa: SLF001 (its body is not parsed)
        name = _location_name(question)
        intensity, points = _intensity(question, name, request.user)
        parts = _parts(question, name, request)
        score = sci_score(
            energy_kwh=parts.energy_kwh,
            gco2e_per_kwh=intensity,
            embodied_gco2e=parts.embodied_gco2e,
            functional_units=parts.functional_units,
        )
        response = _answer(score, parts.energy_kwh, intensity, parts.embodied_gco2e, parts.functional_units)
        say_provenance(response, [points], now=now)
        say_warnings(response, parts.warnings)
        if parts.grade:
            response["Carbon-Grade"] = parts.grade
        return response


def _answer(*values: float | None) -> HttpResponse:
    names = (
        "sciScore", "energyValue", "marginalCarbonIntensityValue", "embodiedEmissionsValue", "functionalUnitValue"
    )  # fmt: skip
    written = (_NULL if value is None else number(value) for value in values)
    return HttpResponse(members(**dict(zip(names, written, strict=True))), content_type=JSON)


def _location_name(question: SciQuestion) -> str:
    """The known location that is meant; raises the problem of one that another provider has, or nobody."""
    if question.position is not None:
        return location_at(question.position)
    name = str(question.region_name)
    provider = ledger_place(name).provider
    if question.provider and provider and question.provider != provider:
        sentence = f"'{name}' is a region of {provider}, not of {question.provider}"
        raise argument(sentence, {"location.providerName": [sentence]})
    return name


def _intensity(question: SciQuestion, name: str, user: Any) -> tuple[float, IntensityPoints]:
    """The time-weighted mean over the interval, and the points it rests on."""
    location = locations_of([name], None, property_name=SINGLE)[0]
    asked = AskedPeriod(location, question.start.microseconds, question.end.microseconds)
    points = observed_in_periods([asked], user=user)[0]
    if points is None:
        sentence = f"No carbon intensity is known for {name} in this interval."
        raise argument(sentence, {"timeInterval": [sentence]})
    try:
        mean = average_over(points.starts_at, points.duration, points.gco2e_per_kwh, start=asked.start, end=asked.end)
    except (NotContinuousError, NotCoveredError):
        sentence = f"The carbon intensity of {name} is known for a part of this interval only."
        raise argument(sentence, {"timeInterval": [sentence]}) from None
    return mean, points


def _parts(question: SciQuestion, name: str, request: Any) -> _Parts:
    """E, M and R: what the body gives, the rest from the team; raises the problem of what nobody knows."""
    given_energy, given_embodied = question.energy_kwh, question.embodied_gco2e
    is_all_given = given_energy is not None and given_embodied is not None
    team = _team(request, is_needed=not is_all_given)
    period = Period(instant_of(question.start.microseconds), instant_of(question.end.microseconds))
    carbon = None if is_all_given or team is None else _of_ledger(request.user, team, name, question, period)
    if given_energy is None and (carbon is None or carbon.instance_days == carbon.instance_days_without_energy):
        raise needs("energy", f"The ledger holds no energy for {name} in this interval.")
    if given_embodied is None and (carbon is None or carbon.instance_days == carbon.instance_days_without_embodied):
        raise needs("embodiedEmissions", f"The ledger holds no embodied emissions for {name} in this interval.")
    units = question.functional_units
    if units is None:
        unit = FunctionalUnit.objects.filter(team=team).first() if team else None
        units = unit.served_in(period.length) if unit else 1.0
    return _Parts(
        energy_kwh=carbon.energy_kwh if given_energy is None and carbon else given_energy or 0.0,
        embodied_gco2e=carbon.embodied_gco2e if given_embodied is None and carbon else given_embodied or 0.0,
        functional_units=units,
        grade=carbon.worst_grade if carbon else "",
        warnings=tuple(_warnings(carbon)) if carbon else (),
    )


def _of_ledger(user: User, team: Team, name: str, question: SciQuestion, period: Period) -> SoftwareCarbon | None:
    place = ledger_place(name)
    if place.region and question.position is None:
        return software_carbon(user=user, team=team, period=period, regions=[place.region])
    return software_carbon(user=user, team=team, period=period, zone_key=place.zone_key) if place.zone_key else None


def _team(request: Any, *, is_needed: bool) -> Team | None:
    """The token's team, the user's only one, or the one that `?team=` names; None where none is needed or clear."""
    if not request.user.is_authenticated:
        if is_needed:
            detail = "Whose energy and embodied emissions? Send a token, or give energy and embodiedEmissions."
            raise Problem(detail, status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
        return None
    slug = request.query_params.get("team", "")
    teams = list(Team.objects.visible_to(request.user).order_by("slug"))
    chosen = [team for team in teams if team.slug == slug] if slug else teams
    if len(chosen) == 1:
        return chosen[0]
    if slug:
        raise argument(f"Unknown team: '{slug[:60]}' not found", {"team": ["You are in no team of that name."]})
    if is_needed:
        sentence = f"Name one of your teams with ?team=: {', '.join(team.slug for team in teams) or 'you are in none'}."
        raise argument("Which team is meant is not clear", {"team": [sentence]})
    return None


def _warnings(carbon: SoftwareCarbon) -> list[str]:
    told = (
        ("energy", carbon.instance_days_without_energy),
        ("embodied emissions", carbon.instance_days_without_embodied),
    )
    return [
        f"The {name} of {count} of {carbon.instance_days} instance-days are not known and are left out."
        for name, count in told
        if count
    ]
