"""POST /sci-scores: ((E × I) + M) / R out of the ledger of the caller's team."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Door, TokenScope
from accounts.services.api_tokens import create_api_token
from accounts.services.audit import Actor
from costing.models import FunctionalUnit
from tests.conftest import NOW
from tests.factories import (
    CarbonReadingFactory,
    CostSnapshotFactory,
    InstanceFactory,
    MembershipFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

FRANKFURT = {"locationType": "CloudProvider", "providerName": "AWS", "regionName": "eu-central-1"}
DAY = "2026-03-10T00:00:00Z/2026-03-11T00:00:00Z"
VALUES = ("sciScore", "energyValue", "marginalCarbonIntensityValue", "embodiedEmissionsValue", "functionalUnitValue")


@pytest.fixture
def readings():
    """Of Germany on 10 March: 300 g/kWh until noon, 500 g/kWh after it."""
    for hour in range(24):
        CarbonReadingFactory.create(
            zone__key="DE", starts_at=datetime(2026, 3, 10, hour, tzinfo=UTC), gco2e_per_kwh=300 if hour < 12 else 500
        )


@pytest.fixture
def snapshot(team):
    return CostSnapshotFactory.create(instance=InstanceFactory.create(aws_account__team=team), day=date(2026, 3, 10))


def ask(client, body, path="/sci-scores", **more):
    return client.post(path, body, content_type="application/json", **more)


def body(location=FRANKFURT, interval=DAY, **more):
    return {"location": location, "timeInterval": interval} | more


@pytest.mark.usefixtures("readings", "snapshot")
def test_a_score_comes_from_the_teams_ledger(alice_client):
    answer = ask(alice_client, body())

    # 0.24 kWh × 400 g/kWh + 11 g = 107 g for 1 functional unit
    assert [answer.json()[name] for name in VALUES] == pytest.approx([107.0, 0.24, 400.0, 11.0, 1])
    assert (answer["Carbon-Signal"], answer["Carbon-Grade"]) == ("average", "B")


@pytest.mark.usefixtures("readings", "snapshot")
def test_an_interval_may_be_a_start_and_a_length(alice_client):
    answers = [
        ask(alice_client, body(interval=interval)).json()
        for interval in (
            "2026-03-10T10:30:00Z/PT2H",
            "PT2H/2026-03-10T12:30Z",
            "2026-03-10T11:30+01:00/2026-03-10 12:30",
        )
    ]

    # 90 minutes at 300, 30 at 500: 350 g/kWh; 2 h at 10 Wh; 2/24 of the day's 11 g embodied
    assert [answer["marginalCarbonIntensityValue"] for answer in answers] == [350, 350, 350]
    assert [answer["energyValue"] for answer in answers] == pytest.approx([0.02] * 3)
    assert [answer["embodiedEmissionsValue"] for answer in answers] == pytest.approx([11 / 12] * 3)


@pytest.mark.usefixtures("readings", "snapshot")
def test_functional_units_are_the_teams_own(alice_client, team):
    FunctionalUnit.objects.create(team=team, name="API request", count=500, per="day")

    answer = ask(alice_client, body(interval="2026-03-10T00:00Z/PT12H")).json()

    # half a day: 250 requests; 0.12 kWh × 300 g/kWh + 5.5 g = 41.5 g
    assert answer["functionalUnitValue"] == 250
    assert answer["sciScore"] == pytest.approx(41.5 / 250)


@pytest.mark.usefixtures("readings")
def test_what_the_body_gives_goes_before_the_ledger(alice_client):
    answer = ask(alice_client, body(energy=1.0, embodiedEmissions=50, functionalUnit=10)).json()

    # (1 kWh × 400 g/kWh + 50 g) / 10
    assert [answer[name] for name in VALUES] == [45, 1, 400, 50, 10]


@pytest.mark.usefixtures("readings", "snapshot")
def test_the_intensity_alone_leaves_the_rest_null(alice_client):
    answer = ask(alice_client, body(), "/sci-scores/marginal-carbon-intensity").json()

    assert answer == dict.fromkeys(VALUES) | {"marginalCarbonIntensityValue": 400}


@pytest.mark.usefixtures("readings", "snapshot")
@pytest.mark.parametrize(
    "location",
    [
        FRANKFURT | {"locationType": "cloudprovider", "providerName": "aws"},
        {"locationType": "CloudProvider", "cloudProvider": "AWS", "regionName": "EU-Central-1"},
        {"locationType": "CloudProvider", "regionName": "eu-central-1"},
        {"locationType": "Geoposition", "latitude": 50.11, "longitude": 8.68},
        {"locationType": "Geoposition", "latitude": "50.11", "longitude": "8.68"},
    ],
)
def test_a_location_is_understood_in_every_way_it_is_written(alice_client, location):
    assert ask(alice_client, body(location)).json()["sciScore"] == pytest.approx(107.0)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, {"location", "timeInterval"}),
        ({"location": {}, "timeInterval": DAY}, {"location.locationType"}),
        (body(location={"locationType": "Cloud"}), {"location.locationType"}),
        (body(location={"locationType": "CloudProvider"}), {"location.regionName"}),
        (body(location={"locationType": "Geoposition", "latitude": 91, "longitude": 0}), {"location.latitude"}),
        (body(location=FRANKFURT | {"providerName": "Azure"}), {"location.providerName"}),
        (body(location=FRANKFURT | {"regionName": "uswest"}), {"location", "SingleLocation"}),
        (body(interval="2026-03-10"), {"timeInterval"}),
        (body(interval="2026-03-11T00:00Z/2026-03-10T00:00Z"), {"timeInterval"}),
        (body(interval="2026-03-10T00:00Z/2026-03-10T00:00Z"), {"timeInterval"}),
        (body(interval="2026-03-10T00:00Z/P1M"), {"timeInterval"}),
        (body(interval="9999-12-31T00:00Z/P9D"), {"timeInterval"}),
        (body(interval="2020-03-10T00:00Z/PT1H"), {"timeInterval"}),
        (body(energy=-1), {"energy"}),
        (body(energy="much"), {"energy"}),
        (body(functionalUnit=0), {"functionalUnit"}),
        (body(embodiedEmissions=True), {"embodiedEmissions"}),
    ],
)
@pytest.mark.usefixtures("readings", "snapshot")
def test_a_body_that_cannot_be_used_is_told_what_is_wrong_with_it(alice_client, wrong, named):
    answer = ask(alice_client, wrong)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == named


@pytest.mark.usefixtures("readings")
def test_what_the_ledger_does_not_hold_is_asked_for_and_never_a_constant(alice_client):
    answer = ask(alice_client, body())

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["energy"]


@pytest.mark.usefixtures("readings")
def test_days_without_a_known_energy_are_named_beside_the_score(alice_client, team, snapshot):
    assert snapshot.energy_kwh
    CostSnapshotFactory.create(
        instance=InstanceFactory.create(aws_account__team=team), day=date(2026, 3, 10), energy_kwh=None,
        carbon_grade="D",
    )  # fmt: skip

    answer = ask(alice_client, body())

    assert answer.json()["energyValue"] == pytest.approx(0.24)
    assert "1 of 2 instance-days" in answer["Warning"]
    assert answer["Carbon-Grade"] == "D"


@pytest.mark.usefixtures("readings", "snapshot")
def test_charlies_score_holds_nothing_of_alices_team(client, charlie, team):
    client.force_login(charlie)

    assert ask(client, body()).status_code == 400
    assert ask(client, body(), f"/sci-scores?team={team.slug}").status_code == 400


@pytest.mark.usefixtures("readings", "snapshot")
def test_whoever_has_several_teams_names_one_or_sends_its_token(alice, alice_client, client, team):
    MembershipFactory.create(user=alice, team__slug="second")
    token = create_api_token(
        user=alice, team=team, name="scheduler", scope=TokenScope.READ, expires_at=NOW + timedelta(days=1),
        actor=Actor(Door.COMMAND, "a test"), now=NOW,
    ).text  # fmt: skip

    unclear = ask(alice_client, body())
    named = ask(alice_client, body(), f"/carbon-aware/SCI-scores/?team={team.slug}")
    client.logout()
    by_token = ask(client, body(), headers={"authorization": f"Bearer {token}"})

    assert (unclear.status_code, list(unclear.json()["errors"])) == (400, ["team"])
    assert named.json() == by_token.json()


@pytest.mark.usefixtures("readings")
def test_a_private_network_may_ask_without_a_name_for_what_belongs_to_nobody(client, settings):
    closed = ask(client, body(), "/sci-scores/marginal-carbon-intensity")
    settings.CARBON_AWARE_ANONYMOUS = True
    intensity = ask(client, body(), "/sci-scores/marginal-carbon-intensity")
    ledger = ask(client, body())
    own = ask(client, body(energy=2, embodiedEmissions=0))

    assert [answer.status_code for answer in (closed, intensity, ledger, own)] == [401, 200, 401, 200]
    assert own.json()["sciScore"] == 800


@given(
    wrong=st.recursive(
        st.none()
        | st.booleans()
        | st.floats()
        | st.integers()
        | st.text(max_size=40)
        | st.just(DAY)
        | st.just("PT1H/"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["location", "timeInterval", "locationType", "regionName", "latitude", "longitude", "energy"]
                ),
                inner | st.just("CloudProvider") | st.just("Geoposition"),
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_no_body_breaks_it(alice_client, wrong):
    assert ask(alice_client, {"location": wrong, "timeInterval": wrong, "energy": wrong}).status_code == 400
    assert ask(alice_client, wrong if wrong is not None else []).status_code == 400
