"""Where a team's ledger is to be looked up for a location that a client named."""

from dataclasses import dataclass

from carbon.models import Location
from carbon.models.location import folded

_AWS = "aws"


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """A location as the ledger knows it: an AWS region, or else a grid zone; neither for another provider's region."""

    provider: str = ""  # aws, azure, gcp or empty
    region: str = ""
    zone_key: str = ""


def ledger_place(name: str) -> LedgerPlace:
    """What the location called `name` is to the ledger; nothing at all where nobody knows the name."""
    location = (
        Location.objects.filter(folded_key=folded(name)).order_by("is_shipped").select_related("cloud_region").first()
    )
    if location is None:
        return LedgerPlace()
    region = location.cloud_region
    provider = location.provider or (region.provider if region else "")
    return LedgerPlace(
        provider=provider,
        region=region.region if region and region.provider == _AWS else "",
        zone_key=location.zone_id or (region.zone_id if region else ""),
    )
