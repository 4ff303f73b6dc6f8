"""Asks WattTime about our zones: each is asked for as the region of WattTime's that its first place lies in."""

from datetime import datetime, timedelta

from carbon.clients.intensity import IntensitySeries, IssuedForecast
from carbon.clients.watttime import ZONE_PREFIX, WattTime
from carbon.models import CloudRegion, Location, MarginalRegion, Zone, ZoneKind
from finops.core.periods import Period
from finops.core.upstream.errors import Reason, UpstreamRejected

# WattTime redraws its regions; it asks not to keep one longer.
_KEPT_FOR = timedelta(days=30)


class MarginalByZone:
    """WattTime, asked by the keys of our zones. A zone of WattTime's own is asked for as it is.

    A zone of ours may lie in several regions (PJM does): then the region of its first cloud region, by name,
    stands for it, and who wants another one follows that region's own zone.
    """

    def __init__(self, client: WattTime, *, now: datetime) -> None:
        """`now` is when regions are looked up."""
        self.name = client.name
        self._client = client
        self._now = now

    def latest(self, zone: str) -> IntensitySeries:
        """The last two hours."""
        return self._client.latest(self._region(zone))

    def history(self, zone: str) -> IntensitySeries:
        """The last 24 hours."""
        return self._client.history(self._region(zone))

    def past_range(self, zone: str, period: Period) -> IntensitySeries:
        """The intervals that start in `period`."""
        return self._client.past_range(self._region(zone), period)

    def forecast(self, zone: str) -> IssuedForecast:
        """The forecast in force."""
        return self._client.forecast(self._region(zone))

    def _region(self, zone: str) -> str:
        if zone.startswith(ZONE_PREFIX):
            return zone
        place = _place_in(zone)
        if place is None:
            raise UpstreamRejected(
                f"No place in {zone} has coordinates by which WattTime could be asked.",
                upstream=self.name,
                reason=Reason.NO_DATA,
                fix="Give a location of this zone its coordinates in the admin.",
            )
        known = MarginalRegion.objects.filter(
            latitude=place[0], longitude=place[1], resolved_at__gt=self._now - _KEPT_FOR
        ).first()
        region = known.zone_id if known else self._resolved(*place)
        if region is None:
            raise UpstreamRejected(f"WattTime does not cover {zone}.", upstream=self.name, reason=Reason.NO_DATA)
        return region

    def _resolved(self, latitude: float, longitude: float) -> str | None:
        """Ask which region the place lies in, and keep the answer; None where WattTime covers none."""
        zone = None
        try:
            region = self._client.region_at(latitude, longitude)
        except UpstreamRejected as error:
            if error.reason is not Reason.NO_DATA:
                raise
        else:
            zone, _ = Zone.objects.get_or_create(
                key=region.zone, defaults={"name": region.name[:100], "kind": ZoneKind.WATTTIME}
            )
        MarginalRegion.objects.update_or_create(
            latitude=latitude, longitude=longitude, defaults={"zone": zone, "resolved_at": self._now}
        )
        return zone.key if zone else None


def _place_in(zone: str) -> tuple[float, float] | None:
    """The coordinates of the zone's first cloud region, else of its first location."""
    regions = CloudRegion.objects.filter(zone=zone).order_by("provider", "region")
    if found := regions.values_list("latitude", "longitude").first():
        return found
    locations = Location.objects.filter(zone=zone).order_by("folded_key").values_list("latitude", "longitude")
    for latitude, longitude in locations:
        if latitude is not None and longitude is not None:
            return latitude, longitude
    return None
