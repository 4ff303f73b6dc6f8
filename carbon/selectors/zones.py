"""Which zones and regions somebody uses."""

from accounts.models import AwsAccount, Instance
from carbon.models import CloudRegion, Zone


def zones_of_account(account: AwsAccount) -> list[Zone]:
    """The grid zones of the regions in which the account has or had instances, by key."""
    regions = Instance.objects.filter(aws_account=account).values("region")
    return list(
        Zone.objects.filter(cloud_regions__provider="aws", cloud_regions__region__in=regions).distinct().order_by("key")
    )


def aws_regions() -> dict[str, CloudRegion]:
    """Every AWS region we know, by its name, with its zone."""
    return {region.region: region for region in CloudRegion.objects.filter(provider="aws").select_related("zone")}
