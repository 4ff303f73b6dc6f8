from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from carbon.models import Location, ZoneKind
from tests.conftest import NOW
from tests.factories import ZoneFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("anonymous", "clock_at_now")]

EIGHT = datetime(2026, 3, 18, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def points(response):
    return [(point["location"], point["time"][11:16], point["rating"]) for point in response.json()]


@pytest.fixture
def germany(observe):
    """08:00 to 13:00, so that NOW, 12:30, is covered."""
    observe("DE", EIGHT, [100, 200.5, 300, 400, 500])


@pytest.mark.usefixtures("germany")
def test_points_come_in_the_sdks_shape(client):
    response = client.get("/emissions/bylocation?location=eu-central-1&time=2026-03-18T09:00Z")

    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response.content.decode() == (
        '[{"location":"eu-central-1","time":"2026-03-18T09:00:00+00:00","rating":200.5,"duration":"01:00:00"}]'
    )


@pytest.mark.usefixtures("germany")
def test_an_answer_says_its_source_signal_and_age(client):
    response = client.get("/emissions/bylocation?location=eu-central-1")

    assert response["Carbon-Source"] == "electricity_maps"
    assert response["Carbon-Signal"] == "average"
    assert response["Carbon-As-Of"] == "2026-03-18T12:30:00+00:00"
    assert response["Age"] == "0"


@pytest.mark.usefixtures("germany")
@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ("", ["12:00"]),
        ("&time=2026-03-18T10:20Z", ["10:00"]),
        ("&time=2026-03-18T09:00Z&toTime=2026-03-18T11:00Z", ["09:00", "10:00", "11:00"]),
        ("&time=2026-03-18T09:00:00.0000001Z&toTime=2026-03-18T10:59:59.9999999Z", ["09:00", "10:00"]),
        ("&time=2026-03-18T07:00Z&toTime=2026-03-18T08:00Z", ["08:00"]),
        ("&startTime=2026-03-18T09:10Z&endTime=2026-03-18T09:20Z", ["09:00"]),
        ("&time=&toTime=", ["12:00"]),
        ("&TIME=2026-03-18T10:20Z", ["10:00"]),
        ("&time=2026-03-18T11:20 01:00", ["10:00"]),
        ("&time=0001-01-01&toTime=9999-12-31", ["08:00", "09:00", "10:00", "11:00", "12:00"]),
    ],
)
def test_a_point_answers_when_it_ends_after_the_start_and_begins_at_the_end_or_before(client, query, hours):
    response = client.get(f"/emissions/bylocation?location=eu-central-1{query}")

    assert [point["time"][11:16] for point in response.json()] == hours


def test_points_of_several_locations_come_in_the_order_asked(client, observe):
    observe("DE", EIGHT, [100, 200])
    observe("SE-SE3", EIGHT, [20, 30])

    response = client.get(
        "/emissions/bylocations?location=eu-north-1&location=EU-Central-1&locations=eu-north-1&location="
        "&time=2026-03-18T08:00Z&toTime=2026-03-18T09:00Z"
    )

    assert points(response) == [
        ("eu-north-1", "08:00", 20),
        ("eu-north-1", "09:00", 30),
        ("EU-Central-1", "08:00", 100),
        ("EU-Central-1", "09:00", 200),
    ]


def test_the_older_spelling_of_the_parameter_is_understood(client, observe):
    observe("DE", EIGHT, [100])
    observe("SE-SE3", EIGHT, [20])

    response = client.get("/emissions/bylocations?locations=eu-central-1&locations=eu-north-1&time=2026-03-18T08:00Z")

    assert [point["rating"] for point in response.json()] == [100, 20]


def test_the_best_are_all_points_with_the_lowest_rating(client, observe):
    observe("DE", EIGHT, [70, 20, 90])
    observe("SE-SE3", EIGHT, [20, 30, 20])

    response = client.get(
        "/emissions/bylocations/best?location=eu-central-1&location=eu-north-1"
        "&time=2026-03-18T08:00Z&toTime=2026-03-18T10:30Z"
    )

    assert points(response) == [
        ("eu-central-1", "09:00", 20),
        ("eu-north-1", "08:00", 20),
        ("eu-north-1", "10:00", 20),
    ]


def test_a_point_that_only_touches_the_end_is_not_the_best(client, observe):
    observe("DE", EIGHT, [70, 60, 5])

    response = client.get(
        "/emissions/bylocations/best?location=eu-central-1&time=2026-03-18T08:00Z&toTime=2026-03-18T10:00Z"
    )

    assert points(response) == [("eu-central-1", "09:00", 60)]


def test_average_and_marginal_are_never_ranked_together(client, observe):
    observe("DE", EIGHT, [70])
    observe("SE-SE3", EIGHT, [20], source="watttime", signal="marginal")
    Location.objects.filter(key="eu-north-1").update(signal="marginal")

    best = client.get("/emissions/bylocations/best?location=eu-central-1&location=eu-north-1&time=2026-03-18T08:00Z")
    both = client.get("/emissions/bylocations?location=eu-central-1&location=eu-north-1&time=2026-03-18T08:00Z")

    assert best.status_code == 400
    assert "average: eu-central-1; marginal: eu-north-1" in best.json()["detail"]
    assert (both["Carbon-Signal"], both["Carbon-Source"]) == ("average, marginal", "electricity_maps, watttime")


def test_a_ranking_across_sources_says_so(client, observe):
    observe("DE", EIGHT, [70])
    observe("GB", EIGHT, [60], source="neso")

    response = client.get("/emissions/bylocations/best?location=eu-central-1&location=eu-west-2&time=2026-03-18T08:00Z")

    assert points(response) == [("eu-west-2", "08:00", 60)]
    assert "may count differently: electricity_maps, neso" in response["Warning"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("location=eu-central-1", "No carbon intensity is known for eu-central-1 at that time."),
        ("location=eu-central-1&time=2099-01-01", "Nothing is observed yet at eu-central-1"),
    ],
)
def test_nothing_known_is_no_content_and_the_reason(client, query, reason):
    response = client.get(f"/emissions/bylocations/best?{query}")

    assert (response.status_code, response.content) == (204, b"")
    assert reason in response["Warning"]
    assert "Content-Type" not in response.headers


def test_a_mistyped_parameter_is_named(client):
    right = client.get("/emissions/bylocation?location=eu-central-1&startTme=2022-01-01")
    wrong = client.get("/emissions/bylocation?locaton=eu-central-1")

    assert "'startTme' is not known here and was ignored. Did you mean 'startTime'?" in right["Warning"]
    assert wrong.status_code == 400
    assert "Did you mean 'location'?" in wrong["Warning"]


def test_a_warning_cannot_break_out_of_its_header(client):
    response = client.get('/emissions/bylocation?location=eu-central-1&a"%0d%0aSet-Cookie: x=ü=1')

    assert "Set-Cookie" not in response.headers
    assert response["Warning"].count('"') == 4


@pytest.mark.usefixtures("germany")
def test_a_point_on_the_map_is_the_known_location_nearest_to_it(client):
    near = client.get("/emissions/bylocation?latitude=50.2&longitude=8.7")
    far = client.get("/emissions/bylocation?lat=0&lon=0")
    half = client.get("/emissions/bylocation?latitude=50.2")

    assert near.json()[0]["location"] in {"eu-central-1", "europe-west3"}
    assert far.status_code == half.status_code == 400
    assert "within 100 km of 0, 0" in far.json()["detail"]
    assert half.json()["errors"]["longitude"] == ["The longitude field is required beside latitude."]


@pytest.mark.usefixtures("germany")
def test_data_imported_under_a_name_answer_before_the_grid_of_that_place(client, observe):
    ZoneFactory.create(key="eu-central-1", kind=ZoneKind.FILE)
    observe("eu-central-1", EIGHT, [7], source="file")

    from_file = client.get("/emissions/bylocation?location=eu-central-1&time=2026-03-18T08:00Z")
    from_grid = client.get("/emissions/bylocation?location=eu-central-1&time=2026-03-18T09:00Z")

    assert (from_file.json()[0]["rating"], from_file["Carbon-Source"]) == (7, "file")
    assert (from_grid.json()[0]["rating"], from_grid["Carbon-Source"]) == (200.5, "electricity_maps")


def test_a_zones_own_key_is_a_location_too(client, observe):
    observe("US-NW-BPAT", NOW, [99])

    assert client.get("/emissions/bylocation?location=us-nw-bpat").json()[0]["rating"] == 99


def test_queries_do_not_grow_with_locations_and_points(client, observe, django_assert_max_num_queries):
    names = ["eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "us-east-1", "us-west-1"]
    for zone in ("DE", "SE-SE3", "IE", "GB", "US-MIDA-PJM", "US-CAL-CISO"):
        observe(zone, EIGHT - 48 * HOUR, [100.0] * 48)
    asked = "&".join(f"location={name}" for name in names)

    with django_assert_max_num_queries(3):
        response = client.get(f"/emissions/bylocations?{asked}&time=2026-03-10&toTime=2026-03-19")

    assert len(response.json()) == 6 * 48
