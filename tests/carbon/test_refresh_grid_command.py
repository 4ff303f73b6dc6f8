from __future__ import annotations

import json
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from django.core.management import CommandError, call_command
from django.utils import timezone

from carbon.models import CarbonForecast, CarbonReading, Zone
from finops.core.periods import HOUR, start_of_hour

pytestmark = pytest.mark.django_db

MAPS = "https://maps.example"


@pytest.fixture(autouse=True)
def one_key(settings: Any) -> None:
    settings.SANDBOX = False
    settings.ELECTRICITY_MAPS_KEY = "SECRET"
    settings.ELECTRICITY_MAPS_URL = MAPS
    settings.NESO_URL = settings.ENERGY_CHARTS_URL = settings.WATTTIME_URL = ""


def answer(request: Any) -> tuple[int, dict[str, str], str]:
    zone = parse_qs(urlsplit(request.url).query)["zone"][0]
    now = start_of_hour(timezone.now())
    told = [{"carbonIntensity": 200, "datetime": (now + n * HOUR).isoformat()} for n in range(-3, 3)]
    lists = {"history": told[:4], "data": [], "forecast": told[3:]}
    return 200, {}, json.dumps({"zone": zone, "updatedAt": now.isoformat(), **lists})


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        for what in ("history", "past-range", "forecast"):
            wire.add_callback("GET", f"{MAPS}/v4/carbon-intensity/{what}", callback=answer)
        call_command("refresh_grid", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_followed_and_named_zones_are_read_and_forecast():
    Zone.objects.filter(key="FR").update(is_followed=True)

    out, err = run("DE", "--days", "1")

    assert set(CarbonReading.objects.values_list("zone", flat=True)) == {"DE", "FR"}
    assert set(CarbonForecast.objects.values_list("zone", "source")) == {
        ("DE", "electricity_maps"),
        ("FR", "electricity_maps"),
    }
    assert ("Readings: 8 new or changed of 8 told." in out, "Forecasts: 2 new" in out, err) == (True, True, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [([], "No zone is followed"), (["XX"], "no grid zone XX"), (["DE", "--days", "0"], "--days is from 1")],
)
def test_what_cannot_be_meant_is_named(arguments: list[str], says: str):
    with pytest.raises(CommandError, match=says):
        run(*arguments)


def test_where_nothing_answers_the_command_fails_and_says_what_to_do(settings: Any):
    settings.ELECTRICITY_MAPS_KEY = ""

    err = StringIO()
    with pytest.raises(CommandError, match="No zone could be read"):
        call_command("refresh_grid", "DE", stdout=StringIO(), stderr=err)

    assert "Set a key for Electricity Maps" in err.getvalue()
