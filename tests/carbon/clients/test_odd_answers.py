"""Whatever a grid's API puts in the place of a value, a client gives points or one of our three errors."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import responses
from django.conf import settings
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon.clients.electricity_maps import ElectricityMaps
from carbon.clients.energy_charts import EnergyCharts
from carbon.clients.neso import Neso
from carbon.clients.watttime import WattTime
from carbon.clients.watttime_login import TokenInMemory
from finops.core.upstream.errors import UpstreamError
from finops.core.upstream.patience import Patience

FIXTURES = Path(settings.BASE_DIR).parent / "shared" / "data" / "grid" / "fixtures"
HOST = "https://odd.example"
NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
ONCE = Patience(tries=1)

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "2026-03-18T12:00:00", "0001-01-01T00:00:00+14:00", [], {}, [None], [[]], {"x": 1}]),
)
FEW = hypothesis_settings(max_examples=60, deadline=None)


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


def shortened(body: Any) -> Any:
    """The first few entries of each list, so that a change hits every kind of place."""
    if isinstance(body, dict):
        return {key: shortened(value) for key, value in body.items()}
    return [shortened(value) for value in body[:3]] if isinstance(body, list) else body


def places(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def changed(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    body = copy.deepcopy(body)
    inner = body
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return body


def odd_forms_of(name: str) -> st.SearchStrategy[Any]:
    body = shortened(recorded(name))
    return st.builds(changed, st.just(body), st.sampled_from(places(body)), ODD)


def answer(body: Any, *questions: Callable[[], Any]) -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.get(re.compile(f"{HOST}/.*"), json=body)
        for question in questions:
            with contextlib.suppress(UpstreamError):
                question()


@FEW
@given(odd_forms_of("neso_intensity_fw48h.json"))
def test_neso(body: Any):
    source = Neso(now=NOW, base_url=HOST, patience=ONCE)

    answer(body, lambda: source.history("GB"), lambda: source.forecast("GB"))


@FEW
@given(odd_forms_of("energy_charts_co2eq_de.json"))
def test_energy_charts(body: Any):
    source = EnergyCharts(now=NOW, base_url=HOST, patience=ONCE)

    answer(body, lambda: source.history("DE"), lambda: source.forecast("DE"))


@FEW
@example(changed(shortened(recorded("watttime_historical_emissions.json")), ("meta", "units"), ["lbs"]))
@given(
    st.one_of(
        odd_forms_of("watttime_historical_emissions.json"),
        odd_forms_of("watttime_forecasted_emissions.json"),
        odd_forms_of("watttime_grid_region.json"),
    )
)
def test_watttime(body: Any):
    tokens = TokenInMemory()
    tokens.keep("token")
    source = WattTime(user="ann", password="pass", now=NOW, base_url=HOST, tokens=tokens, patience=ONCE)

    answer(
        body,
        lambda: source.history("WT-CAISO_NORTH"),
        lambda: source.forecast("WT-CAISO_NORTH"),
        lambda: source.region_at(1, 2),
        source.access,
    )


@FEW
@example(changed(shortened(recorded("em_v3_carbon_intensity_history.json")), ("history", 0, "temporalGranularity"), []))
@example(
    changed(shortened(recorded("em_v3_carbon_intensity_history.json")), ("history", 0, "temporalGranularity"), ["h"])
)
@given(odd_forms_of("em_v3_carbon_intensity_history.json"))
def test_forecasts_of_electricity_maps(body: Any):
    source = ElectricityMaps(key="SECRET", base_url=HOST, patience=ONCE)
    if isinstance(body, dict):
        body["forecast"] = body.get("history")

    answer(body, lambda: source.forecast("DE"))
