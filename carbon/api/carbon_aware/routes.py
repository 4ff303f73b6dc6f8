"""The addresses of the Carbon Aware API: at the root as the SDK has them, and again under /carbon-aware/.

Upper and lower case are the same, a slash at the end changes nothing, and nothing is redirected.
"""

from typing import Any

from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

from carbon.api.carbon_aware.average import AverageCarbonIntensity, AverageCarbonIntensityBatch
from carbon.api.carbon_aware.document import Browse, document_as_json, document_as_yaml
from carbon.api.carbon_aware.forecasts import CurrentForecast, ForecastBatch
from carbon.api.carbon_aware.observed import Best, ByLocation, ByLocations
from carbon.api.carbon_aware.places import Locations, Metrics
from carbon.api.carbon_aware.service import healthy, unknown

PREFIX = "carbon-aware/"


class AnyCase(RoutePattern):
    """A route without holes that matches in any case, with and without a slash at its end."""

    def match(self, path: str) -> Any:
        """As its parent, of what the address comes down to."""
        return super().match(path.lower().removesuffix("/"))


class Below(RoutePattern):
    """Whatever begins with the route."""

    def match(self, path: str) -> Any:
        """The rest of the address does not matter."""
        return ("", (), {}) if f"{path}/".lower().startswith(str(self)) else None


_browse = Browse.as_view()
_operations: dict[str, tuple[str, Any]] = {
    "emissions/bylocation": ("carbon-aware-bylocation", ByLocation.as_view()),
    "emissions/bylocations": ("carbon-aware-bylocations", ByLocations.as_view()),
    "emissions/bylocations/best": ("carbon-aware-best", Best.as_view()),
    "emissions/forecasts/current": ("carbon-aware-forecast", CurrentForecast.as_view()),
    "emissions/forecasts/batch": ("carbon-aware-forecast-batch", ForecastBatch.as_view()),
    "emissions/average-carbon-intensity": ("carbon-aware-average", AverageCarbonIntensity.as_view()),
    "emissions/average-carbon-intensity/batch": (
        "carbon-aware-average-batch",
        AverageCarbonIntensityBatch.as_view(),
    ),
    "locations": ("carbon-aware-locations", Locations.as_view()),
    # The SDK's own guide writes it so, though its server never knew it.
    "emissions/locations": ("carbon-aware-locations-as-documented", Locations.as_view()),
    "health": ("carbon-aware-health", healthy),
    "metrics": ("carbon-aware-metrics", Metrics.as_view()),
    "api/v1/swagger.yaml": ("carbon-aware-document", document_as_yaml),
    "swagger/v1/swagger.json": ("carbon-aware-document-as-json", document_as_json),
    "swagger": ("carbon-aware-browse", _browse),
    "swagger/index.html": ("carbon-aware-browse-index", _browse),
}


def _route(address: str, view: Any, name: str, pattern: type[RoutePattern] = AnyCase) -> URLPattern:
    return URLPattern(pattern(address, name=name, is_endpoint=True), view, None, name)


def at_both_addresses(address: str, view: Any, *, name: str) -> list[URLPattern]:
    """An operation below the prefix and at the root; the latter is the one that `reverse` gives."""
    return [_route(PREFIX + address, view, f"{name}-below"), _route(address, view, name)]


urlpatterns = [
    *(route for address, (name, view) in _operations.items() for route in at_both_addresses(address, view, name=name)),
    _route(PREFIX.removesuffix("/"), _browse, "carbon-aware"),
]
# To come after all others: an address that the SDK would not know either has nothing to say, and is no page of ours.
unknown_addresses = [
    _route(address, unknown, f"carbon-aware-nothing-below-{address.strip('/')}", Below)
    for address in (PREFIX, "emissions/", "locations/", "metrics/", "sci-scores/", "swagger/")
]
