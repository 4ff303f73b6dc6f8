from __future__ import annotations

import csv
from io import StringIO
from math import exp
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from carbon.estimators.back_test import back_test, judged
from carbon.estimators.forecast import built_in_forecast

GRID = Path(settings.BASE_DIR).parent / "shared" / "data" / "grid"
NAN = float("nan")
DAY = np.arange(24.0)


def test_the_last_hours_deviation_fades_out_over_the_hours_ahead():
    week = np.tile(100 + DAY, 7)
    week[-1] += 70  # 23:00 of the last day: 193 instead of 123; its mean is 123 + 70/7 = 133

    forecast = built_in_forecast(week, hours=25)

    # 00:00 is 100 on average; the last hour strayed by 193 - 133 = 60, of which exp(-1/48) is left.
    assert forecast[0] == pytest.approx(100 + 60 * exp(-1 / 48))
    assert forecast[23] == pytest.approx(133 + 60 * exp(-24 / 48))
    assert forecast[24] == pytest.approx(100 + 60 * exp(-25 / 48))


def test_a_last_hour_that_is_missing_is_replaced_by_the_one_before():
    week = np.tile(100 + DAY, 7)
    week[-2] += 70
    week[-1] = NAN

    # 22:00: 192 where 132 is the mean; two hours lie between it and the first hour ahead.
    assert built_in_forecast(week, hours=1)[0] == pytest.approx(100 + 60 * exp(-2 / 48))


@pytest.mark.parametrize("missing", [slice(-3, None), slice(5, 96, 24), slice(None)])
def test_a_week_too_thin_to_tell_gives_nothing(missing: slice):
    week = np.tile(100 + DAY, 7)
    week[missing] = NAN

    assert np.isnan(built_in_forecast(week, hours=48)).all()


def test_it_rests_on_168_hours_exactly():
    with pytest.raises(ValueError, match="168 hours, not on 167"):
        built_in_forecast(np.ones(167), hours=1)


@given(st.lists(st.floats(0, 2000), min_size=168, max_size=168), st.integers(1, 72))
def test_a_forecast_is_never_negative_and_stays_within_what_the_week_allows(week: list[float], hours: int):
    forecast = built_in_forecast(week, hours=hours)

    assert forecast.shape == (hours,)
    assert (forecast >= 0).all()
    assert (forecast <= 2 * max(week) + 1e-9).all()


@given(st.lists(st.floats(0, 2000), min_size=24, max_size=24), st.floats(0, 2000))
def test_a_day_that_repeats_is_forecast_as_it_is(day: list[float], shift: float):
    week = np.tile(day, 7) + shift

    assert built_in_forecast(week, hours=48) == pytest.approx(np.tile(day, 2) + shift)


def test_the_worth_of_advice_is_measured_against_running_now():
    now, best, other = 100.0, 40.0, 130.0
    hours = np.full(24, now)
    hours[8:12], hours[12:16] = best, other
    right, wrong = hours.copy(), hours.copy()
    wrong[8:12], wrong[12:16] = other, best  # it mistakes the dirtiest four hours for the cleanest

    result = judged(np.array([right, wrong]), np.array([hours, hours]))

    assert result is not None
    # Possible: twice 100 - 40 = 120. Got: 100 - 40 and 100 - 130, together 30.
    assert result.captured_share == pytest.approx(30 / 120)
    assert (result.lost_share, result.is_weak) == (0.5, True)
    # Hour 9: |40 - 40| / 40 and |130 - 40| / 40, on average 1.125.
    assert result.mape_by_lead[8] == pytest.approx(1.125)


def test_where_nothing_can_be_saved_no_share_of_it_is_claimed():
    result = back_test(np.full(400, 300.0))

    assert result is not None
    assert np.isnan(result.captured_share)
    assert (result.lost_share, result.is_weak) == (0.0, False)
    assert result.mape(1, 24) == pytest.approx(0)


def test_too_few_hours_give_no_back_test():
    assert back_test(np.ones(168 + 47)) is None
    assert back_test(np.full(400, NAN)) is None


def test_gaps_are_left_out_of_the_judgement():
    hours = np.tile(100 + DAY, 30)
    hours[300:310] = NAN

    result = back_test(hours)

    assert result is not None
    assert result.mape(1, 48) == pytest.approx(0, abs=1e-9)
    assert result.captured_share == pytest.approx(1)


@pytest.mark.parametrize("zones", [("DE", "IE", "US-CAL-CISO", "US-TEX-ERCO", "FR", "SE-SE3")])
def test_the_command_gives_the_published_table_on_the_hours_of_2022(tmp_path: Path, zones: tuple[str, ...]):
    columns = {
        "persistence": "persistence_mape_d1",
        "naive-24 h": "naive24_mape_d1",
        "naive-168 h": "naive168_mape_d1",
        "hour of day (7 d)": "hod7_mape_d1",
        "hour of week (4 w)": "how4w_mape_d1",
        "built-in": "dl_mape_d1",
        "built-in day 2": "dl_mape_d2",
        "captured %": "dl_capture_pct",
        "lost %": "dl_worse_than_now_pct",
        "low 24 h": "dl_err_p10_h24_pct_of_mean",
        "high 24 h": "dl_err_p90_h24_pct_of_mean",
    }
    with (GRID / "stats_forecast_2022.csv").open() as file:
        published = {row["zone"]: row for row in csv.DictReader(file) if row["zone"] in zones}
    some = tmp_path / "some.csv"
    with (GRID / "hourly_em_2022_lifecycle.csv").open() as file, some.open("w") as target:
        target.writelines(line for line in file if line.split(",", 1)[0] in {"zone", *zones})

    out = StringIO()
    call_command("backtest_forecast", str(some), stdout=out)
    told = {row["zone"]: row for row in csv.DictReader(StringIO(out.getvalue()))}

    assert set(told) == set(zones)
    for zone in zones:
        for ours, theirs in columns.items():
            assert float(told[zone][ours]) == pytest.approx(float(published[zone][theirs]), abs=0.3), (zone, ours)
    assert {zone for zone in zones if told[zone]["advice"]} == {"IE", "US-TEX-ERCO"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "names no column zone"),
        (b"zone,datetime_utc\n", "names no column g or"),
        (b"zone,datetime_utc,g\nDE,2022-01-01T00:00Z\n", "line 2: The row has 2 fields"),
        (b"zone,datetime_utc,g\nDE,yesterday,1\n", "line 2, column datetime_utc: “yesterday” is no time"),
        (b"zone,datetime_utc,g\nDE,2022-01-01T00:00Z,NaN\n", "line 2, column g: “NaN” is no number"),
        (b"zone,datetime_utc,g\nDE,2022-01-01T00:00Z,2001\n", "above 2000"),
        (b"zone,datetime_utc,g\nD\xff,2022-01-01T00:00Z,1\n", "not UTF-8"),
        (b"zone,datetime_utc,g\nDE,2022-01-01T00:00Z,1\nDE,2022-01-01T00:10Z,1\n", "no hours"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_place(tmp_path: Path, text: bytes, says: str):
    path = tmp_path / "odd.csv"
    path.write_bytes(text)

    with pytest.raises(CommandError, match=says):
        call_command("backtest_forecast", str(path))
