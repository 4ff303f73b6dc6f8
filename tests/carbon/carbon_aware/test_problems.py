"""Each refusal as the SDK words it: status, kind, detail, and under which names."""

from __future__ import annotations

import json
import re

import pytest

from carbon.models import Location
from tests.factories import SourceStatusFactory

# ruff: noqa: E501 (a table reads best with a case a line)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("anonymous", "clock_at_now")]

FRAMEWORK = "One or more validation errors occurred."
ARGUMENT = "ArgumentException"
OPERATION = "InvalidOperationException"
HERE = "location=eu-central-1"
ONE, BEST, SEVERAL = "/emissions/bylocation", "/emissions/bylocations/best", "/emissions/bylocations"
CURRENT, AVERAGE = "/emissions/forecasts/current", "/emissions/average-carbon-intensity"
BAD_TIME = "The value 'x' is not valid."
DAYS = "startTime=2022-01-01&endTime=2022-01-02"


@pytest.mark.parametrize(
    ("address", "title", "detail", "errors"),
    [
        (f"{ONE}?", FRAMEWORK, None, {"location": "The location field is required."}),
        (f"{ONE}?location=", FRAMEWORK, None, {"location": "The location field is required."}),
        (f"{ONE}?{HERE}&time=x", FRAMEWORK, None, {"time": BAD_TIME}),
        (f"{ONE}?{HERE}&startTime=x", FRAMEWORK, None, {"time": BAD_TIME, "startTime": BAD_TIME}),
        (f"{ONE}?{HERE}&toTime=x", FRAMEWORK, None, {"toTime": BAD_TIME}),
        (f"{SEVERAL}?{HERE}&time=x", FRAMEWORK, None, {"time": "The value 'x' is not valid for Start."}),
        (f"{BEST}?{HERE}&toTime=x", FRAMEWORK, None, {"toTime": "The value 'x' is not valid for End."}),
        (f"{CURRENT}?{HERE}&dataStartAt=x", FRAMEWORK, None, {"dataStartAt": "The value 'x' is not valid for Start."}),
        (f"{CURRENT}?{HERE}&windowSize=x", FRAMEWORK, None, {"windowSize": "The value 'x' is not valid for Duration."}),
        (
            f"{CURRENT}?{HERE}&windowSize=2147483648",
            FRAMEWORK,
            None,
            {"windowSize": "The value '2147483648' is not valid for Duration."},
        ),
        (f"{AVERAGE}?{HERE}&startTime=x&endTime=2022-01-01", FRAMEWORK, None, {"startTime": "The value 'x' is not valid for Start."}),
        (f"{ONE}?latitude=91&longitude=0", FRAMEWORK, None, {"latitude": "The value '91' is not valid."}),
        *[
            (f"{address}?location=&x=1", ARGUMENT, "Invalid parameters", {"MultipleLocations": "MultipleLocations is not set"})
            for address in (SEVERAL, BEST, CURRENT)
        ],
        (f"{AVERAGE}?{DAYS}", ARGUMENT, "Invalid parameters", {"SingleLocation": "SingleLocation is not set"}),
        *[
            (
                f"{address}?{HERE}&toTime=2022-01-01",
                ARGUMENT,
                "Invalid parameters",
                {"Start": "Start must be defined if End is defined", "time": "time must be given where toTime is."},
            )
            for address in (ONE, SEVERAL, BEST)
        ],
        *[
            (
                f"{address}?{HERE}&time=2022-01-01&toTime=2022-01-01",
                ARGUMENT,
                "Invalid parameters",
                {"Start": "Start must be before End", "time": "time must be before toTime."},
            )
            for address in (ONE, SEVERAL, BEST)
        ],
        (f"{AVERAGE}?{HERE}&startTime=2022-01-02&endTime=2022-01-01", ARGUMENT, "Invalid parameters", {"Start": "Start must be before End"}),
        (f"{CURRENT}?{HERE}&dataStartAt=2022-01-02&dataEndAt=2022-01-01", ARGUMENT, "Invalid parameters", {"Start": "Start must be before End"}),
        (f"{AVERAGE}?endTime=2022-01-01", OPERATION, "Nullable object must have a value.", {"startTime": "startTime must be given."}),
        (f"{AVERAGE}?{HERE}&startTime=2022-01-01", OPERATION, "Nullable object must have a value.", {"endTime": "endTime must be given."}),
        *[
            (
                f"{address}?location=nowhere&{DAYS}",
                ARGUMENT,
                "Unknown Location: 'nowhere' not found",
                {"location": "Unknown Location: 'nowhere' not found"},
            )
            for address in (ONE, SEVERAL, BEST, CURRENT, AVERAGE)
        ],
        (f"{ONE}?location=%00", ARGUMENT, "Unknown Location: '\x00' not found", {}),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_the_sdks_words(client, address, title, detail, errors):
    response = client.get(address)

    problem = response.json()
    assert (response.status_code, problem["status"], problem["title"]) == (400, 400, title)
    assert problem.get("detail") == detail
    assert {name: problem["errors"][name] for name in errors} == {name: [text] for name, text in errors.items()}
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", problem["traceId"])
    is_framework = title == FRAMEWORK
    assert ("type" in problem) is is_framework
    assert response["Content-Type"] == f"application/{'' if is_framework else 'problem+'}json; charset=utf-8"
    members = [name for name in problem if name != "type"]
    assert members == [name for name in ("title", "status", "detail", "errors", "traceId") if name in problem]


FORECASTS, AVERAGES = "/emissions/forecasts/batch", f"{AVERAGE}/batch"
INTEGER = "System.Nullable`1[System.Int32]"
TIME = "System.Nullable`1[System.DateTimeOffset]"


def converted(path, kind):
    return f"The JSON value could not be converted to {kind}. Path: {path}."


@pytest.mark.parametrize(
    ("address", "body", "title", "errors"),
    [
        (AVERAGES, '[{"location":"x","startTime":"2022-3-1T15:30:00Z"}]', FRAMEWORK, {"$[0].startTime": converted("$[0].startTime", TIME)}),
        (FORECASTS, '[{},{"dataEndAt":"1/2/2022"}]', FRAMEWORK, {"$[1].dataEndAt": converted("$[1].dataEndAt", TIME), "requestedForecasts": "The requestedForecasts field is required."}),
        (FORECASTS, '[{"windowSize":1.5}]', FRAMEWORK, {"$[0].windowSize": converted("$[0].windowSize", INTEGER)}),
        (FORECASTS, '[{"windowSize":true}]', FRAMEWORK, {"$[0].windowSize": converted("$[0].windowSize", INTEGER)}),
        (FORECASTS, '[{"location":5}]', FRAMEWORK, {"$[0].location": converted("$[0].location", "System.String")}),
        (AVERAGES, "[null]", FRAMEWORK, {"$[0]": converted("$[0]", "an object")}),
        (AVERAGES, "{}", FRAMEWORK, {"$": converted("$", "an array")}),
        (AVERAGES, "[{", FRAMEWORK, {"requestedCarbonIntensities": "The requestedCarbonIntensities field is required."}),
        (AVERAGES, "[NaN]", FRAMEWORK, {}),
        (AVERAGES, "[" * 100_000, FRAMEWORK, {}),
        (AVERAGES, "[" + "9" * 5_000 + "]", FRAMEWORK, {}),
        (AVERAGES, b"[\xff]", FRAMEWORK, {}),
        (AVERAGES, "null", FRAMEWORK, {"": "A non-empty request body is required."}),
        (AVERAGES, " ", FRAMEWORK, {"": "A non-empty request body is required."}),
        (AVERAGES, "[{}]", OPERATION, {"$[0].startTime": "startTime must be given."}),
        (AVERAGES, '[{"startTime":"2022-01-01","endTime":"2022-01-02","location":""}]', ARGUMENT, {"SingleLocation": "SingleLocation is not set"}),
        (AVERAGES, '[{"startTime":"2022-01-01","endTime":"2022-01-02","location":"\\ud800"}]', ARGUMENT, {}),
        (FORECASTS, "[{}]", ARGUMENT, {"Requested": "Requested is not set", "SingleLocation": "SingleLocation is not set"}),
        (FORECASTS, '[{"requestedAt":"0001-01-01","location":"eu-central-1"}]', ARGUMENT, {}),
        (FORECASTS, '[{"requestedAt":"9999-12-31","location":"eu-central-1"}]', ARGUMENT, {}),
        (FORECASTS, '[{"requestedAt":"2022-01-01","location":"nowhere"}]', ARGUMENT, {"$[0].location": "Unknown Location: 'nowhere' not found"}),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_meant_is_refused_in_the_sdks_words(client, address, body, title, errors):
    response = client.post(address, body, content_type="application/json")

    problem = response.json()
    assert (response.status_code, problem["title"]) == (400, title)
    assert {name: problem["errors"][name] for name in errors} == {name: [text] for name, text in errors.items()}


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", 200),
        ("text/json; charset=utf-8", 200),
        ("application/vnd.x+json", 200),
        ("application/json; charset=utf-16", 400),
        ("application/json; charset=koi8-r", 415),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_a_body_of_another_type_is_refused(client, media_type, status):
    response = client.generic("POST", AVERAGES, b"[]", content_type=media_type)

    assert response.status_code == status
    if status == 415:
        assert response.json()["title"] == "Unsupported Media Type"
        assert "errors" not in response.json()


def test_a_batch_of_endless_items_is_refused(client):
    response = client.post(AVERAGES, json.dumps([{}] * 10_001), content_type="application/json")

    assert response.status_code == 400
    assert "10000 is the most" in response.json()["errors"]["requestedCarbonIntensities"][0]


def test_the_callers_trace_goes_on(client):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    problem = client.get(ONE, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}).json()

    assert problem["traceId"].startswith(f"00-{trace}-")
    assert problem["traceId"].endswith("-01")
    assert "00f067aa0ba902b7" not in problem["traceId"]


@pytest.mark.parametrize(
    "failure",
    [
        ("unavailable", "electricity_maps", 503, "ElectricityMapsClientHttpException"),
        ("throttled", "electricity_maps", 429, "ElectricityMapsClientHttpException"),
        ("denied", "watttime", 403, "WattTimeClientHttpException"),
        ("login_needed", "neso", 403, "DataSourceClientHttpException"),
    ],
)
@pytest.mark.parametrize("address", [f"{ONE}?{HERE}", f"{CURRENT}?{HERE}"])
def test_an_upstream_that_failed_keeps_the_class_of_its_status(client, address, failure):
    state, source, status, title = failure
    signal = "marginal" if source == "watttime" else "average"
    Location.objects.filter(key="eu-central-1").update(signal=signal)
    SourceStatusFactory.create(aws_account=None, source=source, state=state, last_error="https://user:pw@upstream")

    response = client.get(address)

    assert (response.status_code, response.json()["title"]) == (status, title)
    assert "did not answer when it was asked last" in response.json()["detail"]
    assert "pw" not in response.content.decode()


@pytest.mark.parametrize("state", ["available", "never", "not_enabled"])
def test_a_source_that_did_not_fail_is_not_blamed(client, state):
    SourceStatusFactory.create(aws_account=None, source="electricity_maps", state=state)

    assert client.get(f"{ONE}?{HERE}").status_code == 204


def test_what_failed_for_one_zone_is_told_of_that_zone(client):
    SourceStatusFactory.create(
        aws_account=None, source="electricity_maps", state="degraded", detail={"DE": {"state": "unavailable"}}
    )

    assert client.get(f"{ONE}?{HERE}").status_code == 503
    assert client.get(f"{ONE}?location=eu-north-1").status_code == 204
