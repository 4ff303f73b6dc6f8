import re
from datetime import timedelta

import pytest

from accounts.selectors.scope import scope_of
from carbon.charts import grid_lanes, zone_charts
from carbon.models import Signal, Zone
from carbon.selectors.grid import grid, zone_grid
from carbon.selectors.grid_silence import SilentBecause
from carbon.selectors.now import zones_now
from finops.core.periods import HOUR
from tests.conftest import NOW
from tests.factories import (
    AwsAccountFactory,
    CarbonReadingFactory,
    CloudRegionFactory,
    InstanceFactory,
    SourceStatusFactory,
    TeamFactory,
    ZoneFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

THIS_HOUR = NOW.replace(minute=0)


@pytest.fixture
def frankfurt(team):
    """An instance of Alice's team that draws on DE; no other region or zone."""
    Zone.objects.exclude(key="DE").filter(cloud_regions=None).delete()
    CloudRegionFactory.create()
    ZoneFactory.create()
    return InstanceFactory.create(aws_account=AwsAccountFactory.create(team=team), region="eu-central-1")


def read(hours_ago=0, gco2e_per_kwh=300.0, **values):
    starts_at = THIS_HOUR - timedelta(hours=hours_ago)
    return CarbonReadingFactory.create(starts_at=starts_at, gco2e_per_kwh=gco2e_per_kwh, **values)


def the_zone(user, **scope):
    [view] = grid(scope_of(user, **scope), now=NOW).zones
    return view


@pytest.mark.usefixtures("frankfurt")
def test_the_zones_are_those_in_use_and_all_known_ones_on_request(alice):
    used = grid(scope_of(alice), now=NOW)
    known = grid(scope_of(alice), now=NOW, all_zones=True)

    assert [view.zone.key for view in used.zones] == ["DE"]
    assert [view.zone.key for view in known.zones] == sorted(Zone.objects.values_list("key", flat=True))
    assert len(known.zones) > 1
    assert used.zones[0].instance_count == 1


@pytest.mark.usefixtures("frankfurt")
def test_a_zone_shows_its_latest_hour_its_class_and_who_said_so(alice):
    read(1, 290.0)
    read(0, 310.0, is_estimated=True, estimation_method="TIME_SLICER_AVERAGE")

    view = the_zone(alice)

    assert (view.current.gco2e_per_kwh, view.current.is_estimated) == (310.0, True)
    assert (view.intensity_class, view.freshness, view.main.label) == ("high", "fresh", "Electricity Maps")
    assert (view.main.low_gco2e_per_kwh, view.main.mean_gco2e_per_kwh) == (290.0, 300.0)
    assert view.main.estimated_share == 0.5


def test_a_teams_own_thresholds_class_the_hour(alice, team, frankfurt):
    assert frankfurt
    read(0, 310.0)
    team.optimal_below_gco2e_per_kwh, team.high_above_gco2e_per_kwh = 320, 400
    team.save()

    assert the_zone(alice).intensity_class == "optimal"
    assert the_zone(alice).thresholds.set_by == team.name


@pytest.mark.usefixtures("frankfurt")
def test_sources_and_signals_stay_apart(alice):
    read(0, 300.0)
    read(0, 100.0, source="another")
    read(0, 800.0, source="another", signal=Signal.MARGINAL)

    answer = zone_grid(scope_of(alice), key="DE", now=NOW)
    [view] = answer.zones
    charts = zone_charts(answer, view)

    assert [(each.source.name, each.signal, each.mean_gco2e_per_kwh) for each in view.series] == [
        ("electricity_maps", "average", 300.0),
        ("another", "average", 100.0),
        ("another", "marginal", 800.0),
    ]
    assert view.current.gco2e_per_kwh == 300.0
    assert [series["label"] for series in charts["average"]["series"]] == [
        "Electricity Maps",
        "another",
        "Yearly mean 2025",
    ]
    assert [series["label"] for series in charts["marginal"]["series"]] == ["another"]


@pytest.mark.usefixtures("frankfurt")
def test_a_zone_stands_at_what_its_own_order_of_sources_puts_first(alice):
    read(gco2e_per_kwh=300.0, source="electricity_maps")
    read(gco2e_per_kwh=250.0, source="energy_charts")
    usual = the_zone(alice).main.source.name, zones_now(scope_of(alice), now=NOW)[0].gco2e_per_kwh

    Zone.objects.filter(key="DE").update(sources=["energy_charts", "electricity_maps"])

    assert usual == ("electricity_maps", 300.0)
    assert the_zone(alice).main.source.name == "energy_charts"
    assert zones_now(scope_of(alice), now=NOW)[0].gco2e_per_kwh == 250.0


@pytest.mark.usefixtures("frankfurt")
def test_a_marginal_reading_is_never_what_a_zone_stands_at(alice):
    read(0, 800.0, signal=Signal.MARGINAL)

    view = the_zone(alice)

    assert (view.main, view.current, view.intensity_class) == (None, None, None)


@pytest.mark.usefixtures("frankfurt")
def test_quarters_of_an_hour_become_their_mean(alice):
    for quarter, value in enumerate((100.0, 200.0, 300.0, 400.0)):
        CarbonReadingFactory.create(
            starts_at=THIS_HOUR - HOUR + quarter * timedelta(minutes=15),
            duration_microseconds=15 * 60 * 1_000_000,
            gco2e_per_kwh=value,
            is_estimated=quarter == 3,
        )

    hour = the_zone(alice).current

    # (100 + 200 + 300 + 400) / 4; a quarter of it was estimated.
    assert (hour.starts_at, hour.gco2e_per_kwh, hour.is_estimated) == (THIS_HOUR - HOUR, 250.0, True)


@pytest.mark.usefixtures("frankfurt")
def test_the_chart_marks_estimated_hours_and_leaves_gaps(alice):
    read(2, 280.0)
    read(0, 310.0, is_estimated=True)

    [lane] = grid_lanes(grid(scope_of(alice), now=NOW))
    bars, mean = lane["series"]

    assert bars["values"][-3:] == [280.0, None, 310.0]
    assert bars["hatched"][-3:] == [False, False, True]
    assert (set(mean["values"]), len(mean["values"]), mean["dashed"]) == ({342.0}, 48, True)


def test_readings_bought_by_another_team_are_not_shown(alice, charlie, frankfurt):
    assert frankfurt
    read(0, 300.0, licensee=TeamFactory.create(name="Somebody else's"))

    assert the_zone(alice).series == ()
    assert zone_grid(scope_of(charlie), key="DE", now=NOW).zones[0].series == ()


def test_a_teams_own_reading_comes_before_a_shared_one(alice, team, frankfurt):
    assert frankfurt
    read(0, 300.0)
    read(0, 290.0, licensee=team)

    view = the_zone(alice)

    assert (view.current.gco2e_per_kwh, view.main.label) == (290.0, f"Electricity Maps ({team.name})")


# Why there is nothing to show ------------------------------------------------------------------------------


def status(**values):
    return SourceStatusFactory.create(aws_account=None, source="electricity_maps", **values)


NO_KEY = {"state": "not_enabled", "last_error": "No key is set.", "fix": "Set ELECTRICITY_MAPS_KEY."}
NOT_IN_PLAN = {"DE": {"state": "not_enabled", "error": "The plan lacks this zone.", "fix": "Choose another plan."}}
FAILED = {"DE": {"state": "unavailable", "error": "It did not answer.", "fix": ""}}


@pytest.mark.usefixtures("frankfurt")
@pytest.mark.parametrize(
    ("values", "because", "words"),
    [
        (None, SilentBecause.NOT_ASKED, "Not fetched yet."),
        (NO_KEY, SilentBecause.NO_KEY, "No key is set."),
        ({"state": "degraded", "detail": NOT_IN_PLAN}, SilentBecause.NOT_IN_PLAN, "The plan lacks this zone."),
        ({"state": "degraded", "detail": FAILED}, SilentBecause.FAILED, "It did not answer."),
    ],
)
def test_each_cause_of_silence_has_its_own_words(alice, alice_client, values, because, words):
    if values:
        status(**values)

    silence = the_zone(alice).silence

    assert (silence.because, silence.words) == (because, words)
    for path in ("/grid/", "/grid/DE/"):
        assert words in alice_client.get(path).content.decode()


@pytest.mark.usefixtures("frankfurt")
def test_old_readings_are_stale_and_never_current(alice):
    read(60, 300.0)

    view = the_zone(alice)

    assert (view.silence.because, view.current, view.freshness) == (SilentBecause.STALE, None, "stale")
    assert view.silence.words == "The newest reading is 2 d old."


def test_what_was_heard_of_a_zone_is_told_only_to_those_who_use_it(charlie, client, frankfurt):
    assert frankfurt
    status(state="degraded", detail=NOT_IN_PLAN)
    client.force_login(charlie)

    page = client.get("/grid/DE/").content.decode()

    assert "The plan lacks this zone." not in page
    assert "None of your instances draws on this zone" in page


def test_without_instances_the_page_says_what_to_do(charlie, client):
    client.force_login(charlie)

    page = client.get("/grid/").content.decode()

    assert 'data-empty="no_zone_in_use"' in page
    assert "/grid/?zones=all" in page or "?zones=all" in page


# Doors -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("frankfurt")
def test_page_and_api_say_the_same(alice_client):
    read(1, 290.5)
    read(0, 310.25, is_estimated=True)

    page = alice_client.get("/grid/").content.decode()
    [told] = alice_client.get("/api/v1/zones").json()["results"]
    detail = alice_client.get("/api/v1/zones/DE").json()["zone"]

    shown = re.search(r'data-zone="DE"><data value="([^"]*)"', page)[1]
    assert float(shown) == told["current"]["gco2e_per_kwh"] == detail["current"]["gco2e_per_kwh"] == 310.25
    assert (told["intensity_class"], told["current_source"], told["as_of"]) == (
        "high",
        "electricity_maps",
        "2026-03-18T12:30:00Z",
    )
    [series] = detail["series"]
    assert [hour["gco2e_per_kwh"] for hour in series["hours"]] == [290.5, 310.25]
    assert (series["hours_known"], series["estimated_share"]) == (2, 0.5)


@pytest.mark.usefixtures("frankfurt")
def test_readings_can_be_filtered_and_walked(alice_client):
    for hours_ago in range(5):
        read(hours_ago, is_estimated=hours_ago == 0)
    read(0, source="another", signal=Signal.MARGINAL)
    read(100)

    def readings(query):
        return alice_client.get(f"/api/v1/readings{query}").json()

    first = readings("?source=electricity_maps&page_size=3")
    second = alice_client.get(first["next"]).json()
    assert (first["count"], len(first["results"]), len(second["results"])) == (5, 3, 2)
    assert first["results"][0]["starts_at"] == "2026-03-18T08:00:00Z"
    assert (first["results"][0]["duration_minutes"], first["results"][0]["zone"]) == (60, "DE")
    assert readings("?signal=marginal")["count"] == 1
    assert readings("?estimated=true")["count"] == 1
    assert readings("?zone=FR")["count"] == 0
    assert readings("?from=2026-03-18T11:00:00Z&to=2026-03-18T12:00:00Z")["count"] == 1
    assert readings("?from=2026-03-01T00:00:00Z")["count"] == 7


@pytest.mark.usefixtures("frankfurt")
def test_zones_and_readings_can_be_had_as_csv(alice_client):
    read(0)

    for path in ("/api/v1/zones", "/api/v1/readings"):
        response = alice_client.get(f"{path}?format=csv")
        lines = b"".join(response.streaming_content).decode().splitlines()
        assert len(lines) == 2
        assert "DE" in lines[1]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/v1/zones?zones=some", "zones"),
        ("/api/v1/readings?signal=both", "signal"),
        ("/api/v1/readings?estimated=perhaps", "estimated"),
        ("/api/v1/readings?from=2026-03-18", "from"),
        ("/api/v1/readings?from=2026-03-18T00:00:00Z&to=2026-03-17T00:00:00Z", "to"),
        ("/api/v1/readings?from=2025-01-01T00:00:00Z", "to"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(alice_client, path, parameter):
    response = alice_client.get(path)

    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == parameter


def test_a_zone_that_is_not_there_is_not_found(alice_client):
    assert alice_client.get("/grid/NOWHERE/").status_code == 404
    assert alice_client.get("/api/v1/zones/NOWHERE").json()["code"] == "not_found"


def test_queries_do_not_grow_with_zones_or_readings(alice_client, team, django_assert_max_num_queries):
    account = AwsAccountFactory.create(team=team)
    counts = []
    for regions in (["eu-central-1"], ["eu-west-1", "eu-west-3", "eu-north-1", "us-east-1"]):
        for region in regions:
            place = CloudRegionFactory.create(region=region)
            InstanceFactory.create(aws_account=account, region=region)
            for hours_ago in range(10):
                read(hours_ago, zone=place.zone)
        with django_assert_max_num_queries(12) as queries:
            page = alice_client.get("/grid/")
        counts.append(len(queries))

    assert page.status_code == 200
    assert counts[0] == counts[1]
