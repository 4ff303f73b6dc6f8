from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from carbon.estimators.series import microseconds
from carbon.models import CarbonForecast
from tests.conftest import NOW
from tests.factories import CarbonForecastFactory, ZoneFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("anonymous", "clock_at_now")]

ONE = datetime(2026, 3, 18, 13, tzinfo=UTC)
MINUTE = 60_000_000
CURRENT = "/emissions/forecasts/current"


def issue(values, *, zone="DE", start=ONE, minutes=5, generated_at=NOW, **columns):
    first, step = microseconds(start), minutes * MINUTE
    return CarbonForecastFactory.create(
        zone=ZoneFactory.create(key=zone),
        generated_at=generated_at,
        points=[(first + row * step, step, value) for row, value in enumerate(values) if value is not None],
        **columns,
    )


def ask(client, **query):
    return client.get(CURRENT, {"location": "eu-central-1", "optimalDataPoint": "true", **query})


def post(client, items):
    return client.post(
        "/emissions/forecasts/batch?optimalDataPoint=1", json.dumps(items), content_type="application/json"
    )


def values(forecast):
    return [point["value"] for point in forecast["forecastData"]]


@pytest.fixture
def four():
    """13:00, 13:05, 13:10 and 13:15."""
    return issue([10.0, 20.0, 30.0, 10.0])


@pytest.mark.usefixtures("four")
def test_a_forecast_has_the_sdks_shape_and_both_kinds_of_best(client):
    response = ask(client, dataStartAt="2026-03-18T15:00:00+02:00", dataEndAt="2026-03-18T13:20:00Z", windowSize="10")

    point = '{"location":"eu-central-1","timestamp":"2026-03-18T13:%s:00+00:00","duration":10,"value":%d}'
    assert response.content.decode() == (
        '[{"generatedAt":"2026-03-18T12:30:00+00:00","requestedAt":"2026-03-18T12:30:00+00:00",'
        '"location":"eu-central-1","dataStartAt":"2026-03-18T15:00:00+02:00","dataEndAt":"2026-03-18T13:20:00+00:00",'
        f'"windowSize":10,"optimalDataPoint":{point % ("00", 15)},"optimalDataPoints":[{point % ("00", 15)}],'
        f'"forecastData":[{point % ("00", 15)},{point % ("05", 25)},{point % ("10", 20)}]}}]'
    )
    assert (response["Carbon-Source"], response["Carbon-Signal"]) == ("electricity_maps", "average")


@pytest.mark.usefixtures("four")
def test_without_a_window_the_points_themselves_are_told_with_all_the_best(client):
    [forecast] = ask(client).json()

    assert values(forecast) == [10, 20, 30, 10]
    assert forecast["windowSize"] == 5
    assert (forecast["dataStartAt"], forecast["dataEndAt"]) == (
        "2026-03-18T13:00:00+00:00",
        "2026-03-18T13:20:00+00:00",
    )
    assert [point["timestamp"][14:16] for point in forecast["optimalDataPoints"]] == ["00", "15"]
    assert forecast["optimalDataPoint"] == forecast["optimalDataPoints"][0]


@pytest.mark.usefixtures("four")
def test_the_best_point_by_itself_is_told_only_to_who_asks_for_it_or_speaks_as_the_guide_does(client):
    plain = client.get(f"{CURRENT}?location=eu-central-1").json()
    as_in_the_guide = client.get(f"{CURRENT}?locations=eu-central-1").json()

    assert "optimalDataPoint" not in plain[0]
    assert as_in_the_guide[0]["optimalDataPoint"]["value"] == 10


@pytest.mark.usefixtures("four")
def test_a_point_that_begins_with_the_bound_is_told_but_no_window_passes_it(client):
    [points] = ask(client, dataEndAt="2026-03-18T13:15Z").json()
    [windows] = ask(client, dataEndAt="2026-03-18T13:15Z", windowSize=5).json()

    assert values(points) == [10, 20, 30, 10]
    assert values(windows) == [10, 20, 30]


@pytest.mark.usefixtures("four")
def test_windows_begin_where_they_may(client):
    [forecast] = ask(client, dataStartAt="2026-03-18T13:02Z", windowSize=5).json()

    # 3 minutes of 10 and 2 of 20 are 14; 3 of 30 and 2 of 10 are 22
    assert [(point["timestamp"][11:16], point["value"]) for point in forecast["forecastData"]] == [
        ("13:02", 14),
        ("13:07", 24),
        ("13:12", 22),
    ]


def test_each_location_has_its_forecast_in_the_order_asked(client):
    issue([300.0])
    issue([20.0], zone="SE-SE3")

    response = client.get(f"{CURRENT}?location=eu-north-1&location=eu-central-1&location=eu-north-1")

    assert [(forecast["location"], values(forecast)) for forecast in response.json()] == [
        ("eu-north-1", [20]),
        ("eu-central-1", [300]),
        ("eu-north-1", [20]),
    ]


@pytest.mark.usefixtures("four")
def test_bounds_outside_the_forecast_are_all_told(client):
    response = ask(client, dataStartAt="2026-03-18T12:59Z", dataEndAt="2026-03-18T13:21Z")

    problem = response.json()
    assert (response.status_code, problem["title"], problem["detail"]) == (
        400,
        "ArgumentException",
        "Invalid EmissionsForecast",
    )
    span = "'2026-03-18T13:00:00+00:00' through '2026-03-18T13:20:00+00:00'"
    assert problem["errors"] == {
        "dataStartAt": [f"dataStartAt must be within time range of the forecasted data, {span}"],
        "dataEndAt": [f"dataEndAt must be within time range of the forecasted data, {span}"],
    }


@pytest.mark.usefixtures("four")
def test_a_start_at_the_end_of_the_forecast_is_not_before_it(client):
    problem = ask(client, dataStartAt="2026-03-18T13:20Z").json()

    assert problem["errors"] == {"dataStartAt": ["dataStartAt must be earlier than dataEndAt"]}


@pytest.mark.usefixtures("four")
def test_a_window_longer_than_the_forecast_is_an_error_unless_both_bounds_are_given(client):
    without = ask(client, windowSize=30)
    within = ask(client, windowSize=30, dataStartAt="2026-03-18T13:00Z", dataEndAt="2026-03-18T13:20Z")

    assert (without.status_code, without.json()["detail"]) == (400, "Sequence contains no elements")
    [forecast] = within.json()
    assert (forecast["forecastData"], forecast["optimalDataPoints"], forecast["optimalDataPoint"]) == ([], [], None)


@pytest.mark.usefixtures("four")
def test_a_negative_window_is_an_error(client):
    response = ask(client, windowSize=-5)

    assert (response.status_code, response.json()["title"]) == (400, "InvalidOperationException")


def test_windows_over_gaps_are_left_out_and_counted(client):
    issue([10.0, None, 30.0, 40.0])

    response = ask(client, windowSize=10)

    assert values(response.json()[0]) == [35]
    assert "2 windows of eu-central-1 lie over gaps" in response["Warning"]


def test_a_forecast_whose_points_change_is_told_anew(client):
    forecast = issue([10.0, 20.0])
    before = ask(client, windowSize=5).json()
    first, step = microseconds(ONE), 5 * MINUTE

    CarbonForecast.objects.filter(pk=forecast.pk).update(points=[(first, step, 30.0), (first + step, step, 20.0)])

    assert (values(before[0]), values(ask(client, windowSize=5).json()[0])) == ([10, 20], [30, 20])


def test_no_forecast_is_an_error_that_says_so(client):
    response = ask(client)

    problem = response.json()
    assert (response.status_code, problem["detail"]) == (400, "ForecastDataSource is not configured")
    assert "eu-central-1" in problem["errors"]["location"][0]


def test_a_batch_tells_what_was_in_force_then(client):
    for hour, value in ((0, 100.0), (1, 200.0)):
        at = ONE + timedelta(hours=hour)
        issue([value] * 36, generated_at=at, start=at, retrieved_at=at, is_latest=hour == 1)

    response = post(
        client,
        [
            {"requestedAt": "2026-03-18T15:59:59+02:00", "location": "eu-central-1", "windowSize": "30"},
            {"requestedAt": "2026-03-18T14:00:00", "location": "EU-CENTRAL-1", "dataStartAt": "2026-03-18T14:30:00Z"},
        ],
    )

    first, second = response.json()
    assert (first["requestedAt"], first["generatedAt"]) == ("2026-03-18T15:59:59+02:00", "2026-03-18T13:00:00+00:00")
    assert (first["windowSize"], first["optimalDataPoint"]["value"]) == (30, 100)
    assert (second["requestedAt"], second["generatedAt"]) == ("2026-03-18T14:00:00+00:00", "2026-03-18T14:00:00+00:00")
    assert second["forecastData"][0] == {
        "location": "EU-CENTRAL-1",
        "timestamp": "2026-03-18T14:30:00+00:00",
        "duration": 5,
        "value": 200,
    }


@pytest.mark.usefixtures("four")
def test_a_time_before_all_issues_is_an_error(client):
    response = post(client, [{"requestedAt": "2026-03-18T12:29:59Z", "location": "eu-central-1"}])

    assert response.status_code == 400
    assert response.json()["detail"].startswith("No forecast was generated at the requested time")


@pytest.mark.usefixtures("four")
def test_bounds_of_a_batch_are_told_with_their_place(client):
    response = post(
        client,
        [
            {"requestedAt": "2026-03-18T12:30:00Z", "location": "eu-central-1"},
            {"requestedAt": "2026-03-18T12:30:00Z", "location": "eu-central-1", "dataEndAt": "2027-01-01"},
        ],
    )

    assert set(response.json()["errors"]) == {"dataEndAt", "$[1].dataEndAt"}


def test_queries_do_not_grow_with_locations(client, django_assert_max_num_queries):
    zones = {"eu-central-1": "DE", "eu-north-1": "SE-SE3", "eu-west-1": "IE", "eu-west-2": "GB"}
    for zone in zones.values():
        issue([100.0] * 100, zone=zone)

    with django_assert_max_num_queries(3):
        client.get(f"{CURRENT}?{'&'.join(f'location={name}' for name in zones)}&windowSize=60")
    with django_assert_max_num_queries(6):
        post(client, [{"requestedAt": "2026-03-18T12:40:00Z", "location": name} for name in zones])
