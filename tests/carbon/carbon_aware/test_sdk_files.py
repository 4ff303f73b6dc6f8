"""The Carbon Aware SDK's own data files, imported and asked for, beside the file read by a plain loop."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data" / "carbon_aware"
AWS = SHARED / "data-sources" / "test-data-aws-emissions.json"
OLD_AZURE = SHARED / "historic" / "dummy-data-azure-emissions.2021-10-25.json"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("anonymous")]


@pytest.fixture
def imported(db):  # noqa: ARG001 (asks for the database)
    call_command("import_emissions", str(AWS), verbosity=0)


def selected(names, start, end):
    """Location, start and rating by the SDK's rule, location by location."""
    points = json.loads(AWS.read_text())
    hour = timedelta(hours=1)
    return [
        (name, point["Time"], point["Rating"])
        for name in names
        for point in points
        if point["Location"] == name
        and datetime.fromisoformat(point["Time"]) + hour > start
        and datetime.fromisoformat(point["Time"]) <= end
    ]


def told(response):
    return [(point["location"], point["time"], point["rating"]) for point in response.json()]


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2021-10-25T14:50:00+00:00", "2021-10-26T14:50:00+00:00"),
        ("2021-10-25T15:50:00+00:00", "2021-10-25T17:50:00+00:00"),
        ("2021-10-25T16:00:00+00:00", "2021-10-25T16:10:00+00:00"),
        ("2021-10-26T00:30:00+02:00", "2021-10-26T09:00:00+00:00"),
        ("2020-01-01T00:00:00+00:00", "2030-01-01T00:00:00+00:00"),
    ],
)
def test_points_and_the_best_of_them_are_those_of_the_file(client, start, end):
    names = ["us-east-1", "eu-west-1", "ap-south-1"]
    query = {"location": names, "time": start, "toTime": end}
    expected = selected(names, datetime.fromisoformat(start), datetime.fromisoformat(end))

    points = client.get("/emissions/bylocations", query)
    best = client.get("/emissions/bylocations/best", query)

    assert told(points) == expected
    within = [point for point in expected if datetime.fromisoformat(point[1]) < datetime.fromisoformat(end)]
    least = min(rating for _, _, rating in within)
    assert told(best) == [point for point in within if point[2] == least]


@pytest.mark.usefixtures("imported")
def test_the_sdks_example_of_an_average_comes_out(client):
    response = client.get(
        "/emissions/average-carbon-intensity"
        "?location=us-east-1&startTime=2021-10-25T15:20:00Z&endTime=2021-10-25T17:50:00Z"
    )

    # Half an hour of 90, an hour of 57 and one of 19: (45 + 57 + 19) / 2.5 = 48.4
    assert response.json()["carbonIntensity"] == 48.4
    assert response["Carbon-Source"] == "file"


def test_points_without_duration_are_instants(client):
    call_command("import_emissions", str(OLD_AZURE), verbosity=0)

    # 14:59:05.477765+11:00 is 03:59:05.477765Z; it is out where the period starts with it, in where it ends with it.
    ends = client.get("/emissions/bylocation?location=eastus&time=2021-10-25T03:00Z&toTime=2021-10-25T03:59:05.477765Z")
    starts = client.get(
        "/emissions/bylocation?location=eastus&time=2021-10-25T03:59:05.477765Z&toTime=2021-10-25T04:00Z"
    )

    assert ends.json() == [
        {"location": "eastus", "time": "2021-10-25T03:59:05.477765+00:00", "rating": 92, "duration": "00:00:00"}
    ]
    assert starts.status_code == 204
