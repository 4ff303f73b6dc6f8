"""The regions of AWS, Azure and Google Cloud as locations, and the grid zones that only the latter two need.

Only what is missing is added: a row that an admin changed, or made first, stays as it is.
"""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from carbon.reference import azure_regions, gcp_regions
from carbon.reference.aws_regions import AWS_REGIONS
from carbon.reference.more_zones import MORE_GRID_ZONES
from carbon.reference.zones import YEARLY_MEAN_SOURCE, YEARLY_MEAN_YEAR


def shipped_zones() -> dict[str, dict[str, Any]]:
    return {
        zone.key: {
            "name": zone.name,
            "yearly_mean_gco2e_per_kwh": zone.yearly_mean_gco2e_per_kwh,
            "yearly_mean_year": YEARLY_MEAN_YEAR,
            "yearly_mean_source": YEARLY_MEAN_SOURCE,
        }
        for zone in MORE_GRID_ZONES
    }


def shipped_locations() -> dict[str, dict[str, Any]]:
    """Those of AWS leave the zone to their cloud region, where the ledger finds it too."""
    ours = {
        region.region: {
            "latitude": region.latitude,
            "longitude": region.longitude,
            "zone_id": None,
            "provider": "aws",
            "source": region.source,
        }
        for region in AWS_REGIONS
    }
    for provider, places, source in (
        ("azure", azure_regions.AZURE_REGIONS, azure_regions.SOURCE),
        ("gcp", gcp_regions.GCP_REGIONS, gcp_regions.SOURCE),
    ):
        for place in places:
            ours[place.key] = {
                "latitude": place.latitude,
                "longitude": place.longitude,
                "zone_id": place.zone,
                "provider": provider,
                "source": f"{source} {place.note}".strip(),
            }
    return {key: {"key": key, "name": key, **values} for key, values in ours.items()}


def add_missing(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 (Django's signature)
    Zone = apps.get_model("carbon", "Zone")
    Location = apps.get_model("carbon", "Location")
    CloudRegion = apps.get_model("carbon", "CloudRegion")
    Zone.objects.bulk_create(
        [Zone(key=key, **values) for key, values in shipped_zones().items()], ignore_conflicts=True
    )
    regions = dict(CloudRegion.objects.filter(provider="aws").values_list("region", "pk"))
    Location.objects.bulk_create(
        [
            Location(folded_key=key.casefold(), is_shipped=True, cloud_region_id=regions.get(key), **values)
            for key, values in shipped_locations().items()
        ],
        ignore_conflicts=True,
    )


def remove_unchanged(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 (Django's signature)
    """Take back what is still as shipped and nothing hangs from; what an admin changed stays, as far as it can."""
    Zone = apps.get_model("carbon", "Zone")
    Location = apps.get_model("carbon", "Location")
    for key, values in shipped_locations().items():
        Location.objects.filter(folded_key=key.casefold(), is_shipped=True, signal="", **values).delete()
    for key, values in shipped_zones().items():
        Zone.objects.filter(
            key=key,
            optimal_below_gco2e_per_kwh=100,
            high_above_gco2e_per_kwh=300,
            cloud_regions=None,
            readings=None,
            forecasts=None,
            locations=None,
            **values,
        ).delete()


class Migration(migrations.Migration):
    dependencies = [("carbon", "0005_name_locations")]

    operations = [migrations.RunPython(add_missing, remove_unchanged)]
