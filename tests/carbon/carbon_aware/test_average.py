from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("anonymous", "clock_at_now")]

MIDNIGHT = datetime(2026, 3, 18, tzinfo=UTC)
ADDRESS = "/emissions/average-carbon-intensity"


def ask(client, start, end, location="eu-central-1"):
    return client.get(ADDRESS, {"location": location, "startTime": start, "endTime": end})


def post(client, items):
    return client.post(f"{ADDRESS}/batch", json.dumps(items), content_type="application/json")


@pytest.fixture
def five_minutes(observe):
    observe("DE", MIDNIGHT, [10, 20, 30, 40], minutes=5)


@pytest.mark.usefixtures("five_minutes")
def test_the_answer_has_the_sdks_shape_and_utc(client):
    response = ask(client, "2026-03-18T02:04:00+02:00", "2026-03-18T00:20Z")

    assert response.content.decode() == (
        '{"location":"eu-central-1","startTime":"2026-03-18T00:04:00+00:00",'
        '"endTime":"2026-03-18T00:20:00+00:00","carbonIntensity":28.75}'
    )
    assert response["Carbon-Source"] == "electricity_maps"


def test_eight_hour_points_are_averaged_too(client, observe):
    observe("DE", MIDNIGHT, [60, 20], minutes=480)

    assert ask(client, "2026-03-18T01:00Z", "2026-03-18T08:00Z").json()["carbonIntensity"] == 60
    # (4 × 60 + 4 × 20) / 8 = 40
    assert ask(client, "2026-03-18T04:00Z", "2026-03-18T12:00Z").json()["carbonIntensity"] == 40


def test_points_longer_than_a_day_are_found(client, observe):
    observe("DE", MIDNIGHT, [60], minutes=3 * 24 * 60)

    assert ask(client, "2026-03-20T01:00Z", "2026-03-20T02:00Z").json()["carbonIntensity"] == 60


@pytest.mark.usefixtures("five_minutes")
def test_a_period_that_is_not_covered_is_an_error_with_what_is_known(client):
    response = ask(client, "2026-03-18T00:00Z", "2026-03-18T00:25Z")

    problem = response.json()
    assert (response.status_code, problem["title"]) == (400, "ArgumentException")
    assert problem["detail"].startswith("Period out of range. Data points did not cover the requested average period:")
    # 20 of 25 minutes, mean of 10, 20, 30, 40
    assert problem["errors"]["startTime"] == [
        "80.0% of the period is known, with a mean of 25 gCO2eq/kWh.",
        "Nothing is known from 2026-03-18T00:20:00+00:00 to 2026-03-18T00:25:00+00:00.",
    ]


def test_a_gap_is_an_error_that_names_it(client, observe):
    observe("DE", MIDNIGHT, [10, None, 30])

    problem = ask(client, "2026-03-18T00:00Z", "2026-03-18T03:00Z").json()

    assert problem["title"] == "InvalidOperationException"
    assert problem["detail"].startswith("AverageOverPeriod requires continuous chronological data")
    assert (
        "Nothing is known from 2026-03-18T01:00:00+00:00 to 2026-03-18T02:00:00+00:00."
        in problem["errors"]["startTime"]
    )


def test_no_data_is_never_zero(client):
    response = ask(client, "2026-03-18T00:00Z", "2026-03-18T00:25Z")

    assert response.status_code == 400
    assert "No carbon intensity is known for eu-central-1" in response.json()["errors"]["startTime"][0]


@pytest.mark.usefixtures("five_minutes")
def test_a_batch_answers_in_its_order_for_any_locations(client, observe):
    observe("SE-SE3", MIDNIGHT, [7])

    response = post(
        client,
        [
            {"location": "eu-north-1", "startTime": "2026-03-18T00:00:00Z", "endTime": "2026-03-18T00:30:00"},
            {
                "Location": "EU-Central-1",
                "STARTTIME": "2026-03-18T00:00:00Z",
                "endTime": "2026-03-18T00:20:00Z",
                "x": 1,
            },
            {
                "latitude": 59.3,
                "longitude": "18.07",
                "startTime": "2026-03-18T00:00:00Z",
                "endTime": "2026-03-18T01:00:00Z",
            },
        ],
    )

    assert [item["carbonIntensity"] for item in response.json()] == [7, 25, 7]
    assert response.json()[0]["endTime"] == "2026-03-18T00:30:00+00:00"


def test_an_empty_batch_is_answered_by_an_empty_one(client):
    response = post(client, [])

    assert (response.status_code, response.content) == (200, b"[]")


@pytest.mark.usefixtures("five_minutes")
def test_a_period_shorter_than_a_microsecond_has_a_mean_too(client):
    response = ask(client, "2026-03-18T00:01:00.0000001Z", "2026-03-18T00:01:00.0000002Z")

    assert response.json()["carbonIntensity"] == 10


@pytest.mark.usefixtures("five_minutes")
def test_a_batch_stops_at_the_first_item_without_an_answer(client, django_assert_max_num_queries):
    day = {"location": "eu-central-1", "startTime": "2026-03-17T00:00:00Z", "endTime": "2026-03-17T00:20:00Z"}
    known = day | {"startTime": "2026-03-18T00:00:00Z", "endTime": "2026-03-18T00:20:00Z"}

    with django_assert_max_num_queries(5):
        response = post(client, [known, *[day] * 500])

    assert response.status_code == 400


@pytest.mark.usefixtures("five_minutes")
def test_the_first_item_without_an_answer_fails_the_batch_and_is_named(client):
    response = post(
        client,
        [
            {"location": "eu-central-1", "startTime": "2026-03-18T00:00:00Z", "endTime": "2026-03-18T00:20:00Z"},
            {"location": "eu-central-1", "startTime": "2026-03-17T00:00:00Z", "endTime": "2026-03-17T00:20:00Z"},
        ],
    )

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["$[1].startTime"]


def test_another_source_answers_for_a_time_of_which_the_first_knows_nothing(client, observe):
    observe("DE", MIDNIGHT, [10])
    observe("DE", MIDNIGHT.replace(day=10), [90], source="energy_charts")

    response = post(
        client,
        [
            {"location": "eu-central-1", "startTime": f"2026-03-{day}T00:00:00Z", "endTime": f"2026-03-{day}T01:00:00Z"}
            for day in (18, 10)
        ],
    )

    assert [item["carbonIntensity"] for item in response.json()] == [10, 90]
    assert response["Carbon-Source"] == "electricity_maps, energy_charts"


def test_queries_do_not_grow_with_the_batch(client, observe, django_assert_max_num_queries):
    observe("DE", MIDNIGHT, [float(hour) for hour in range(12)])
    items = [
        {
            "location": "eu-central-1",
            "startTime": f"2026-03-18T{h:02}:00:00Z",
            "endTime": f"2026-03-18T{h + 1:02}:00:00Z",
        }
        for h in range(12)
    ]

    with django_assert_max_num_queries(3):
        response = post(client, items)

    assert [item["carbonIntensity"] for item in response.json()] == list(range(12))
    assert NOW.isoformat() == response["Carbon-As-Of"]
