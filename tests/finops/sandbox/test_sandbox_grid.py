import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import requests
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from carbon.clients.electricity_maps import ElectricityMaps
from finops.core.periods import Period
from finops.core.upstream.errors import UpstreamRejected
from finops.sandbox.faults import too_many_requests
from finops.sandbox.grid.api import FREE_KEY, KEY, ZONE_NOT_IN_PLAN
from finops.sandbox.grid.series import YEAR_OF_WEEKS, FileSeries, TypicalSeries, hour_number, instant_of
from finops.sandbox.grid.telling import ZONE_WITH_GAPS, Teller
from finops.sandbox.grid.zones import ZONES
from tests.sandbox_fixtures import SANDBOX_NOW

NOW_HOUR = hour_number(SANDBOX_NOW)
REAL_YEAR = Path(settings.BASE_DIR).parent / "shared" / "data" / "grid" / "hourly_em_2022_lifecycle.csv"


@pytest.fixture
def ask(sandbox):
    def ask(what, *, key=KEY, version="v4", **parameters):
        return requests.get(
            f"{sandbox.grid_url}/{version}/{what}",
            params={"disableCallerLookup": "true", **parameters},
            headers={} if key is None else {"auth-token": key},
            timeout=5,
        )

    return ask


def test_latest_is_the_running_hour_in_the_fields_of_the_fourth_version(ask):
    answer = ask("carbon-intensity/latest", zone="DE").json()

    assert answer["datetime"] == "2026-03-18T12:00:00.000Z"
    assert answer["isEstimated"] is True
    assert set(answer) == {
        "zone",
        "carbonIntensity",
        "datetime",
        "updatedAt",
        "createdAt",
        "emissionFactorType",
        "isEstimated",
        "estimationMethod",
        "flowTraced",
        "temporalGranularity",
    }


def test_history_is_a_day_whose_last_hours_are_estimates(ask):
    history = ask("carbon-intensity/history", zone="IE").json()["history"]

    assert len(history) == 24
    assert [entry["isEstimated"] for entry in history[-3:]] == [True, True, True]
    assert sum(entry["isEstimated"] for entry in history) < 8
    assert [entry["datetime"] for entry in history] == sorted(entry["datetime"] for entry in history)


def test_nothing_in_it_says_that_it_is_the_sandbox_of_the_provider(ask):
    for what in ("latest", "history"):
        text = ask(f"carbon-intensity/{what}", zone="FR").text
        assert "_disclaimer" not in text
        assert "SANDBOX" not in text.upper()


def test_an_hour_is_settled_once_and_then_stays():
    teller = Teller(TypicalSeries())
    hour = NOW_HOUR - 2

    told = [teller.hours("DE", hour, hour + 1, at=instant_of(hour + later))[0] for later in range(60)]

    estimated = [item for item in told if item.is_estimated]
    settled = [item for item in told if not item.is_estimated]
    assert len(estimated) == 3
    assert len({item.gco2e_per_kwh for item in estimated}) == 1
    assert len({item.gco2e_per_kwh for item in settled}) == 1
    assert len({item.updated_at for item in told}) == 2


@given(st.sampled_from(sorted(ZONES)), st.integers(NOW_HOUR - 9000, NOW_HOUR + 9000), st.integers(1, 400))
def test_a_value_does_not_depend_on_the_stretch_it_is_asked_in(zone, first, length):
    series = TypicalSeries()

    whole = series.values(zone, np.arange(first, first + length))

    assert series.values(zone, np.array([first]))[0] == whole[0]
    assert series.values(zone, np.array([first + length - 1]))[0] == whole[-1]
    assert np.all(whole > 0)


def test_a_year_has_the_mean_of_its_zone_and_sunny_grids_are_cleanest_at_noon():
    series = TypicalSeries()
    hours = np.arange(NOW_HOUR, NOW_HOUR + 365 * 24)

    for zone in ZONES.values():
        assert series.values(zone.key, hours).mean() == pytest.approx(zone.mean_gco2e_per_kwh, rel=0.06)
    by_hour = series.values("DE", hours - NOW_HOUR % 24).reshape(-1, 24).mean(axis=0)
    assert 9 <= by_hour.argmin() <= 13  # UTC


def test_a_forecast_begins_now_and_grows_worse(ask):
    points = ask("carbon-intensity/forecast", zone="DE", horizonHours="72").json()["forecast"]
    truth = TypicalSeries().values("DE", np.arange(NOW_HOUR, NOW_HOUR + 73))

    errors = np.abs(np.array([point["carbonIntensity"] for point in points]) / truth - 1)
    assert len(points) == 73
    assert points[0]["datetime"] == "2026-03-18T12:00:00.000Z"
    assert errors[0] == 0
    assert errors.max() < 0.2


@pytest.mark.parametrize(
    ("what", "parameters", "status", "error"),
    [
        ("carbon-intensity/latest", {"zone": "DE", "key": "wrong"}, 401, "Invalid auth-token"),
        ("carbon-intensity/latest", {"zone": "DE", "key": None}, 401, "Invalid auth-token"),
        ("carbon-intensity/latest", {"zone": ZONE_NOT_IN_PLAN}, 401, "Request unauthorized for zoneKey=BR-CS"),
        ("carbon-intensity/past-range", {"zone": "DE", "key": FREE_KEY}, 401, "Request unauthorized"),
        ("carbon-intensity/latest", {"zone": "XX"}, 404, "No data"),
        ("carbon-intensity/past-range", {"zone": "DE", "start": "yesterday"}, 400, "date parameter"),
        (
            "carbon-intensity/past-range",
            {"zone": "DE", "start": "2026-03-01T00:00Z", "end": "2026-03-12T00:00Z"},
            400,
            "at most 10 days",
        ),
        ("carbon-intensity/coffee", {"zone": "DE"}, 404, "Not found"),
    ],
)
def test_refusals_have_the_shape_of_the_provider(ask, what, parameters, status, error):
    answer = ask(what, **parameters)

    assert answer.status_code == status
    assert error in answer.text


def test_without_the_switch_an_unknown_place_becomes_the_zone_of_the_caller(ask):
    assert ask("carbon-intensity/latest", zone="XX", disableCallerLookup="false").json()["zone"] == "DE"


def test_a_key_sees_the_zones_of_its_plan(ask):
    assert set(ask("zones").json()) == set(ZONES) - {ZONE_NOT_IN_PLAN}
    assert set(ask("zones", key=FREE_KEY).json()) == {"DE"}
    assert set(ask("zones", key=None).json()) == set(ZONES)


def test_the_third_version_is_served_too(ask):
    answer = ask("carbon-intensity/latest", version="v3", zone="DE").json()

    assert "temporalGranularity" not in answer
    assert answer["carbonIntensity"] == ask("carbon-intensity/latest", zone="DE").json()["carbonIntensity"]


def test_the_next_requests_can_be_made_to_fail(sandbox, ask):
    sandbox.grid.faults.next(too_many_requests(retry_after_seconds=7), times=2)

    answers = [ask("carbon-intensity/latest", zone="DE") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_the_product_reads_it(sandbox):
    grid = ElectricityMaps(key=KEY, base_url=sandbox.grid_url, name="simulated")
    period = Period(SANDBOX_NOW - timedelta(days=25), SANDBOX_NOW)

    past = grid.past_range("DE", period)
    with_gaps = grid.past_range(ZONE_WITH_GAPS, period)

    assert len(past.points) == 25 * 24
    assert with_gaps.missing_values > 0
    assert len(with_gaps.points) == 25 * 24 - with_gaps.missing_values
    with pytest.raises(UpstreamRejected, match="plan"):
        grid.latest(ZONE_NOT_IN_PLAN)


def test_a_real_year_is_moved_to_now_by_whole_weeks():
    series = FileSeries(REAL_YEAR)
    with REAL_YEAR.open() as file:
        rows = {
            datetime.fromisoformat(row["datetime_utc"]): float(row["carbon_intensity_g_per_kwh"])
            for row in csv.DictReader(file)
            if row["zone"] == "DE"
        }

    value = series.values("DE", np.array([NOW_HOUR]))[0]

    weeks = range(53 * 6)
    origins = [SANDBOX_NOW.replace(minute=0) - timedelta(weeks=number) for number in weeks]
    assert value in {rows[origin] for origin in origins if origin in rows and abs(origin.timetuple().tm_yday - 77) < 8}
    assert series.values("DE", np.array([NOW_HOUR - YEAR_OF_WEEKS]))[0] == value
    assert series.values("XX", np.array([NOW_HOUR])) is None


def test_a_file_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("hour,value\n1,2\n")

    with pytest.raises(ValueError, match="needs the columns"):
        FileSeries(path)
