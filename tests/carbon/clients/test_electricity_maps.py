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
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon.clients.electricity_maps import ElectricityMaps
from carbon.clients.intensity import CarbonIntensityPoint, ZoneAccess
from finops.core.periods import Period
from finops.core.upstream.errors import (
    Reason,
    UpstreamError,
    UpstreamMisunderstood,
    UpstreamRejected,
    UpstreamUnavailable,
)
from finops.core.upstream.patience import Patience

FIXTURES = Path(settings.BASE_DIR).parent / "shared" / "data" / "grid" / "fixtures"
HOST = "https://grid.example"
ONE = datetime(2026, 3, 17, tzinfo=UTC)


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as wire:
        yield wire


@pytest.fixture
def source() -> ElectricityMaps:
    return ElectricityMaps(key="SECRET", base_url=HOST, patience=Patience(tries=1))


def hour(number: int, value: float | None = 287, **changes: Any) -> dict[str, Any]:
    return {
        "zone": "DE",
        "carbonIntensity": value,
        "datetime": (ONE + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "updatedAt": "2026-03-18T09:00:00.000Z",
        "emissionFactorType": "lifecycle",
        "isEstimated": False,
        "estimationMethod": None,
    } | changes


def history(*hours: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"zone": "DE", "history": list(hours), "temporalGranularity": "hourly"} | changes


def answers(wire: responses.RequestsMock, what: str, payload: Any, status: int = 200) -> None:
    wire.get(f"{HOST}/v4/{what}", json=payload, status=status)


def test_the_recorded_v4_answer_for_now_is_read(wire: responses.RequestsMock, source: ElectricityMaps):
    answers(wire, "carbon-intensity/latest", recorded("em_v4_carbon_intensity_latest.json"))

    series = source.latest("DK-DK2")

    assert series.points == (
        CarbonIntensityPoint(
            zone="DK-DK2",
            starts_at=datetime(2026, 8, 22, 17, tzinfo=UTC),
            duration_minutes=60,
            gco2e_per_kwh=75.0,
            is_estimated=True,
            estimation_method="FORECASTS_HIERARCHY",
            updated_at=datetime(2026, 8, 22, 16, 40, tzinfo=UTC),
        ),
    )


def test_the_recorded_v3_answer_for_now_is_read(wire: responses.RequestsMock):
    wire.get(f"{HOST}/v3/carbon-intensity/latest", json=recorded("em_v3_latest_carbon_intensity.json"))
    source = ElectricityMaps(key="SECRET", base_url=HOST, version="v3")

    (point,) = source.latest("US-CAR-DUK").points

    assert (point.gco2e_per_kwh, point.duration_minutes, point.is_estimated) == (216.0, 60, True)


def test_the_recorded_history_is_read_whole_and_oldest_first(wire: responses.RequestsMock, source: ElectricityMaps):
    payload = recorded("em_v3_carbon_intensity_history.json")
    answers(wire, "carbon-intensity/history", payload)

    series = source.history("DE")

    assert len(series.points) == len(payload["history"]) == 24
    assert [p.starts_at for p in series.points] == sorted(p.starts_at for p in series.points)
    assert (series.points[0].gco2e_per_kwh, series.points[0].starts_at) == (
        599.0,
        datetime(2024, 3, 5, 20, tzinfo=UTC),
    )
    assert (series.missing_values, series.refused_values) == (0, 0)


def test_another_recorded_answer_without_intensity_is_not_understood(
    wire: responses.RequestsMock, source: ElectricityMaps
):
    answers(wire, "carbon-intensity/latest", recorded("em_v3_latest_power_breakdown.json"))

    with pytest.raises(UpstreamMisunderstood, match="carbonIntensity"):
        source.latest("DE")


@pytest.mark.parametrize(
    ("fixture", "status", "reason"),
    [
        ("invalid_token_401", 401, Reason.BAD_CREDENTIALS),
        ("not_in_plan_401", 401, Reason.NOT_IN_PLAN),
        ("bad_request_400", 400, Reason.BAD_REQUEST),
    ],
)
def test_the_recorded_refusals_are_told_apart(
    wire: responses.RequestsMock, source: ElectricityMaps, fixture: str, status: int, reason: Reason
):
    answers(wire, "carbon-intensity/history", recorded("em_v4_errors.json")[fixture], status=status)

    with pytest.raises(UpstreamRejected) as caught:
        source.history("PT")

    assert caught.value.reason is reason
    assert "zoneKey" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (403, UpstreamRejected, Reason.DENIED),
        (404, UpstreamRejected, Reason.NO_DATA),
        (422, UpstreamRejected, Reason.BAD_REQUEST),
        (429, UpstreamUnavailable, Reason.RATE_LIMITED),
        (503, UpstreamUnavailable, Reason.UNAVAILABLE),
    ],
)
def test_the_other_refusals_too(
    wire: responses.RequestsMock, source: ElectricityMaps, status: int, kind: type[UpstreamError], reason: Reason
):
    answers(wire, "carbon-intensity/history", {"status": "error", "message": "SECRET"}, status=status)

    with pytest.raises(kind) as caught:
        source.history("DE")

    assert caught.value.reason is reason
    assert "SECRET" not in str(caught.value)


def test_every_call_carries_the_key_and_refuses_the_callers_own_zone(
    wire: responses.RequestsMock, source: ElectricityMaps
):
    answers(wire, "carbon-intensity/history", history(hour(0)))

    source.history("DE")

    request = wire.calls[0].request
    assert parse_qs(urlsplit(request.url).query) == {"zone": ["DE"], "disableCallerLookup": ["true"]}
    assert request.headers["auth-token"] == "SECRET"


def test_a_gateway_may_want_another_header_and_host():
    source = ElectricityMaps(key="SECRET", base_url="https://gateway.example/em", header="X-BLOBR-KEY")

    with responses.RequestsMock() as wire:
        wire.get("https://gateway.example/em/v4/carbon-intensity/history", json=history(hour(0)))
        source.history("DE")
        headers = wire.calls[0].request.headers

    assert (headers["X-BLOBR-KEY"], "auth-token" in headers) == ("SECRET", False)


def test_an_answer_for_another_zone_is_not_taken(wire: responses.RequestsMock, source: ElectricityMaps):
    answers(wire, "carbon-intensity/history", history(hour(0), zone="FR"))

    with pytest.raises(UpstreamMisunderstood, match="another zone than DE"):
        source.history("DE")


def test_an_hour_of_another_zone_is_not_taken(wire: responses.RequestsMock, source: ElectricityMaps):
    answers(wire, "carbon-intensity/history", history(hour(0), hour(1, zone="FR")))

    with pytest.raises(UpstreamMisunderstood, match="another zone than DE"):
        source.history("DE")


def test_hours_without_or_with_an_absurd_value_are_left_out_and_counted(
    wire: responses.RequestsMock, source: ElectricityMaps
):
    answers(
        wire,
        "carbon-intensity/history",
        history(hour(0, None), hour(1, -1), hour(2, 2000.5), hour(3, 0), hour(4, 2000), hour(5, None)),
    )

    series = source.history("DE")

    assert [p.gco2e_per_kwh for p in series.points] == [0.0, 2000.0]
    assert (series.missing_values, series.refused_values) == (2, 2)


@pytest.mark.parametrize(
    "payload",
    [
        [],
        "ok",
        None,
        {"zone": "DE"},
        {"zone": "DE", "history": None},
        {"zone": "DE", "history": {}},
        {"zone": "DE", "history": [3]},
        history(hour(0, "287")),
        history(hour(0, carbonIntensity=True)),
        history(hour(0, datetime="2026-02-30T00:00:00Z")),
        history(hour(0, datetime="yesterday")),
        history(hour(0, datetime=None)),
        history(hour(0, datetime=1_700_000_000)),
        history(hour(0, datetime="2026-03-17T00:00:00")),
        history(hour(0, datetime="2026-03-17T00:17:00Z")),
        history(hour(0, datetime="0001-01-01T00:00:00+14:00")),
        history(hour(0, updatedAt="later")),
        history(hour(0, emissionFactorType="direct")),
        history(hour(0, temporalGranularity="daily")),
        {key: value for key, value in hour(0).items() if key != "carbonIntensity"} | {"history": [{}]},
    ],
)
def test_an_answer_of_another_shape_is_not_understood(
    wire: responses.RequestsMock, source: ElectricityMaps, payload: Any
):
    answers(wire, "carbon-intensity/history", payload)

    with pytest.raises(UpstreamMisunderstood):
        source.history("DE")


@pytest.mark.parametrize("body", [b"<html>", b'{"zone":"DE","history":[{"carbonIntensity":NaN}]}', b"", b"[1e999]"])
def test_an_answer_that_is_no_json_is_not_understood(
    wire: responses.RequestsMock, source: ElectricityMaps, body: bytes
):
    wire.get(f"{HOST}/v4/carbon-intensity/history", body=body)

    with pytest.raises(UpstreamMisunderstood):
        source.history("DE")


@pytest.mark.parametrize(
    "payload",
    [
        history(hour(0), _disclaimer="SANDBOX MODE: values are random"),
        history(hour(0, estimationMethod="SANDBOX_MODE_DATA")),
    ],
)
def test_random_values_of_a_sandbox_key_are_refused(
    wire: responses.RequestsMock, source: ElectricityMaps, payload: Any
):
    answers(wire, "carbon-intensity/history", payload)

    with pytest.raises(UpstreamRejected) as caught:
        source.history("DE")

    assert caught.value.reason is Reason.SANDBOX_ANSWER


def test_a_long_range_is_asked_for_ten_days_at_a_time(wire: responses.RequestsMock, source: ElectricityMaps):
    def piece(request: Any) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(request.url).query)
        start = datetime.fromisoformat(query["start"][0])
        # Both ends belong to this answer, so that the hour between two pieces comes twice.
        hours = int((datetime.fromisoformat(query["end"][0]) - start) / timedelta(hours=1)) + 1
        first = int((start - ONE) / timedelta(hours=1))
        return 200, {}, json.dumps({"zone": "DE", "data": [hour(first + n) for n in range(hours)]})

    wire.add_callback("GET", f"{HOST}/v4/carbon-intensity/past-range", callback=piece)

    series = source.past_range("DE", Period(ONE, ONE + timedelta(days=25)))

    assert [parse_qs(urlsplit(call.request.url).query)["start"][0] for call in wire.calls] == [
        "2026-03-17T00:00:00Z",
        "2026-03-27T00:00:00Z",
        "2026-04-06T00:00:00Z",
    ]
    assert [p.starts_at for p in series.points] == [ONE + timedelta(hours=n) for n in range(25 * 24)]


def test_finer_steps_keep_their_length(wire: responses.RequestsMock, source: ElectricityMaps):
    quarter = hour(0, datetime="2026-03-17T00:15:00Z")
    answers(wire, "carbon-intensity/history", history(quarter, temporalGranularity="15_minutes"))

    (point,) = source.history("DE").points

    assert (point.duration_minutes, point.starts_at.minute) == (15, 15)


def test_free_text_is_cleaned_and_cut(wire: responses.RequestsMock, source: ElectricityMaps):
    answers(wire, "carbon-intensity/history", history(hour(0, estimationMethod="A\x00B\u202e" + "x" * 90)))

    (point,) = source.history("DE").points

    assert point.estimation_method == "AB" + "x" * 58


@pytest.mark.parametrize("shape", ["list", "object"])
def test_the_zones_of_a_key_are_read_in_both_shapes(wire: responses.RequestsMock, source: ElectricityMaps, shape: str):
    listed = [
        {"zoneKey": "NO", "zoneName": "Norway", "access": ["carbon-intensity/latest"]},
        {"zoneKey": "NA", "zoneName": "Namibia"},
    ]
    answers(wire, "zones", listed if shape == "list" else {entry["zoneKey"]: entry for entry in listed})

    zones = source.zones()

    assert zones == [
        ZoneAccess("NA", "Namibia", frozenset()),
        ZoneAccess("NO", "Norway", frozenset({"carbon-intensity/latest"})),
    ]


@pytest.mark.parametrize("payload", [None, 3, [3], [{}], {"DE": 3}])
def test_a_list_of_zones_of_another_shape_is_not_understood(
    wire: responses.RequestsMock, source: ElectricityMaps, payload: Any
):
    answers(wire, "zones", payload)

    with pytest.raises(UpstreamMisunderstood):
        source.zones()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5000, 5000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(hour(0))), json_values, max_size=4))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_whatever_an_hour_holds_it_is_a_plausible_point_or_counted_or_our_error(
    source: ElectricityMaps, changes: dict[str, Any]
):
    with responses.RequestsMock() as wire:
        answers(wire, "carbon-intensity/history", history(hour(0) | changes))
        try:
            series = source.history("DE")
        except UpstreamError:
            return

    assert len(series.points) + series.missing_values + series.refused_values == 1
    assert all(0 <= p.gco2e_per_kwh <= 2000 and p.starts_at.tzinfo is UTC for p in series.points)


def test_a_forecast_of_three_days_has_a_row_more_than_hours(wire: responses.RequestsMock, source: ElectricityMaps):
    told = [
        {"carbonIntensity": 200 + n, "datetime": f"{ONE + timedelta(hours=n):%Y-%m-%dT%H:%M:%S.000Z}"}
        for n in range(73)
    ]
    told[5]["carbonIntensity"] = None
    body = {"zone": "DE", "forecast": told, "updatedAt": "2026-03-17T00:15:00.000Z"}
    wire.get(f"{HOST}/v4/carbon-intensity/forecast", json=body)

    forecast = source.forecast("DE")

    assert forecast.generated_at == ONE + timedelta(minutes=15)
    assert (len(forecast.series.points), forecast.series.missing_values) == (72, 1)
    assert forecast.series.points[-1].starts_at == ONE + timedelta(hours=72)
    assert parse_qs(urlsplit(str(wire.calls[0].request.url)).query)["horizonHours"] == ["72"]


def test_version_3_is_asked_for_no_horizon(wire: responses.RequestsMock):
    wire.get(f"{HOST}/v3/carbon-intensity/forecast", json={"zone": "DE", "forecast": []})

    forecast = ElectricityMaps(key="SECRET", base_url=HOST, version="v3").forecast("DE")

    assert (forecast.generated_at, forecast.series.points) == (None, ())
    assert "horizonHours" not in str(wire.calls[0].request.url)
