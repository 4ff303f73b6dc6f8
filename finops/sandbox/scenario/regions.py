"""The AWS regions of the simulated world, with their clock and their price level."""

from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Region:
    """A region as the simulation needs it.

    `price_factor` is the price level against us-east-1, the simulation's own figure; `usage_prefix` is
    what AWS puts before a usage type on a bill of that region.
    """

    name: str
    location: str
    time_zone: ZoneInfo
    price_factor: Decimal
    usage_prefix: str


def _region(name: str, location: str, time_zone: str, price_factor: str, usage_prefix: str) -> Region:
    return Region(name, location, ZoneInfo(time_zone), Decimal(price_factor), usage_prefix)


REGIONS: dict[str, Region] = {
    region.name: region
    for region in [
        _region("us-east-1", "US East (N. Virginia)", "America/New_York", "1.00", ""),
        _region("us-east-2", "US East (Ohio)", "America/New_York", "1.00", "USE2-"),
        _region("us-west-2", "US West (Oregon)", "America/Los_Angeles", "1.00", "USW2-"),
        _region("ca-central-1", "Canada (Central)", "America/Toronto", "1.11", "CAN1-"),
        _region("sa-east-1", "South America (Sao Paulo)", "America/Sao_Paulo", "1.59", "SAE1-"),
        _region("eu-central-1", "EU (Frankfurt)", "Europe/Berlin", "1.20", "EUC1-"),
        _region("eu-west-1", "EU (Ireland)", "Europe/Dublin", "1.11", "EU-"),
        _region("eu-west-2", "EU (London)", "Europe/London", "1.16", "EUW2-"),
        _region("eu-west-3", "EU (Paris)", "Europe/Paris", "1.17", "EUW3-"),
        _region("eu-north-1", "EU (Stockholm)", "Europe/Stockholm", "1.06", "EUN1-"),
        _region("ap-south-1", "Asia Pacific (Mumbai)", "Asia/Kolkata", "1.05", "APS3-"),
        _region("ap-southeast-1", "Asia Pacific (Singapore)", "Asia/Singapore", "1.25", "APS1-"),
        _region("ap-southeast-2", "Asia Pacific (Sydney)", "Australia/Sydney", "1.25", "APS2-"),
        _region("ap-northeast-1", "Asia Pacific (Tokyo)", "Asia/Tokyo", "1.29", "APN1-"),
    ]
}
