from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command

from accounts.models import TouchedDay
from carbon.estimators.series import Place, instant_of
from carbon.files.sdk_json import read_sdk_json
from carbon.models import CarbonForecast, CarbonReading, Zone
from carbon.selectors.forecasts import current_forecasts, forecasts_as_of
from carbon.selectors.observed import observed_points
from tests.factories import CloudRegionFactory, InstanceFactory

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data" / "carbon_aware"
AWS = SHARED / "data-sources" / "test-data-aws-emissions.json"
ANYBODY = AnonymousUser()

pytestmark = pytest.mark.django_db


def imported(command: str, *paths: Path, **options: Any) -> str:
    out = StringIO()
    call_command(command, *map(str, paths), stdout=out, **options)
    return out.getvalue()


def written(folder: Path, content: Any, name: str = "told.json") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_the_sdks_own_file_is_imported_and_a_second_time_changes_nothing():
    first = imported("import_emissions", AWS)
    rows = list(CarbonReading.objects.order_by("pk").values())
    second = imported("import_emissions", AWS)

    assert first.startswith("600 points of 25 locations read; 600 new or changed")
    assert second.startswith("600 points of 25 locations read; 0 new or changed, 600 known already")
    assert list(CarbonReading.objects.order_by("pk").values()) == rows
    start = datetime(2021, 10, 25, 14, 50, tzinfo=UTC)
    [points] = observed_points([Place("us-east-1")], start, start, ANYBODY)
    assert points is not None
    assert (points.source, points.gco2e_per_kwh.tolist()) == ("file", [90.0])
    assert points.duration.tolist() == [3600 * 10**6]
    assert Zone.objects.get(key="us-east-1").kind == "file"


def test_a_bare_array_of_2021_keeps_its_offsets_and_says_which_digits_it_cut():
    told = imported("import_emissions", SHARED / "historic" / "test-data-aws-emissions.2021-original.json")

    first = CarbonReading.objects.filter(zone="us-east-1").earliest("starts_at")
    # 2021-10-25T14:50:00.7665571+11:00
    assert first.starts_at == datetime(2021, 10, 25, 3, 50, 0, 766557, tzinfo=UTC)
    assert (first.duration_microseconds, first.gco2e_per_kwh) == (0, 90.0)
    assert "finer than a microsecond" in told


@pytest.mark.parametrize(
    "name", ["data-files/sample-emissions-data.json", "historic/dummy-data-azure-emissions.2021-10-25.json"]
)
def test_older_shapes_are_read_too(name: str):
    assert read_sdk_json(SHARED / name).series


def test_a_tidy_csv_fills_a_grid_zone_and_marks_the_days_it_changes(tmp_path: Path):
    CloudRegionFactory.create()
    instance = InstanceFactory.create(region="eu-central-1")
    at = instance.first_seen_at
    csv = f"datetime_utc,zone,g\n{at:%Y-%m-%dT%H}:00Z,DE,287.5\n{at + timedelta(minutes=30):%Y-%m-%dT%H}:30Z,DE,\n"

    told = imported("import_emissions", written(tmp_path, csv.encode(), "grid.csv"))

    reading = CarbonReading.objects.get(zone="DE", source="file")
    assert (reading.gco2e_per_kwh, reading.duration_microseconds) == (287.5, 3600 * 10**6)
    assert TouchedDay.objects.filter(aws_account=instance.aws_account).exists()
    assert "New locations" not in told


def test_two_points_of_one_instant_count_once_and_the_count_is_shown(tmp_path: Path):
    point = {"Location": "here", "Time": "2026-01-01T00:00:00Z", "Rating": 1, "Duration": "1.00:00:00.5"}

    told = imported("import_emissions", written(tmp_path, [point, point | {"Rating": 2}]))

    reading = CarbonReading.objects.get(zone="here")
    assert (reading.gco2e_per_kwh, reading.duration_microseconds) == (2.0, 86_400_500_000)
    assert "Told twice, of which the last one counts: 1." in told


def test_a_signal_can_be_named(tmp_path: Path):
    point = {"Location": "here", "Time": "2026-01-01T00:00:00Z", "Rating": 1}

    imported("import_emissions", written(tmp_path, [point]), signal="marginal")

    assert CarbonReading.objects.get(zone="here").signal == "marginal"


def forecast(generated_at: str, *ratings: float) -> dict[str, Any]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "GeneratedAt": generated_at,
        "Location": {"Name": "eastus"},
        "ForecastData": [
            {
                "Location": "eastus",
                "Time": (start + n * timedelta(minutes=5)).isoformat(),
                "Rating": rating,
                "Duration": "00:05:00",
            }
            for n, rating in enumerate(ratings)
        ],
    }


def test_forecasts_are_kept_as_issued_and_the_youngest_is_the_current_one(tmp_path: Path):
    file = written(
        tmp_path,
        {
            "Emissions": [],
            "EmissionsForecasts": [forecast("2026-01-01T00:05:00Z", 3, 0.1), forecast("2026-01-01T00:00:00Z", 1, 2)],
        },
    )

    first, second = imported("import_forecasts", file), imported("import_forecasts", file)

    assert first.startswith("2 forecasts of 1 locations read; 2 new or changed")
    assert second.startswith("2 forecasts of 1 locations read; 0 new or changed")
    later = datetime(2026, 6, 1, tzinfo=UTC)
    [current] = current_forecasts([Place("eastus")], later, ANYBODY)
    early, none = forecasts_as_of(
        [
            (Place("eastus"), datetime(2026, 1, 1, 0, 4, tzinfo=UTC)),
            (Place("eastus"), datetime(2025, 12, 31, tzinfo=UTC)),
        ],
        ANYBODY,
    )
    assert current is not None
    assert early is not None
    assert (current.gco2e_per_kwh.tolist(), early.gco2e_per_kwh.tolist(), none) == ([3.0, 0.1], [1.0, 2.0], None)
    assert instant_of(int(current.starts_at[1])) == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    assert CarbonForecast.objects.filter(is_latest=True).count() == 1


def point(**changes: Any) -> list[dict[str, Any]]:
    return [{"Location": "here", "Time": "2026-01-01T00:00:00Z", "Rating": 1, "Duration": "01:00:00"} | changes]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "told.json, line 1, character 1: This is not JSON"),
        (b'[{"Location": \xe9}]', "told.json, byte 15: The text is not UTF-8"),
        ("[]".encode("utf-16"), "told.json, byte 1: The text is not UTF-8"),
        (b"[" * 100_000, "nested too deep|not JSON"),
        (b'[{"Rating": NaN}]', "NaN stands in it"),
        (b'[{"Rating": 1e999}]', "too large"),
        ({"Points": []}, "neither “Emissions” nor"),
        (7, "An object is wanted, not “7”"),
        ([7], r"told.json, \[0\]: An object is wanted"),
        ({"Emissions": {}}, "No observed intensity|An array is wanted"),
        ({"Emissions": point(Location="")}, r"told.json, Emissions\[0\].Location: A name"),
        (point(Location="x" * 101), r"\[0\].Location: A name"),
        (point(Time="noon"), r"\[0\].Time: A time such as .* not “noon”"),
        (point(Time="0001-01-01T00:00:00+14:00"), "outside the years 1970 to 2199"),
        (point(Location="a/b"), r"\[0\].Location: A name"),
        (point(Rating="many"), r"\[0\].Rating: A number is wanted"),
        (point(Rating=-1), r"\[0\].Rating: “-1” lies outside 0 to 2000"),
        (point(Duration="24:00:00"), r"\[0\].Duration: A duration such as"),
        (point(Duration="PT1H"), r"\[0\].Duration: A duration such as"),
        (point(Duration="99999.00:00:00"), "longer than ten years"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_place_and_nothing_is_written(
    tmp_path: Path, content: Any, says: str
):
    good = written(tmp_path, point(), "good.json")

    with pytest.raises(CommandError, match=says):
        imported("import_emissions", good, written(tmp_path, content))

    assert not CarbonReading.objects.exists()


@pytest.mark.parametrize(
    ("issue", "says"),
    [
        ({"GeneratedAt": "2026-01-01T00:00:00Z", "Location": {"Name": "x"}, "ForecastData": []}, "There is no point"),
        ({"GeneratedAt": None, "Location": {"Name": "x"}, "ForecastData": []}, r"\[0\].GeneratedAt: A time"),
        ({"GeneratedAt": "2026-01-01T00:00:00Z", "Location": {}, "ForecastData": []}, r"\[0\].Location.Name: A name"),
        ({"GeneratedAt": "2026-01-01T00:00:00Z", "Location": "x"}, r"\[0\].ForecastData: An array"),
    ],
)
def test_a_forecast_that_cannot_be_read_is_named_with_its_place(tmp_path: Path, issue: dict[str, Any], says: str):
    with pytest.raises(CommandError, match=says):
        imported("import_forecasts", written(tmp_path, {"EmissionsForecasts": [issue]}))


def test_a_file_that_is_not_there_or_tells_nothing_is_an_error(tmp_path: Path):
    with pytest.raises(CommandError, match="No such file"):
        imported("import_emissions", tmp_path / "none.json")
    with pytest.raises(CommandError, match="No observed intensity"):
        imported("import_emissions", written(tmp_path, []))
    with pytest.raises(CommandError, match="No forecast"):
        imported("import_forecasts", written(tmp_path, point()))
