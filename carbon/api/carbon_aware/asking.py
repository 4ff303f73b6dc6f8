"""Which locations a request means, and what is said about those it cannot mean."""

from collections.abc import Sequence
from http import HTTPStatus

from accounts.models import SourceState
from carbon.api.carbon_aware.problems import Errors, Problem, argument, invalid
from carbon.api.carbon_aware.times import ClientTime
from carbon.reference.grid_sources import ELECTRICITY_MAPS, WATTTIME
from carbon.selectors.locations import NEAR_KM, AskedLocation, asked_locations, nearest_location
from carbon.selectors.source_trouble import source_trouble

Position = tuple[float, float]

_TITLE_OF = {ELECTRICITY_MAPS: "ElectricityMapsClientHttpException", WATTTIME: "WattTimeClientHttpException"}
_STATUS_OF = {
    SourceState.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    SourceState.THROTTLED: HTTPStatus.TOO_MANY_REQUESTS,
    # Not 401: the caller's own credentials are in order.
    SourceState.LOGIN_NEEDED: HTTPStatus.FORBIDDEN,
    SourceState.DENIED: HTTPStatus.FORBIDDEN,
}

SINGLE, SEVERAL = "SingleLocation", "MultipleLocations"


def locations_of(
    names: Sequence[str], position: Position | None, *, property_name: str, paths: Sequence[str] = ()
) -> list[AskedLocation]:
    """Each name's location, in order, and the one nearest to `position` after them.

    Raises the problem that names every unknown one; `paths` say where in a body each name stood.
    """
    named = [*names]
    if position is not None:
        named.append(location_at(position))
    found = asked_locations(named)
    unknown = [index for index, location in enumerate(found) if location is None]
    if unknown:
        sentences = [f"Unknown Location: '{named[index]}' not found" for index in unknown]
        errors: Errors = {property_name: sentences, "location": sentences}
        for index, sentence in zip(unknown, sentences, strict=True):
            if index < len(paths):
                errors[paths[index]] = [sentence]
        raise argument(sentences[0], errors)
    return [location for location in found if location is not None]


def location_at(position: Position) -> str:
    """The name of the known location nearest to a point; raises the problem of one that is far from all."""
    nearest = nearest_location(*position)
    if nearest is None or nearest.distance_km > NEAR_KM:
        latitude, longitude = position
        far = f" The nearest, {nearest.key}, is {nearest.distance_km:.0f} km away." if nearest else ""
        detail = f"No known location lies within {NEAR_KM:.0f} km of {latitude:g}, {longitude:g}.{far}"
        raise argument(detail, {"latitude": [detail], "longitude": [detail]})
    return nearest.key


def must_be_given(names: Sequence[str], position: Position | None, *, property_name: str) -> None:
    """Raise the SDK's problem of a request without any location."""
    if not names and position is None:
        sentence = "Give location=NAME, or latitude and longitude."
        raise invalid({property_name: [f"{property_name} is not set"], "location": [sentence]})


def must_be_in_order(start: ClientTime | None, end: ClientTime | None, *, start_name: str, end_name: str) -> None:
    """Raise the SDK's problem of a period that ends before it starts, or where only its end is given."""
    if start is None and end is not None:
        sentence = f"{start_name} must be given where {end_name} is."
        raise invalid({"Start": ["Start must be defined if End is defined"], start_name: [sentence]})
    if start is not None and end is not None and start.ticks >= end.ticks:
        sentence = f"{start_name} must be before {end_name}."
        raise invalid({"Start": ["Start must be before End"], start_name: [sentence]})


def must_not_have_failed(locations: Sequence[AskedLocation]) -> None:
    """Raise the problem of a source that failed and so left nothing to tell, in its class of status and our words."""
    trouble = source_trouble([place for location in locations for place in location.places])
    if trouble is not None:
        title = _TITLE_OF.get(trouble.source, "DataSourceClientHttpException")
        raise Problem(str(trouble), {}, title=title, status=_STATUS_OF[trouble.state])
