from __future__ import annotations

import csv
import gzip
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from carbon.models import CloudRegion, Zone
from carbon.reference.aws_regions import AWS_REGIONS, AwsRegion
from carbon.reference.zones import GRID_ZONES
from tests.factories import CarbonReadingFactory

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data" / "grid"
MIGRATION = import_module("carbon.migrations.0002_aws_regions_and_their_zones")
OURS = {region.region: region for region in AWS_REGIONS}
ZONES = {zone.key: zone for zone in GRID_ZONES}


def table(name: str, key: str) -> dict[str, dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def rings_of(zone: str) -> list[list[list[float]]]:
    """The outer borders of a zone; holes are left out, none of our points lies near one."""
    with gzip.open(SHARED / "zone_polygons.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    shapes = [f["geometry"] for f in features if f["properties"]["zone"] == zone]
    return [
        polygon[0]
        for shape in shapes
        for polygon in (shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]])
    ]


def holds(ring: list[list[float]], longitude: float, latitude: float) -> bool:
    """Whether a line from the point eastwards crosses the ring an odd number of times."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > latitude) != (y2 > latitude) and longitude < (x2 - x1) * (latitude - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def test_every_aws_region_is_there_once():
    theirs = table("aws_regions.csv", "region")

    assert set(OURS) == set(theirs)
    assert len(AWS_REGIONS) == 39


@pytest.mark.parametrize("region", AWS_REGIONS, ids=lambda region: region.region)
def test_zone_place_and_efficiency_are_those_collected(region: AwsRegion):
    theirs = table("aws_regions.csv", "region")[region.region]

    assert (region.country, region.zone) == (theirs["country"], theirs["em_zone"])
    assert region.latitude == pytest.approx(float(theirs["lat"]), abs=0.01)
    assert region.longitude == pytest.approx(float(theirs["lon"]), abs=0.01)
    assert region.pue == (float(theirs["pue"]) if theirs["pue"] else None)


def test_zones_and_their_yearly_means_are_those_collected():
    theirs = table("zones.csv", "zone")

    assert {zone.key: zone.yearly_mean_gco2e_per_kwh for zone in GRID_ZONES} == {
        key: float(theirs[key]["avg_2025"]) for key in ZONES
    }


def test_every_zone_has_a_region_but_the_one_to_choose_instead():
    assert set(ZONES) - {region.zone for region in AWS_REGIONS} == {"US-NW-BPAT"}
    assert {region.zone for region in AWS_REGIONS} <= set(ZONES)


@pytest.mark.parametrize("zone", sorted({region.zone for region in AWS_REGIONS}))
def test_every_region_lies_inside_the_borders_of_its_zone(zone: str):
    rings = rings_of(zone)

    for region in AWS_REGIONS:
        if region.zone == zone:
            assert any(holds(ring, region.longitude, region.latitude) for ring in rings), region.region


def test_keys_that_other_formats_read_as_nothing_stay_text():
    # NA is Namibia and NO is Norway; a table read by a guessing loader would lose them.
    assert all(isinstance(zone.key, str) and zone.key for zone in GRID_ZONES)


def test_oregon_is_pacificorp_and_says_that_others_disagree():
    assert (OURS["us-west-2"].zone, ZONES["US-NW-PACW"].yearly_mean_gco2e_per_kwh) == ("US-NW-PACW", 204)
    assert "US-NW-BPAT" in OURS["us-west-2"].source
    assert "US-NW-BPAT" in OURS["us-gov-west-1"].source


def test_sao_paulo_is_not_in_the_amazon():
    assert OURS["sa-east-1"].zone == "BR-CS"
    assert OURS["sa-east-1"].latitude < -20


def test_spain_is_zaragoza_and_not_madrid():
    assert (OURS["eu-south-2"].city, OURS["eu-south-2"].zone) == ("Zaragoza", "ES")
    assert OURS["eu-south-2"].longitude > -1


def test_stockholm_draws_on_its_bidding_zone_and_not_on_the_country():
    assert OURS["eu-north-1"].zone == "SE-SE3"


@pytest.mark.django_db
def test_a_new_installation_has_all_regions_with_their_zones():
    MIGRATION.add_missing(apps, None)

    frankfurt = CloudRegion.objects.select_related("zone").get(provider="aws", region="eu-central-1")
    london = CloudRegion.objects.get(provider="aws", region="eu-west-2")
    assert CloudRegion.objects.filter(provider="aws").count() == 39
    assert (frankfurt.zone.key, frankfurt.zone.yearly_mean_gco2e_per_kwh) == ("DE", 342)
    assert "ODbL" in frankfurt.zone.yearly_mean_source
    assert (frankfurt.pue, frankfurt.pue_is_default) == (1.35, False)
    assert (london.pue, london.pue_is_default) == (1.15, True)
    assert "publishes none" in london.pue_source


@pytest.mark.django_db
def test_what_an_admin_changed_is_not_overwritten():
    MIGRATION.add_missing(apps, None)
    CloudRegion.objects.filter(region="us-west-2").update(zone="US-NW-BPAT", pue=1.2)
    Zone.objects.filter(key="DE").update(high_above_gco2e_per_kwh=400, yearly_mean_gco2e_per_kwh=350)

    MIGRATION.add_missing(apps, None)

    oregon = CloudRegion.objects.get(region="us-west-2")
    germany = Zone.objects.get(key="DE")
    assert (oregon.zone_id, oregon.pue) == ("US-NW-BPAT", 1.2)
    assert (germany.high_above_gco2e_per_kwh, germany.yearly_mean_gco2e_per_kwh) == (400, 350)


@pytest.mark.django_db
def test_going_back_takes_what_was_shipped_and_leaves_what_is_in_use():
    MIGRATION.add_missing(apps, None)
    CloudRegion.objects.filter(region="us-west-2").update(pue=1.2)
    CarbonReadingFactory.create(zone=Zone.objects.get(key="DE"))

    MIGRATION.remove_unchanged(apps, None)

    assert list(CloudRegion.objects.values_list("region", flat=True)) == ["us-west-2"]
    assert set(Zone.objects.filter(key__in=ZONES).values_list("key", flat=True)) == {"DE", "US-NW-PACW"}


@pytest.mark.django_db(transaction=True)
def test_the_migration_runs_both_ways():
    latest: list[Any] = MigrationExecutor(connection).loader.graph.leaf_nodes("carbon")
    then = MigrationExecutor(connection).migrate([("carbon", "0002_aws_regions_and_their_zones")]).apps
    MIGRATION.add_missing(then, None)

    MigrationExecutor(connection).migrate([("carbon", "0001_initial")])
    there = CloudRegion.objects.count()
    MigrationExecutor(connection).migrate(latest)

    assert (there, CloudRegion.objects.count()) == (0, 39)
