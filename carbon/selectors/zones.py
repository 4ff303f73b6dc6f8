"""Which zones and regions somebody uses."""

from accounts.models import AwsAccount, Instance
from carbon.models import CloudRegion, Location, Signal, Zone, ZoneKind

Wanted = tuple[Zone, str]


def zones_of_account(account: AwsAccount) -> list[Zone]:
    """The grid zones of the regions in which the account has or had instances, by key."""
    regions = Instance.objects.filter(aws_account=account).values("region")
    return list(
        Zone.objects.filter(cloud_regions__provider="aws", cloud_regions__region__in=regions).distinct().order_by("key")
    )


def wanted_by_account(account: AwsAccount) -> list[Wanted]:
    """The zones of the account and the signals to keep up of each, by key."""
    marginal = _zones_of_marginal_locations()
    return [(zone, signal) for zone in zones_of_account(account) for signal in _signals(zone, marginal)]


def wanted_by_all() -> list[Wanted]:
    """The zones that the platform admin follows, and those of locations that answer with the marginal signal."""
    marginal = _zones_of_marginal_locations()
    followed = Zone.objects.exclude(kind=ZoneKind.FILE).order_by("key")
    return [
        (zone, signal)
        for zone in followed.filter(is_followed=True) | followed.filter(key__in=marginal)
        for signal in _signals(zone, marginal)
        if zone.is_followed or signal == Signal.MARGINAL
    ]


def aws_regions() -> dict[str, CloudRegion]:
    """Every AWS region we know, by its name, with its zone."""
    return {region.region: region for region in CloudRegion.objects.filter(provider="aws").select_related("zone")}


def _signals(zone: Zone, marginal: set[str]) -> list[str]:
    """The average, on which the ledger rests, and the marginal where somebody wants it."""
    if zone.kind != ZoneKind.GRID:
        return [Signal.MARGINAL]
    if zone.signal == Signal.MARGINAL or zone.key in marginal:
        return [Signal.AVERAGE, Signal.MARGINAL]
    return [Signal.AVERAGE]


def _zones_of_marginal_locations() -> set[str]:
    locations = Location.objects.filter(signal=Signal.MARGINAL)
    return {
        own or regional
        for own, regional in locations.values_list("zone_id", "cloud_region__zone_id")
        if own or regional
    }
