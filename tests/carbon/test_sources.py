from __future__ import annotations

import pytest
import responses
from pytest_django import Settings

from carbon.sources import electricity_maps_source, power_source
from finops.core.upstream.errors import Reason, UpstreamRejected
from finops.core.upstream.meter import CallMeter


@pytest.fixture
def production(settings: Settings) -> Settings:
    settings.SANDBOX = False
    settings.ELECTRICITY_MAPS_URL = "https://api.electricitymaps.com"
    settings.ELECTRICITY_MAPS_KEY = "a-key"
    settings.BOAVIZTA_URL = "http://power.example"
    return settings


def test_without_a_key_there_is_no_grid_source(production: Settings):
    production.ELECTRICITY_MAPS_KEY = "  "

    assert electricity_maps_source() is None


def test_without_an_address_there_is_no_power_source(production: Settings):
    production.BOAVIZTA_URL = ""

    assert power_source() is None


def test_the_settings_reach_the_wire(production: Settings):
    production.ELECTRICITY_MAPS_URL = "https://gateway.example/"
    production.ELECTRICITY_MAPS_VERSION = "v3"
    production.ELECTRICITY_MAPS_HEADER = "X-Key"
    meter = CallMeter()
    source = electricity_maps_source(meter=meter)
    assert source is not None

    with responses.RequestsMock() as wire:
        wire.get("https://gateway.example/v3/zones", json=[])
        source.zones()
        assert wire.calls[0].request.headers["X-Key"] == "a-key"

    assert (source.name, meter.calls) == ("electricity_maps", {"v3/zones": 1})


def test_in_the_sandbox_the_stand_in_needs_no_key_and_is_called_simulated(settings: Settings):
    settings.SANDBOX = True
    settings.ELECTRICITY_MAPS_KEY = ""
    settings.ELECTRICITY_MAPS_URL = "http://127.0.0.1:9999/grid"

    source = electricity_maps_source()

    assert source is not None
    assert source.name == "simulated"


def test_the_sandbox_never_asks_the_public_api_without_a_key(settings: Settings):
    settings.SANDBOX = True
    settings.ELECTRICITY_MAPS_KEY = ""
    settings.ELECTRICITY_MAPS_URL = "https://api.electricitymaps.com/"

    assert electricity_maps_source() is None


def test_the_power_source_is_boavizta(production: Settings):  # noqa: ARG001 (sets the settings)
    source = power_source()

    assert source is not None
    assert source.name == "boavizta"


@pytest.mark.parametrize(
    ("setting", "make"),
    [("ELECTRICITY_MAPS_URL", electricity_maps_source), ("BOAVIZTA_URL", power_source)],
)
def test_an_unusable_address_names_its_setting_and_is_not_shown(production: Settings, setting, make):
    setattr(production, setting, "https://user:SECRET@grid.example")

    with pytest.raises(UpstreamRejected) as caught:
        make()

    assert caught.value.reason is Reason.NOT_ENABLED
    assert setting in caught.value.fix
    assert "SECRET" not in str(caught.value)
