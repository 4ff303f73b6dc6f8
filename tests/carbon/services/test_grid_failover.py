from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from accounts.models import Team
from accounts.services.step import StepOutcome
from carbon.clients.energy_charts import EnergyCharts
from carbon.clients.intensity import CarbonIntensityPoint, IntensitySeries, IssuedForecast
from carbon.clients.watttime import WattTime
from carbon.models import CarbonForecast, CarbonReading, ForecastBackTest, MarginalRegion, Zone
from carbon.services.grid import refresh_grid
from carbon.services.grid_clients import GridClient, GridClients
from carbon.services.grid_forecasts import refresh_forecasts
from carbon.services.marginal_regions import MarginalByZone
from carbon.services.reading_months import note_readings
from finops.core.periods import HOUR, Period
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected, UpstreamUnavailable
from finops.core.upstream.patience import Patience
from tests.factories import CloudRegionFactory, TeamFactory, ZoneFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
MARGINAL = "https://marginal.example"


class Told:
    """A source at our own interface: every hour has the same value, or there is an error."""

    def __init__(self, name: str, value: float, *, error: UpstreamError | None = None) -> None:
        self.name = name
        self.value = value
        self.error = error
        self.asked = 0

    def _hours(self, zone: str, start: datetime, count: int) -> IntensitySeries:
        self.asked += 1
        if self.error:
            raise self.error
        points = [
            CarbonIntensityPoint(zone, start + n * HOUR, 60, self.value, is_estimated=False) for n in range(count)
        ]
        return IntensitySeries(zone, tuple(points))

    def latest(self, zone: str) -> IntensitySeries:
        return self._hours(zone, NOON, 1)

    def history(self, zone: str) -> IntensitySeries:
        return self._hours(zone, NOON - 23 * HOUR, 24)

    def past_range(self, zone: str, period: Period) -> IntensitySeries:
        return self._hours(zone, period.start, round(period.length / HOUR))

    def forecast(self, zone: str) -> IssuedForecast:
        return IssuedForecast(NOON - timedelta(minutes=15), self._hours(zone, NOON, 48))


def down(name: str) -> Told:
    return Told(name, 0, error=UpstreamUnavailable("It is down.", upstream=name))


def average(*sources: Told, licensee: Team | None = None) -> GridClients:
    return GridClients([GridClient(source, "average", licensee) for source in sources])


@pytest.fixture
def germany() -> Zone:
    return CloudRegionFactory.create().zone


def read(clients: GridClients, *wanted: tuple[Zone, str]) -> StepOutcome:
    return refresh_grid(wanted=wanted, clients=clients, period=Period(NOON - 4 * HOUR, NOON), now=NOON)


def forecast(clients: GridClients, *wanted: tuple[Zone, str], team: Team | None = None) -> StepOutcome:
    return refresh_forecasts(wanted=wanted, clients=clients, team=team, now=NOON)


def test_the_first_source_of_the_order_answers_and_the_others_are_left_alone(germany: Zone):
    neso, maps = Told("neso", 1), Told("electricity_maps", 2)

    outcome = read(average(neso, maps), (germany, "average"))

    assert set(CarbonReading.objects.values_list("source", "gco2e_per_kwh")) == {("electricity_maps", 2.0)}
    assert (neso.asked, outcome.parts["DE"].rows, outcome.rows_written) == (0, 24, 24)


def test_where_the_first_source_fails_the_next_one_answers_and_it_is_said(germany: Zone):
    outcome = read(average(down("electricity_maps"), Told("energy_charts", 3)), (germany, "average"))

    assert set(CarbonReading.objects.values_list("source", flat=True)) == {"energy_charts"}
    assert outcome.failed_parts == {}
    assert "DE: energy_charts answered instead. It is down." in outcome.notes


def test_where_all_fail_the_error_of_the_first_is_kept(germany: Zone):
    refused = Told("energy_charts", 0, error=UpstreamRejected("No.", upstream="energy_charts", reason=Reason.NO_DATA))

    outcome = read(average(down("electricity_maps"), refused), (germany, "average"))

    assert outcome.failed_parts["DE"].message == "It is down."


def test_a_zone_without_a_source_says_what_to_do(germany: Zone):
    outcome = read(GridClients([]), (germany, "average"))

    assert outcome.failed_parts["DE"].reason is Reason.NOT_ENABLED
    assert "Set a key for Electricity Maps" in outcome.failed_parts["DE"].fix


def test_the_order_of_the_zones_own_settings_counts(germany: Zone):
    germany.sources = ["energy_charts"]

    read(average(Told("electricity_maps", 2), Told("energy_charts", 3)), (germany, "average"))

    assert set(CarbonReading.objects.values_list("source", flat=True)) == {"energy_charts"}


def test_marginal_sources_never_stand_in_for_average_ones(germany: Zone):
    clients = GridClients(
        [GridClient(down("electricity_maps"), "average"), GridClient(Told("watttime", 9), "marginal")]
    )

    outcome = read(clients, (germany, "average"), (germany, "marginal"))

    assert set(CarbonReading.objects.values_list("source", "signal")) == {("watttime", "marginal")}
    assert set(outcome.failed_parts) == {"DE"}
    assert outcome.parts["DE (marginal)"].rows == 24


def test_a_forecast_is_stored_as_issued_and_asked_for_once_an_hour(germany: Zone):
    maps = Told("electricity_maps", 2)

    first = forecast(average(maps), (germany, "average"))
    second = forecast(average(maps), (germany, "average"))

    issue = CarbonForecast.objects.get()
    assert (issue.source, issue.generated_at, issue.is_latest) == (
        "electricity_maps",
        NOON - timedelta(minutes=15),
        True,
    )
    assert (issue.starts_at, issue.ends_at, len(issue.points)) == (NOON, NOON + 48 * HOUR, 48)
    assert (first.rows_written, second.rows_written, maps.asked) == (1, 0, 1)


def hours_of_two_weeks(zone: Zone, *, licensee: Team | None = None, days: int = 14) -> None:
    """Each hour of the day has its own value, the same every day: 100 at midnight UTC, 1 more each hour."""
    starts = [NOON - n * HOUR for n in range(1, days * 24 + 1)]
    CarbonReading.objects.bulk_create(
        CarbonReading(
            zone=zone,
            source="electricity_maps",
            licensee=licensee,
            starts_at=at,
            gco2e_per_kwh=100.0 + at.hour,
            retrieved_at=NOON,
        )
        for at in starts
    )
    note_readings(
        [(at, 3600 * 10**6) for at in starts],
        zone=zone.key,
        source="electricity_maps",
        licensee_id=licensee.pk if licensee else None,
        now=NOON,
    )


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (UpstreamRejected("Not in the plan.", upstream="electricity_maps", reason=Reason.NOT_IN_PLAN), []),
        (UpstreamUnavailable("It is down.", upstream="electricity_maps"), ["DE"]),
    ],
)
def test_where_no_source_has_a_forecast_ours_answers_with_its_band(
    germany: Zone, error: UpstreamError, failed: list[str]
):
    hours_of_two_weeks(germany)

    outcome = forecast(average(Told("electricity_maps", 0, error=error)), (germany, "average"))

    issue = CarbonForecast.objects.get()
    assert (issue.source, issue.generated_at, len(issue.points)) == ("built_in", NOON, 72)
    # A day that repeats is forecast as it is: 112 at noon, 113 at one.
    assert issue.points["gco2e_per_kwh"][:2].tolist() == pytest.approx([112, 113])
    assert issue.points["starts_at"][0] * 1000 == NOON.timestamp() * 10**9
    assert issue.band["low"][:2].tolist() == pytest.approx([112, 113])
    assert list(outcome.failed_parts) == failed
    assert "Forecast here, from the last week's own hours: DE." in outcome.notes


def test_too_little_of_the_week_gives_no_forecast_and_is_said(germany: Zone):
    hours_of_two_weeks(germany, days=2)

    outcome = forecast(GridClients([]), (germany, "average"))

    assert not CarbonForecast.objects.exists()
    assert "Too little of the last week is known to forecast: DE." in outcome.notes


def test_the_nightly_test_is_made_once_a_day_and_says_what_the_advice_is_worth(germany: Zone):
    hours_of_two_weeks(germany)

    for _ in range(2):
        forecast(GridClients([]), (germany, "average"))

    test = ForecastBackTest.objects.get()
    # 336 hours: the first issue knows 168, the last one is followed by 72; every fifth of 97.
    assert (test.source, test.issues, test.computed_at) == ("electricity_maps", 20, NOON)
    assert test.mape_day_1 == pytest.approx(0, abs=1e-9)
    assert (test.captured_share, test.lost_share, test.is_weak) == (pytest.approx(1), 0, False)
    assert len(test.low_by_lead) == 72


def test_our_forecast_from_a_teams_own_readings_answers_that_team_only(germany: Zone):
    team = TeamFactory.create()
    hours_of_two_weeks(germany, licensee=team)

    forecast(GridClients([]), (germany, "average"))
    assert not CarbonForecast.objects.exists()

    forecast(GridClients([]), (germany, "average"), team=team)
    assert CarbonForecast.objects.get().licensee == team
    assert ForecastBackTest.objects.get().licensee == team


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.get(f"{MARGINAL}/login", json={"token": "first"})
        yield wire


def marginal(now: datetime = NOON) -> MarginalByZone:
    client = WattTime(user="ann", password="pass", now=now, base_url=MARGINAL, patience=Patience(tries=1))
    return MarginalByZone(client, now=now)


def told_of(region: str) -> dict[str, Any]:
    meta = {
        "region": region,
        "signal_type": "co2_moer",
        "units": "lbs_co2_per_mwh",
        "data_point_period_seconds": 300,
    }
    return {"data": [{"point_time": "2026-03-18T11:55:00+00:00", "value": 1000}], "meta": meta}


def test_a_zone_of_ours_is_asked_for_by_the_region_its_place_lies_in_which_is_kept_for_a_month(
    wire: responses.RequestsMock, germany: Zone
):
    looked_up = wire.get(
        f"{MARGINAL}/v3/region-from-loc",
        json={"region": "DE", "region_full_name": "Germany", "signal_type": "co2_moer"},
    )
    wire.get(f"{MARGINAL}/v3/historical", json=told_of("DE"))

    for now in (NOON, NOON + timedelta(hours=2)):
        clients = GridClients([GridClient(marginal(now), "marginal")])
        refresh_grid(wanted=[(germany, "marginal")], clients=clients, period=Period(NOON - HOUR, NOON), now=now)

    reading = CarbonReading.objects.get()
    assert (reading.zone, reading.source, reading.signal) == (germany, "watttime", "marginal")
    assert reading.gco2e_per_kwh == pytest.approx(453.59237)
    assert reading.duration_microseconds == 300 * 10**6
    assert looked_up.call_count == 1
    assert Zone.objects.get(key="WT-DE").kind == "watttime"


def test_a_place_that_no_region_covers_is_remembered_as_such(wire: responses.RequestsMock, germany: Zone):
    looked_up = wire.get(f"{MARGINAL}/v3/region-from-loc", status=404, json={"error": "No coverage available"})

    for _ in range(2):
        with pytest.raises(UpstreamRejected) as error:
            marginal().history(germany.key)
        assert error.value.reason is Reason.NO_DATA

    assert looked_up.call_count == 1
    assert MarginalRegion.objects.get().zone is None


def test_a_zone_that_a_keyless_source_does_not_cover_is_not_asked_of_it():
    charts = GridClient(EnergyCharts(now=NOON, base_url="https://charts.example"), "average")

    covered = [charts.covers(ZoneFactory.create(key=key), "average") for key in ("DE", "US-CAL-CISO")]

    assert covered == [True, False]
    assert not charts.covers(ZoneFactory.create(key="eastus", kind="file"), "average")
