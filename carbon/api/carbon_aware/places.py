"""GET /locations, and the observed intensity of all of them for Prometheus."""

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from carbon.api.carbon_aware.times import ClientTime
from carbon.api.carbon_aware.view import JSON, CarbonAwareView, empty
from carbon.api.carbon_aware.writers import members, number, text
from carbon.selectors.carbon_aware import LocationPoints, observed
from carbon.selectors.locations import all_places, known_locations

_MICROSECONDS_PER_SECOND = 1_000_000
_LOOKS_BACK = 24 * 3600 * _MICROSECONDS_PER_SECOND  # as far as the SDK's exporter does


class Locations(CarbonAwareView):
    """Every name that may be asked for."""

    def get(self, request: Any) -> HttpResponse:  # noqa: ARG002 (Django's signature)
        """An object of Location by name, by name; 204 where there is none."""
        known = known_locations()
        if not known:
            self.remarks.append("No location is known. Load some with manage.py import_locations.")
            return empty(HTTPStatus.NO_CONTENT)
        rows = (
            f"{text(location.key)}:"
            + members(
                latitude="null" if location.latitude is None else number(location.latitude),
                longitude="null" if location.longitude is None else number(location.longitude),
                name=text(location.name or None),
            )
            for location in known
        )
        return HttpResponse("{" + ",".join(rows) + "}", content_type=JSON)


class Metrics(CarbonAwareView):
    """The newest observed intensity of each location, as Prometheus reads it."""

    def get(self, request: Any) -> HttpResponse:
        """A location of which nothing is known of the last 24 hours is absent; it is never 0."""
        now = timezone.now()
        instant = ClientTime.of(now).microseconds
        told = observed(all_places(), start=instant - _LOOKS_BACK, end=instant, user=request.user)
        registry = CollectorRegistry()
        registry.register(_Newest(told, now=now))
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Newest(Collector):
    def __init__(self, told: list[LocationPoints], *, now: datetime) -> None:
        self._told = told
        self._now = ClientTime.of(now).microseconds

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing before it is collected."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The value of the newest point, and how long ago it ended."""
        intensity = GaugeMetricFamily(
            "carbon_aware_intensity", "Newest observed carbon intensity, gCO2eq/kWh.", labels=["location"]
        )
        age = GaugeMetricFamily(
            "carbon_aware_intensity_age_seconds",
            "Since the end of the newest point; below 0 while it lasts.",
            labels=["location", "source", "signal"],
        )
        for each in self._told:
            points = each.points
            ends_at = int(points.starts_at[-1] + points.duration[-1])
            intensity.add_metric([each.location], float(points.gco2e_per_kwh[-1]))
            age.add_metric(
                [each.location, points.source, points.signal], (self._now - ends_at) / _MICROSECONDS_PER_SECOND
            )
        yield intensity
        yield age
