from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from django.conf import settings

from carbon.clients.watttime import GridRegion, WattTime
from carbon.clients.watttime_login import TokenInMemory
from finops.core.periods import Period
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.patience import Patience

FIXTURES = Path(settings.BASE_DIR).parent / "shared" / "data" / "grid" / "fixtures"
HOST = "https://marginal.example"
NOW = datetime(2022, 7, 15, 1, tzinfo=UTC)
JULY = datetime(2022, 7, 15, tzinfo=UTC)
REGION = "WT-CAISO_NORTH"


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / f"watttime_{name}.json").read_text())


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.get(f"{HOST}/login", json={"token": "first"})
        yield wire


@pytest.fixture
def source() -> WattTime:
    return WattTime(user="ann", password="pass", now=NOW, base_url=HOST, patience=Patience(tries=1))


def paths(wire: responses.RequestsMock) -> list[str]:
    return [urlsplit(str(call.request.url)).path for call in wire.calls]


def asked(wire: responses.RequestsMock, number: int = -1) -> dict[str, str]:
    return {key: value for key, [value] in parse_qs(urlsplit(str(wire.calls[number].request.url)).query).items()}


def test_pounds_per_megawatt_hour_become_grams_per_kilowatt_hour(wire: responses.RequestsMock, source: WattTime):
    wire.get(f"{HOST}/v3/historical", json=recorded("historical_emissions"))

    series = source.past_range(REGION, Period(JULY, JULY + timedelta(hours=1)))

    # 870 lbs/MWh x 453.59237 g/lb / 1000 kWh/MWh = 394.6 g/kWh
    assert [point.gco2e_per_kwh for point in series.points] == pytest.approx([394.6253619, 390.0894382])
    first = series.points[0]
    assert (first.zone, first.starts_at, first.duration_minutes) == (REGION, JULY, 5)
    assert (first.is_estimated, first.estimation_method) == (True, "imputed")
    assert first.updated_at == datetime(2023, 10, 1, tzinfo=UTC)


def test_the_login_is_basic_and_its_token_opens_the_rest(wire: responses.RequestsMock, source: WattTime):
    wire.get(f"{HOST}/v3/historical", json=recorded("historical_emissions"))

    source.history(REGION)
    source.history(REGION)

    assert paths(wire) == ["/login", "/v3/historical", "/v3/historical"]
    assert wire.calls[0].request.headers["Authorization"] == "Basic " + b64encode(b"ann:pass").decode()
    assert wire.calls[1].request.headers["Authorization"] == "Bearer first"
    assert asked(wire) == {
        "region": "CAISO_NORTH",
        "signal_type": "co2_moer",
        "start": "2022-07-14T01:00:00Z",
        "end": "2022-07-15T01:00:00Z",
    }


def test_a_token_that_is_over_is_replaced_once(wire: responses.RequestsMock):
    tokens = TokenInMemory()
    tokens.keep("stale")
    source = WattTime(user="ann", password="pass", now=NOW, base_url=HOST, tokens=tokens, patience=Patience(tries=1))
    wire.get(f"{HOST}/v3/historical", status=401)
    wire.get(f"{HOST}/v3/historical", json=recorded("historical_emissions"))

    source.history(REGION)

    assert paths(wire) == ["/v3/historical", "/login", "/v3/historical"]
    assert tokens.read() == "first"


def test_a_fresh_token_that_is_refused_is_an_error_and_no_loop(wire: responses.RequestsMock, source: WattTime):
    wire.get(f"{HOST}/v3/historical", status=401)

    with pytest.raises(UpstreamRejected) as error:
        source.history(REGION)

    assert error.value.reason is Reason.BAD_CREDENTIALS
    assert paths(wire) == ["/login", "/v3/historical"]


def test_a_login_page_means_a_wrong_user_or_password(source: WattTime):
    with responses.RequestsMock() as wire:
        wire.get(f"{HOST}/login", status=403, body=(FIXTURES / "watttime_login_403.html").read_bytes())

        with pytest.raises(UpstreamRejected) as error:
            source.history(REGION)

    assert error.value.reason is Reason.BAD_CREDENTIALS
    assert "nginx" not in error.value.message


@pytest.mark.parametrize(
    ("status", "name", "reason"),
    [(403, "invalid_scope", Reason.NOT_IN_PLAN), (404, "coordinates_not_found", Reason.NO_DATA)],
)
def test_each_refusal_has_its_reason(
    wire: responses.RequestsMock, source: WattTime, status: int, name: str, reason: Reason
):
    wire.get(f"{HOST}/v3/region-from-loc", status=status, json=recorded(name))

    with pytest.raises(UpstreamRejected) as error:
        source.region_at(0, 0)

    assert error.value.reason is reason
    assert paths(wire) == ["/login", "/v3/region-from-loc"]


def test_a_place_lies_in_a_region(wire: responses.RequestsMock, source: WattTime):
    wire.get(f"{HOST}/v3/region-from-loc", json=recorded("grid_region"))

    region = source.region_at(39.7, -105.0)

    assert region == GridRegion("PSCO", "Public Service Co of Colorado")
    assert region.zone == "WT-PSCO"


def test_a_percentile_is_no_intensity(wire: responses.RequestsMock, source: WattTime):
    wire.get(f"{HOST}/v3/historical", json=recorded("realtime_emissions"))

    with pytest.raises(UpstreamMisunderstood, match="unit is not pounds"):
        source.history("WT-PSCO")


def test_long_periods_are_asked_for_thirty_days_at_a_time_and_no_point_comes_twice(
    wire: responses.RequestsMock, source: WattTime
):
    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(request.url).query)
        body = recorded("historical_emissions")
        # Both ends belong to the answer.
        body["data"] = [{"point_time": query[end][0], "value": 900} for end in ("start", "end")]
        return 200, {}, json.dumps(body)

    wire.add_callback("GET", f"{HOST}/v3/historical", callback=answer)

    series = source.past_range(REGION, Period(JULY, JULY + timedelta(days=65)))

    assert [(point.starts_at - JULY).days for point in series.points] == [0, 30, 60]
    assert len(wire.calls) == 4


def test_a_forecast_comes_with_the_time_of_its_issue(wire: responses.RequestsMock, source: WattTime):
    body = recorded("forecasted_emissions")
    body["data"] = body["data"][0]["forecast"]
    body["meta"]["generated_at"] = "2022-07-15T00:00:00+00:00"
    wire.get(f"{HOST}/v3/forecast", json=body)

    forecast = source.forecast(REGION)

    assert forecast.generated_at == JULY
    assert [point.starts_at - JULY for point in forecast.series.points] == [timedelta(minutes=m) for m in (0, 5, 10)]
    assert asked(wire)["horizon_hours"] == "72"


def test_the_archive_of_forecasts_is_read_a_day_at_a_time(wire: responses.RequestsMock, source: WattTime):
    wire.get(f"{HOST}/v3/forecast/historical", json=recorded("forecasted_emissions"))

    issues = source.forecasts_issued(REGION, Period(JULY, JULY + timedelta(hours=36)))

    assert [(issue.generated_at, len(issue.series.points)) for issue in issues] == [(JULY, 3)]
    assert len(wire.calls) == 3


def test_what_the_credential_may_ask_is_told(wire: responses.RequestsMock, source: WattTime):
    region = {
        "region": "CAISO_NORTH",
        "region_full_name": "California ISO Northern",
        "endpoints": [{"endpoint": "v3/historical", "models": []}, {"endpoint": "v3/forecast", "models": []}],
    }
    other = {"signal_type": "health_damage", "regions": [region]}
    wire.get(f"{HOST}/v3/my-access", json={"signal_types": [other, {"signal_type": "co2_moer", "regions": [region]}]})

    [access] = source.access()

    assert (access.zone, access.name) == (REGION, "California ISO Northern")
    assert access.access == {"v3/historical", "v3/forecast"}


@pytest.mark.parametrize("change", [{"region": "PSCO"}, {"signal_type": "co2_aoer"}, {"units": "percentile"}])
def test_an_answer_to_another_question_is_refused(
    wire: responses.RequestsMock, source: WattTime, change: dict[str, str]
):
    body = recorded("historical_emissions")
    body["meta"] |= change
    wire.get(f"{HOST}/v3/historical", json=body)

    with pytest.raises(UpstreamMisunderstood):
        source.history(REGION)
