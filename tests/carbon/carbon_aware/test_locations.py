from __future__ import annotations

import gzip
import json
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
import responses
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command

from carbon.clients.electricity_maps import ElectricityMaps
from carbon.files.locations import read_location_file
from carbon.files.problems import FileProblem
from carbon.models import CloudRegion, Location, Zone
from carbon.reference.azure_regions import AZURE_REGIONS
from carbon.reference.gcp_regions import GCP_REGIONS
from carbon.reference.more_zones import MORE_GRID_ZONES
from carbon.reference.zones import GRID_ZONES
from carbon.selectors.locations import asked_locations, known_locations, nearest_location
from carbon.services.locations import import_locations
from finops.core.upstream.errors import UpstreamUnavailable
from finops.core.upstream.patience import Patience

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"
AZURE = SHARED / "carbon_aware" / "location-sources" / "azure-regions.json"
ZONES = SHARED / "carbon_aware" / "location-sources" / "custom-azure-zones.json"
MIGRATION = import_module("carbon.migrations.0006_locations_of_aws_azure_and_google")

pytestmark = pytest.mark.django_db


def a_file(folder, name, content):
    path = folder / name
    path.write_text(json.dumps(content) if not isinstance(content, str) else content, encoding="utf-8")
    return path


def load(*arguments):
    out, err = StringIO(), StringIO()
    call_command("import_locations", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue() + err.getvalue()


def imported():
    return {row.key: row.name for row in Location.objects.filter(is_shipped=False).order_by("pk")}


def zone_of(name):
    [location] = asked_locations([name])
    return None if location is None else [place.zone for place in location.places]


# What is shipped --------------------------------------------------------------------------------------------------


def test_the_regions_of_three_clouds_are_there_each_with_a_place_and_a_zone():
    counts = {
        provider: Location.objects.filter(provider=provider, is_shipped=True).count()
        for provider in ("aws", "azure", "gcp")
    }

    assert counts == {"aws": 39, "azure": len(AZURE_REGIONS), "gcp": len(GCP_REGIONS)}
    assert all(location.latitude is not None for location in known_locations())
    assert all(location.places for location in asked_locations([known.key for known in known_locations()]))


def test_every_name_of_the_sdks_own_file_is_known_but_the_one_that_stands_nowhere():
    unknown = [name for name in json.loads(AZURE.read_text()) if asked_locations([name]) == [None]]

    assert unknown == ["brazilus"]


def near(point, rings):
    """Whether a point lies in a zone, or within some 50 km of a corner of its border."""
    x, y = point
    for ring in rings:
        inside = False
        for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
        if inside or any(abs(x - a) < 0.5 and abs(y - b) < 0.45 for a, b in ring):
            return True
    return False


def test_each_region_lies_in_its_zone():
    with gzip.open(SHARED / "grid" / "zone_polygons.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    rings = {}
    for feature in features:
        shape = feature["geometry"]
        polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        rings.setdefault(feature["properties"]["zone"], []).extend(polygon[0] for polygon in polygons)

    outside = [
        place.key
        for place in (*AZURE_REGIONS, *GCP_REGIONS)
        if not near((place.longitude, place.latitude), rings[place.zone])
    ]

    assert outside == []


def test_every_zone_that_a_region_names_is_shipped():
    zones = {zone.key for zone in (*GRID_ZONES, *MORE_GRID_ZONES)}

    assert {place.zone for place in (*AZURE_REGIONS, *GCP_REGIONS)} <= zones
    assert not {zone.key for zone in GRID_ZONES} & {zone.key for zone in MORE_GRID_ZONES}


def test_a_region_of_aws_draws_on_the_zone_that_the_ledger_uses():
    CloudRegion.objects.filter(region="us-west-2").update(zone="US-NW-BPAT")

    assert zone_of("us-west-2") == ["US-NW-BPAT"]


def test_what_an_admin_changed_is_not_shipped_anew():
    Location.objects.filter(key="eastus").update(signal="marginal")

    MIGRATION.add_missing(apps, None)
    MIGRATION.remove_unchanged(apps, None)

    assert list(Location.objects.values_list("key", "signal")) == [("eastus", "marginal")]
    assert Zone.objects.filter(key="NL").count() == 0


def test_the_nearest_location_to_a_point_has_its_distance():
    nearest = nearest_location(60.0, 18.0)

    assert (nearest.key, round(nearest.distance_km)) == ("eu-north-1", 75)


# Files ------------------------------------------------------------------------------------------------------------


def test_the_sdks_files_are_taken_over_with_collisions_renamed_in_their_order():
    said = load(AZURE, ZONES)

    assert "58 locations added" in said
    assert "eastus is taken: this one is eastus_1." in said
    assert {key: name for key, name in imported().items() if key.startswith("northeurope")} == {
        "northeurope": "northeurope",
        "northeurope_1": "NL",
    }
    assert (zone_of("NorthEurope"), zone_of("northeurope_1")) == (["IE"], ["NL"])


def test_names_stay_however_often_files_are_read(tmp_path):
    first = a_file(tmp_path, "a.json", {"x": {"Name": "DE"}})
    second = a_file(tmp_path, "b.json", {"x": {"Name": "FR"}})
    load(first, second)
    before = imported()

    said = load(second)
    load(second, first)

    assert before == {"x": "DE", "x_1": "FR"}
    assert imported() == before
    assert "0 locations added, 1 updated, 0 removed" in said


def test_a_real_name_is_never_given_to_another(tmp_path):
    first = a_file(tmp_path, "a.json", {"x": {"Name": "DE"}})
    second = a_file(tmp_path, "b.json", {"x": {"Name": "FR"}, "x_1": {"Name": "ES"}, "X": {"Name": "IE"}})

    load(first, second)

    assert imported() == {"x": "DE", "x_2": "FR", "x_1": "ES", "X_3": "IE"}


def test_prefix_and_delimiter_come_before_the_name_and_the_bare_name_is_unknown(tmp_path):
    path = a_file(tmp_path, "a.json", {"here": {"Name": "DE"}})
    load(path)

    load(path, "--prefix", "my", "--delimiter", "-")

    assert imported() == {"my-here": "DE"}
    assert (zone_of("MY-here"), zone_of("here")) == (["DE"], None)


def test_an_entry_that_its_file_has_no_more_goes_and_what_was_shipped_is_there_again(tmp_path):
    path = a_file(tmp_path, "a.json", {"eastus": {"Name": "FR"}, "x": {"Name": "DE"}})
    load(path)
    overridden = zone_of("eastus")

    said = load(a_file(tmp_path, "a.json", {"x": {"Name": "DE"}}))

    assert overridden == ["FR"]
    assert zone_of("eastus") == ["US-MIDA-PJM"]
    assert "1 removed" in said


def test_two_entries_may_exchange_what_they_are_called(tmp_path):
    load(a_file(tmp_path, "a.json", {"x": {"Name": "DE"}}), a_file(tmp_path, "b.json", {"y": {"Name": "FR"}}))
    Location.objects.filter(key="x").update(wanted_key="old")
    Location.objects.filter(key="y").update(key="p-x", folded_key="p-x", wanted_key="old")

    load(tmp_path / "a.json", "--prefix", "p", "--delimiter", "-")

    assert imported() == {"p-x_1": "DE", "p-x": "FR"}


def test_settings_list_the_files_and_what_others_told_before_goes(tmp_path):
    load(a_file(tmp_path, "old.json", {"gone": {"Name": "DE"}}))
    folder = tmp_path / "location-sources" / "json"
    folder.mkdir(parents=True)
    a_file(folder, "mine.json", {"x": {"Name": "DE"}})
    a_file(folder, "more.json", {"x": {"Name": "FR"}})
    config = a_file(
        tmp_path,
        "appsettings.json",
        """{
          // as .NET allows
          "LocationDataSourcesConfiguration": {"LocationSourceFiles": [
            {"DataFileLocation": "mine.json", "Prefix": "az", "Delimiter": "//"},
            {"DataFileLocation": "more.json"},
            {"DataFileLocation": "missing.json"}, /* and this */
          ]},
        }""",
    )

    said = load("--config", config)

    assert imported() == {"az//x": "DE", "x": "FR"}
    assert "1 removed" in said
    assert "missing.json is not there and was left out." in said


def test_coordinates_find_the_zone_of_what_lies_near_or_none_that_is_told(tmp_path):
    path = a_file(
        tmp_path,
        "a.json",
        {
            "office": {"Latitude": "50.0", "Longitude": "8.5"},
            "raft": {"latitude": -40, "longitude": -120.5, "name": None},
        },
    )

    said = load(path)

    office = Location.objects.get(key="office")
    assert (office.zone_id, office.latitude) == ("DE", 50.0)
    assert "km away" in office.source
    assert "1 have no grid zone, so nothing is known there: raft." in said
    assert zone_of("raft") == []


def test_the_source_tells_the_zone_where_it_is_asked(tmp_path):
    file = read_location_file(a_file(tmp_path, "a.json", {"x": {"Latitude": "50.0", "Longitude": "8.5"}}))

    import_locations([file], zone_at=lambda latitude, longitude: "FR" if (latitude, longitude) == (50, 8.5) else None)

    assert zone_of("x") == ["FR"]


def test_a_source_that_does_not_answer_is_asked_once_and_the_nearest_location_stands_in(tmp_path):
    asked = []

    def no_answer(latitude, longitude):
        asked.append((latitude, longitude))
        raise UpstreamUnavailable("It is down.", upstream="electricity_maps")

    places = {"x": {"Latitude": "50.0", "Longitude": "8.5"}, "y": {"Latitude": "50.1", "Longitude": "8.5"}}

    outcome = import_locations([read_location_file(a_file(tmp_path, "a.json", places))], zone_at=no_answer)

    assert (len(asked), outcome.not_asked, zone_of("y")) == (1, "It is down.", ["DE"])


@responses.activate
@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"zone": "CH", "carbonIntensity": 50}, "CH"),
        (404, {"status": "error", "message": "No recent data"}, None),
        (401, {"error": "Request unauthorized for zoneKey=CH,requestType=latest,dataType=x"}, None),
    ],
)
def test_electricity_maps_names_the_zone_of_a_point(status, body, expected):
    call = responses.get("https://grid.example/v4/carbon-intensity/latest", json=body, status=status)
    source = ElectricityMaps(key="SECRET", base_url="https://grid.example", patience=Patience(tries=1))

    assert source.zone_at(47.3769, 8.5417) == expected
    assert call.calls[0].request.params == {"lat": "47.3769", "lon": "8.5417", "disableCallerLookup": "true"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "an object of locations"),
        ("{", "no JSON"),
        ({"x": {}}, "“x” has neither a Name nor Latitude and Longitude"),
        ({"x": {"Name": " "}}, "neither a Name"),
        ({"x": {"Latitude": "1"}}, "one of Latitude and Longitude"),
        ({"x": {"Latitude": "91", "Longitude": "0"}}, "the Latitude of “x” is “91”"),
        ({"x": {"Latitude": "1,5", "Longitude": "0"}}, "the Latitude of “x” is “1,5”"),
        ({"x": {"Latitude": "nan", "Longitude": "0"}}, "which is no place"),
        ({"x": 5}, "“x” is no object"),
        ({" ": {"Name": "DE"}}, "no name that a client could ask by"),
        ({"x" * 101: {"Name": "DE"}}, "longer than 100"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_entry(tmp_path, content, told):
    path = a_file(tmp_path, "a.json", content)

    with pytest.raises(FileProblem, match=r"^a\.json") as caught:
        read_location_file(path)

    assert told in str(caught.value)


@pytest.mark.parametrize(
    "arguments", [[], ["a.json", "--config", "b.json"], ["--config", "b.json", "--prefix", "x"], ["none.json"]]
)
def test_the_command_says_what_it_wants(arguments):
    with pytest.raises(CommandError):
        load(*arguments)


# The admin --------------------------------------------------------------------------------------------------------


def test_the_admin_makes_locations_that_are_found_in_any_case(admin_client):
    given = {"key": "Office", "zone": "DE", "signal": "", "latitude": "", "longitude": "", "name": "", "provider": ""}

    admin_client.post("/admin/carbon/location/add/", given)
    twice = admin_client.post("/admin/carbon/location/add/", given | {"key": "OFFICE"})

    assert zone_of("oFFice") == ["DE"]
    assert "Another location has this name." in twice.content.decode()
