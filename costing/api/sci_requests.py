"""The bodies of /sci-scores: a location, an interval, and what the caller knows better than we do."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.dateparse import parse_duration

from carbon.api.carbon_aware.bodies import content_of
from carbon.api.carbon_aware.parameters import degrees_of
from carbon.api.carbon_aware.problems import Errors, Problem, argument, unreadable
from carbon.api.carbon_aware.times import ClientTime, read_in_address

CLOUD_PROVIDER, GEOPOSITION = "CloudProvider", "Geoposition"
_PARAMETER = "sciScoreCalculation"
_MICROSECOND = timedelta(microseconds=1)
_TICKS_PER_MICROSECOND = 10
_LONGEST_TEXT = 150
_PROVIDERS = {"amazon": "aws", "amazon web services": "aws", "google": "gcp", "google cloud": "gcp"}


@dataclass(frozen=True, slots=True)
class SciQuestion:
    """What a score is asked of. `provider` is aws, azure or gcp where one was named; figures are None if not given."""

    region_name: str | None
    provider: str
    position: tuple[float, float] | None
    start: ClientTime
    end: ClientTime
    energy_kwh: float | None
    embodied_gco2e: float | None
    functional_units: float | None


def read_question(request: HttpRequest) -> SciQuestion:
    """The question in a body; raises the problem of one that cannot be read, everything wrong with it at once."""
    body = content_of(request, _PARAMETER)
    if not isinstance(body, dict):
        raise unreadable({"$": ["The JSON value could not be converted to an object. Path: $."]})
    members = {name.lower(): value for name, value in body.items()}
    errors: Errors = {}
    place = _location(members.get("location"), errors)
    interval = members.get("timeinterval")
    if not isinstance(interval, str) or not interval.strip():
        errors["timeInterval"] = ["The timeInterval field is required."]
    figures = {
        name: _figure(members.get(name.lower()), name, errors)
        for name in ("energy", "embodiedEmissions", "functionalUnit")
    }
    if figures["functionalUnit"] == 0:
        errors["functionalUnit"] = ["There is no score per functional unit where there was none."]
    if errors:
        raise unreadable(errors)
    start, end = _interval(str(interval))
    region_name, provider, position = place
    return SciQuestion(
        region_name=region_name,
        provider=provider,
        position=position,
        start=start,
        end=end,
        energy_kwh=figures["energy"],
        embodied_gco2e=figures["embodiedEmissions"],
        functional_units=figures["functionalUnit"],
    )


def _location(value: Any, errors: Errors) -> tuple[str | None, str, tuple[float, float] | None]:
    """Region, provider, position; what is missing or cannot be read goes to `errors`."""
    if not isinstance(value, dict):
        errors["location"] = ["The location field is required."]
        return None, "", None
    members = {name.lower(): member for name, member in value.items()}
    kind = members.get("locationtype")
    if kind is None:
        errors["location.locationType"] = ["The locationType field is required."]
    elif str(kind).lower() == CLOUD_PROVIDER.lower():
        return _region(members, errors)
    elif str(kind).lower() == GEOPOSITION.lower():
        return None, "", _position(members, errors)
    else:
        sentence = f"locationType '{str(kind)[:40]}' is invalid"
        raise argument(sentence, {"location.locationType": [f"{sentence}. Use {CLOUD_PROVIDER} or {GEOPOSITION}."]})
    return None, "", None


def _region(members: dict[str, Any], errors: Errors) -> tuple[str | None, str, None]:
    region, provider = members.get("regionname"), members.get("providername", members.get("cloudprovider"))
    if not isinstance(region, str) or not region.strip() or len(region) > _LONGEST_TEXT:
        errors["location.regionName"] = ["The regionName field is required."]
        return None, "", None
    name = str(provider or "").strip().lower()[:_LONGEST_TEXT]
    return region.strip(), _PROVIDERS.get(name, name), None


def _position(members: dict[str, Any], errors: Errors) -> tuple[float, float] | None:
    degrees = []
    for name, limit in (("latitude", 90.0), ("longitude", 180.0)):
        value = members.get(name)
        is_number = isinstance(value, int | float | str) and not isinstance(value, bool)
        read = degrees_of(str(value), limit=limit) if is_number else None
        if read is None:
            errors[f"location.{name}"] = [f"The {name} field is required: degrees from -{limit:g} to {limit:g}."]
        else:
            degrees.append(read)
    return (degrees[0], degrees[1]) if len(degrees) == 2 else None  # noqa: PLR2004 (a pair)


def _figure(value: Any, name: str, errors: Errors) -> float | None:
    if value is None:
        return None
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or number < 0:
        errors[name] = [f"{name} is a number from 0 on."]
        return None
    return number


def _interval(text: str) -> tuple[ClientTime, ClientTime]:
    """`start/end`, `start/duration` or `duration/end`; raises the problem of anything else and of no length."""
    parts = [part.strip() for part in text.split("/")]
    wrong = argument(
        f"timeInterval '{text[:80]}' is invalid",
        {"timeInterval": ["Write start/end, or start/duration as in 2026-03-01T13:00:00Z/PT2H30M."]},
    )
    if len(parts) != 2:  # noqa: PLR2004 (a start and an end)
        raise wrong
    start, end = (read_in_address(part) for part in parts)
    lengths = [_duration(part) for part in parts]
    if start is not None and lengths[1] is not None:
        end = _moved(start, lengths[1])
    elif end is not None and lengths[0] is not None:
        start = _moved(end, -lengths[0])
    if start is None or end is None:
        raise wrong
    if start.microseconds >= end.microseconds:
        raise argument("The timeInterval must end after it starts", {"timeInterval": ["Its start is before its end."]})
    return start.in_utc(), end.in_utc()


def _duration(text: str) -> timedelta | None:
    """An ISO 8601 duration of days to seconds; months and years have no one length and are none."""
    if not text.upper().startswith("P") or len(text) > _LONGEST_TEXT:
        return None
    try:
        return parse_duration(text.upper())
    except (ValueError, OverflowError):
        return None


def _moved(instant: ClientTime, by: timedelta) -> ClientTime | None:
    """The instant `by` later; None beyond the years 1 to 9999."""
    moved = ClientTime(instant.ticks + by // _MICROSECOND * _TICKS_PER_MICROSECOND)
    try:
        str(moved)
    except (ValueError, OverflowError):
        return None
    return moved


def needs(name: str, sentence: str) -> Problem:
    """The problem of a figure that the ledger does not hold and the caller did not give."""
    return argument(sentence, {name: [f"{sentence} Give {name} in the body where you know it."]})
