from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carbon.estimators.series import IntensityPoints, instant_of, microseconds
from carbon.files.sdk_json import read_sdk_json

YEAR = 365 * 86_400 * 10**6
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (bounds are naive by contract)
POINTS = st.lists(
    st.tuples(INSTANTS.map(microseconds), st.integers(0, YEAR), st.floats(0, 2000)),
    min_size=1,
    max_size=20,
    unique_by=lambda point: point[0],
)


@given(INSTANTS)
def test_an_instant_survives_as_microseconds(instant: datetime):
    assert instant_of(microseconds(instant)) == instant


@given(POINTS, INSTANTS.map(microseconds), st.integers(0, YEAR))
def test_the_points_that_touch_a_period_are_those_that_a_loop_finds(
    told: list[tuple[int, int, float]], start: int, length: int
):
    told = sorted(told)
    starts, durations, values = (np.array(column) for column in zip(*told, strict=True))
    points = IntensityPoints("DE", "file", "average", datetime.now(UTC), starts, durations, values)

    touching = points.touching(start, start + length)

    expected = [point for point in told if point[0] <= start + length and point[0] + point[1] >= start]
    assert list(zip(touching.starts_at, touching.duration, touching.gco2e_per_kwh, strict=True)) == expected


def duration_text(length: int) -> str:
    """As the SDK writes it: d.hh:mm:ss.fffffff."""
    days, rest = divmod(timedelta(microseconds=length), timedelta(days=1))
    seconds = rest // timedelta(seconds=1)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{days}.{clock}.{rest.microseconds:06}0"


@given(told=POINTS)
def test_what_the_sdks_format_tells_is_read_exactly(tmp_path_factory: Any, told: list[tuple[int, int, float]]):
    path: Path = tmp_path_factory.mktemp("told") / "told.json"
    entries = [
        {
            "Location": "here",
            "Time": instant_of(start).isoformat(),
            "Rating": value,
            "Duration": duration_text(length),
        }
        for start, length, value in told
    ]
    path.write_text(json.dumps({"Emissions": entries}))

    file = read_sdk_json(path)

    [series] = file.series
    assert list(zip(series.starts_at, series.duration, series.gco2e_per_kwh, strict=True)) == sorted(told)
    assert (file.repeated, file.cut_times) == (0, 0)
