"""The AWS regions and the grid zones that feed them, as carbon.reference has them.

Only what is missing is added: a row that an admin changed, or made first, stays as it is.
"""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from carbon.reference.aws_regions import AWS_REGIONS, DEFAULT_PUE, DEFAULT_PUE_SOURCE, PUE_SOURCE
from carbon.reference.zones import GRID_ZONES, YEARLY_MEAN_SOURCE, YEARLY_MEAN_YEAR


def shipped_zones() -> dict[str, dict[str, Any]]:
    return {
        zone.key: {
            "name": zone.name,
            "yearly_mean_gco2e_per_kwh": zone.yearly_mean_gco2e_per_kwh,
            "yearly_mean_year": YEARLY_MEAN_YEAR,
            "yearly_mean_source": YEARLY_MEAN_SOURCE,
        }
        for zone in GRID_ZONES
    }


def shipped_regions() -> dict[str, dict[str, Any]]:
    return {
        region.region: {
            "name": region.name,
            "city": region.city,
            "country": region.country,
            "latitude": region.latitude,
            "longitude": region.longitude,
            "zone_id": region.zone,
            "pue": region.pue or DEFAULT_PUE,
            "pue_is_default": region.pue is None,
            "pue_source": PUE_SOURCE if region.pue else DEFAULT_PUE_SOURCE,
            "source": region.source,
        }
        for region in AWS_REGIONS
    }


def add_missing(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 (Django's signature)
    Zone = apps.get_model("carbon", "Zone")
    CloudRegion = apps.get_model("carbon", "CloudRegion")
    for key, values in shipped_zones().items():
        Zone.objects.get_or_create(key=key, defaults=values)
    for region, values in shipped_regions().items():
        CloudRegion.objects.get_or_create(provider="aws", region=region, defaults=values)


def remove_unchanged(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 (Django's signature)
    """Take back what is still as shipped and nothing hangs from; what an admin changed stays."""
    Zone = apps.get_model("carbon", "Zone")
    CloudRegion = apps.get_model("carbon", "CloudRegion")
    for region, values in shipped_regions().items():
        CloudRegion.objects.filter(provider="aws", region=region, **values).delete()
    for key, values in shipped_zones().items():
        Zone.objects.filter(
            key=key,
            optimal_below_gco2e_per_kwh=100,
            high_above_gco2e_per_kwh=300,
            cloud_regions=None,
            readings=None,
            **values,
        ).delete()


class Migration(migrations.Migration):
    dependencies = [("carbon", "0001_initial")]

    operations = [migrations.RunPython(add_missing, remove_unchanged)]
