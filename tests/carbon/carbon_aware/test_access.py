from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

OPERATIONS = [
    ("get", "/emissions/bylocation?location=eu-central-1"),
    ("get", "/emissions/bylocations?location=eu-central-1"),
    ("get", "/emissions/bylocations/best?location=eu-central-1"),
    ("get", "/emissions/forecasts/current?location=eu-central-1"),
    ("get", "/emissions/average-carbon-intensity?location=eu-central-1"),
    ("get", "/locations"),
    ("get", "/metrics"),
    ("post", "/emissions/forecasts/batch"),
    ("post", "/emissions/average-carbon-intensity/batch"),
]


def ask(client, method, address):
    if method == "post":
        return client.post(address, "[]", content_type="application/json")
    return getattr(client, method)(address)


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_strangers_are_asked_to_sign_in_in_the_sdks_shape(client, method, address):
    response = ask(client, method, address)

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert set(response.json()) == {"type", "title", "status", "detail", "errors", "traceId"}


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_a_private_network_may_be_let_in(client, settings, method, address):
    settings.CARBON_AWARE_ANONYMOUS = True

    assert ask(client, method, address).status_code in {200, 204, 400}


def test_an_open_server_is_warned_about_before_it_is_deployed(settings):
    said = {}
    for is_open in (False, True):
        settings.CARBON_AWARE_ANONYMOUS = is_open
        out = StringIO()
        call_command("check", "--deploy", stdout=out, stderr=out)
        said[is_open] = "carbon.W001" in out.getvalue()

    assert said == {False: False, True: True}


def test_what_a_teams_key_fetched_answers_that_team_only(alice_client, charlie, team, observe, settings):
    settings.CARBON_AWARE_ANONYMOUS = True
    observe("DE", NOW, [123], licensee=team)
    stranger, nobody = Client(), Client()
    stranger.force_login(charlie)
    address = "/emissions/bylocation?location=eu-central-1"

    assert alice_client.get(address).json()[0]["rating"] == 123
    for other in (stranger, nobody):
        assert other.get(address).status_code == 204
        assert b"eu-central-1" not in other.get("/metrics").content
    assert b'carbon_aware_intensity{location="eu-central-1"} 123.0' in alice_client.get("/metrics").content


@pytest.mark.parametrize(
    "address",
    [
        "/Locations",
        "/locations/",
        "/emissions/locations",
        "/carbon-aware/locations",
        "/Carbon-Aware/Emissions/Locations/",
        "/carbon-aware/emissions/byLocation/?location=eu-central-1",
        "/EMISSIONS/BYLOCATIONS/BEST?location=eu-central-1",
    ],
)
def test_addresses_answer_in_any_case_with_and_without_slash_and_prefix(alice_client, address):
    assert alice_client.get(address).status_code in {200, 204}


@pytest.mark.parametrize("address", ["/health", "/Health/", "/carbon-aware/health"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_health_answers_everybody(client, address, method, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = getattr(client, method)(address)

    assert (response.status_code, response["Content-Type"]) == (200, "text/plain")
    assert method == "head" or response.content == b"Healthy"


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("post", "/emissions/bylocation"),
        ("put", "/locations"),
        ("delete", "/metrics"),
        ("get", "/emissions/forecasts/batch"),
        ("options", "/emissions/average-carbon-intensity"),
        ("post", "/health"),
    ],
)
def test_a_wrong_verb_is_refused_with_nothing_to_read(client, method, address):
    response = getattr(client, method)(address)

    assert (response.status_code, response.content) == (405, b"")
    assert response["Allow"]


@pytest.mark.parametrize(
    "address",
    ["/emissions", "/emissions/", "/emissions/nothing", "/carbon-aware/nothing", "/locations/x", "/metrics/x"],
)
def test_an_unknown_address_has_nothing_to_read(client, address):
    for method in ("get", "post"):
        response = getattr(client, method)(address)
        assert (response.status_code, response.content) == (404, b"")


def test_the_newest_observed_intensity_of_each_location_is_there_for_prometheus(alice_client, observe):
    observe("DE", datetime(2026, 3, 18, 11, tzinfo=UTC), [300, 287.5])
    observe("SE-SE3", datetime(2026, 3, 16, tzinfo=UTC), [20])

    response = alice_client.get("/metrics")

    lines = response.content.decode().splitlines()
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'carbon_aware_intensity{location="eu-central-1"} 287.5' in lines
    # From 12:00 for an hour, asked at 12:30.
    assert (
        'carbon_aware_intensity_age_seconds{location="eu-central-1",signal="average",source="electricity_maps"} -1800.0'
        in lines
    )
    assert not [line for line in lines if "eu-north-1" in line]


def test_metrics_ask_no_more_for_more_locations(alice_client, observe, django_assert_max_num_queries):
    for zone in ("DE", "SE-SE3", "IE", "GB"):
        observe(zone, NOW, [300])

    with django_assert_max_num_queries(8):
        alice_client.get("/metrics")
