from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from django.conf import settings

from carbon.clients.energy_charts import EnergyCharts
from carbon.clients.neso import Neso
from finops.core.periods import Period
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.patience import Patience

FIXTURES = Path(settings.BASE_DIR).parent / "shared" / "data" / "grid" / "fixtures"
HOST = "https://keyless.example"
MARCH_16 = datetime(2023, 3, 16, 4, tzinfo=UTC)
MARCH_22 = datetime(2024, 3, 22, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
ONCE = Patience(tries=1)


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as wire:
        yield wire


@pytest.fixture
def neso() -> Neso:
    return Neso(now=MARCH_16, base_url=HOST, patience=ONCE)


@pytest.fixture
def energy_charts() -> EnergyCharts:
    return EnergyCharts(now=MARCH_22 + timedelta(hours=17, minutes=20), base_url=HOST, patience=ONCE)


def test_britain_is_forecast_by_half_hours_for_two_days(wire: responses.RequestsMock, neso: Neso):
    wire.get(f"{HOST}/intensity/2023-03-16T04:00Z/fw48h", json=recorded("neso_intensity_fw48h.json"))

    forecast = neso.forecast("GB")

    points = forecast.series.points
    assert forecast.generated_at is None
    assert (len(points), points[0].starts_at, points[-1].starts_at) == (96, MARCH_16, MARCH_16 + 95 * HALF_HOUR)
    assert {point.duration_minutes for point in points} == {30}
    assert [point.gco2e_per_kwh for point in points[:4]] == [72, 75, 78, 82]


def test_britains_past_is_what_was_measured_and_not_what_was_expected(wire: responses.RequestsMock, neso: Neso):
    def half_hour(number: int, actual: int | None) -> dict[str, Any]:
        starts_at = MARCH_16 + number * HALF_HOUR
        ends = {"from": f"{starts_at:%Y-%m-%dT%H:%MZ}", "to": f"{starts_at + HALF_HOUR:%Y-%m-%dT%H:%MZ}"}
        return ends | {"intensity": {"forecast": 99, "actual": actual, "index": "low"}}

    # Both ends belong to the answer.
    told = [half_hour(number, actual) for number, actual in ((-1, 10), (0, 20), (1, None), (2, 40))]
    wire.get(f"{HOST}/intensity/2023-03-16T04:00Z/2023-03-16T05:00Z", json={"data": told})

    series = neso.past_range("GB", Period(MARCH_16, MARCH_16 + 2 * HALF_HOUR))

    assert [(point.starts_at, point.gco2e_per_kwh) for point in series.points] == [(MARCH_16, 20)]
    assert series.missing_values == 1


def test_long_periods_of_britain_are_asked_for_two_weeks_at_a_time(wire: responses.RequestsMock, neso: Neso):
    wire.get(f"{HOST}/intensity/2023-03-16T04:00Z/2023-03-30T04:00Z", json={"data": []})
    wire.get(f"{HOST}/intensity/2023-03-30T04:00Z/2023-04-05T04:00Z", json={"data": []})

    assert neso.past_range("GB", Period(MARCH_16, MARCH_16 + timedelta(days=20))).points == ()


def test_a_source_says_of_which_zones_it_tells(neso: Neso, energy_charts: EnergyCharts):
    assert [neso.covers(zone) for zone in ("GB", "DE", "GB-NIR")] == [True, False, False]
    assert [energy_charts.covers(zone) for zone in ("DE", "FR", "GB", "IT-NO", "SE")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    for source in (neso, energy_charts):
        with pytest.raises(UpstreamRejected) as error:
            source.history("US-CAL-CISO")
        assert error.value.reason is Reason.NO_DATA


def test_the_past_of_a_country_comes_by_quarter_hours(wire: responses.RequestsMock, energy_charts: EnergyCharts):
    wire.get(f"{HOST}/co2eq", json=recorded("energy_charts_co2eq_de.json"))

    series = energy_charts.past_range("DE", Period(MARCH_22, MARCH_22 + timedelta(hours=1)))

    assert [point.starts_at - MARCH_22 for point in series.points] == [timedelta(minutes=m) for m in (0, 15, 30, 45)]
    assert {point.duration_minutes for point in series.points} == {15}
    assert series.points[0].gco2e_per_kwh == 322
    query = parse_qs(urlsplit(str(wire.calls[0].request.url)).query)
    assert query == {"country": ["de"], "start": ["2024-03-22T00:00Z"], "end": ["2024-03-22T01:00Z"]}


def test_the_forecast_of_a_country_begins_where_its_actual_values_end(
    wire: responses.RequestsMock, energy_charts: EnergyCharts
):
    told = recorded("energy_charts_co2eq_de.json")
    wire.get(f"{HOST}/co2eq", json=told)

    forecast = energy_charts.forecast("DE")

    first = next(
        at for at, value in zip(told["unix_seconds"], told["co2eq_forecast"], strict=True) if value is not None
    )
    points = forecast.series.points
    assert points[0].starts_at >= datetime.fromtimestamp(first, tz=UTC)
    assert (points[-1].starts_at, points[-1].gco2e_per_kwh) == (MARCH_22 + timedelta(hours=46, minutes=45), 139.2)
    assert (forecast.series.missing_values, forecast.generated_at) == (0, None)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"unix_seconds": [1], "co2eq": []},
        {"unix_seconds": [0, 7], "co2eq": [1, 2]},
        {"unix_seconds": [0, "x"], "co2eq": [1, 2]},
        {"unix_seconds": [0, 900], "co2eq": [1, "2"]},
        {"unix_seconds": [10**20, 10**20 + 900], "co2eq": [1, 2]},
    ],
)
def test_an_answer_that_is_none_is_an_error(wire: responses.RequestsMock, energy_charts: EnergyCharts, body: Any):
    wire.get(f"{HOST}/co2eq", json=body)

    with pytest.raises(UpstreamMisunderstood):
        energy_charts.history("DE")


@pytest.mark.parametrize(
    "entry",
    [
        "half hour",
        {"from": "2023-03-16T04:00Z", "to": "2023-03-16T04:30Z"},
        {"from": "2023-03-16T04:30Z", "to": "2023-03-16T04:00Z", "intensity": {"actual": 1}},
        {"from": "2023-03-16T04:00", "to": "2023-03-16T04:30", "intensity": {"actual": 1}},
        {"from": None, "to": None, "intensity": {"actual": 1}},
        {"from": "2023-03-16T04:00Z", "to": "2023-03-16T04:30Z", "intensity": {"actual": True}},
    ],
)
def test_a_half_hour_that_is_none_is_an_error(wire: responses.RequestsMock, neso: Neso, entry: Any):
    wire.get(f"{HOST}/intensity/2023-03-15T04:00Z/2023-03-16T04:00Z", json={"data": [entry]})

    with pytest.raises(UpstreamMisunderstood):
        neso.history("GB")


def test_an_error_keeps_its_class_and_not_its_body(wire: responses.RequestsMock, neso: Neso):
    body = {"error": {"code": "400 Bad Request", "message": "secret words"}}
    wire.get(f"{HOST}/intensity/2023-03-15T04:00Z/2023-03-16T04:00Z", status=400, json=body)

    with pytest.raises(UpstreamRejected) as error:
        neso.history("GB")

    assert error.value.reason is Reason.BAD_REQUEST
    assert "secret" not in error.value.message
