from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from carbon.clients.boavizta import LOADS_PERCENT, Boavizta
from carbon.clients.power import RamModules, ServerConfiguration
from finops.core.upstream.errors import (
    Reason,
    UpstreamError,
    UpstreamMisunderstood,
    UpstreamRejected,
    UpstreamUnavailable,
)
from finops.core.upstream.patience import Patience

RECORDED = Path(settings.BASE_DIR).parent / "shared" / "data" / "boavizta"
HOST = "http://power.example"
INSTANCE = f"{HOST}/v1/cloud/instance"
SERVER = f"{HOST}/v1/server/"
XEON = ServerConfiguration(cpu_units=2, cpu_core_units=2, cpu_name="Intel Xeon", ram=(RamModules(1, 8),))

# m6a.large as version 2.5.0 answers at each load, rounded to milliwatts
WATTS = dict(zip(LOADS_PERCENT, (1.851, 2.568, 3.161, 4.108, 5.18, 6.01, 7.091, 7.947), strict=True))


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


def whole_life(name: str, *, embodied: float, life: float) -> dict[str, Any]:
    """A recorded answer for one hour, as the API gives it for the whole life."""
    answer: dict[str, Any] = recorded(name)["response"]
    answer["verbose"]["duration"]["value"] = life
    answer["impacts"]["gwp"]["embedded"]["value"] = embodied
    return answer


def answers(
    wire: responses.RequestsMock,
    answer: dict[str, Any],
    *,
    url: str = INSTANCE,
    watts: Callable[[int], float] = WATTS.__getitem__,
) -> None:
    """Answer every load with `answer` and the watts that belong to the load."""

    def at_load(request: Any) -> tuple[int, dict[str, str], str]:
        load = json.loads(request.body)["usage"]["time_workload"]
        body = copy.deepcopy(answer)
        body["verbose"]["avg_power"]["value"] = watts(load)
        return 200, {}, json.dumps(body)

    wire.add_callback("POST", url, callback=at_load)


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.get(f"{HOST}/v1/utils/version", json="2.5.0")
        yield wire


@pytest.fixture
def source() -> Boavizta:
    return Boavizta(base_url=HOST, patience=Patience(tries=1))


@pytest.fixture
def m6a_large() -> dict[str, Any]:
    return whole_life("cloud_m6a_large_get.json", embodied=20.0, life=52_560.0)


def test_a_known_type_has_a_curve_of_eight_loads(
    wire: responses.RequestsMock, source: Boavizta, m6a_large: dict[str, Any]
):
    answers(wire, m6a_large)

    curve = source.power_curve("m6a.large")

    assert curve is not None
    assert curve.load_percent == (0, 5, 10, 20, 35, 50, 75, 100)
    assert curve.watts == tuple(WATTS.values())
    assert (curve.embodied_kgco2e, curve.lifespan_hours, curve.source_version) == (20.0, 52_560.0, "2.5.0")
    assert (curve.instance_type, curve.is_substituted, curve.warning) == ("m6a.large", False, "")


def test_the_request_names_type_load_and_the_one_impact_we_use(
    wire: responses.RequestsMock, source: Boavizta, m6a_large: dict[str, Any]
):
    answers(wire, m6a_large)

    source.power_curve("m6a.large")

    first = wire.calls[0].request
    assert first.url == f"{INSTANCE}?verbose=true&criteria=gwp"
    assert json.loads(first.body) == {
        "provider": "aws",
        "instance_type": "m6a.large",
        "usage": {"time_workload": 0},
    }


@pytest.mark.parametrize(
    ("name", "asked", "taken"),
    [
        ("cloud_type_i7ie_large.json", "i7ie.large", "r7iz.large"),
        ("cloud_type_m8a_large.json", "m8a.large", "m5a.large"),
        ("cloud_type_m9g_large.json", "m9g.large", "m6g.large"),
        ("cloud_type_c8a_large.json", "c8a.large", "c5a.large"),
    ],
)
def test_an_answer_for_a_similar_type_is_flagged(
    wire: responses.RequestsMock, source: Boavizta, name: str, asked: str, taken: str
):
    answers(wire, whole_life(name, embodied=38.0, life=52_560.0))

    curve = source.power_curve(asked)

    assert curve is not None
    assert curve.is_substituted
    assert asked in curve.warning
    assert taken in curve.warning


@pytest.mark.parametrize(
    "name",
    [
        "cloud_type_m6a.json",
        "cloud_type_m6a_huge.json",
        "cloud_type_m6a_lrg.json",
        "cloud_type_p6-b200_48xlarge.json",
        "cloud_type_trn2_48xlarge.json",
        "cloud_unknown_instance.json",
        "cloud_upper_case.json",
    ],
)
def test_a_type_it_does_not_know_has_no_curve(wire: responses.RequestsMock, source: Boavizta, name: str):
    told = recorded(name)
    wire.post(INSTANCE, json=told["response"], status=told["status"])

    assert source.power_curve("whatever") is None


def test_a_404_of_something_else_is_not_an_unknown_type(wire: responses.RequestsMock, source: Boavizta):
    wire.post(INSTANCE, json={"detail": "Not Found"}, status=404)

    with pytest.raises(UpstreamMisunderstood) as caught:
        source.power_curve("m6a.large")

    assert "BOAVIZTA_URL" in caught.value.fix


@pytest.mark.parametrize(
    "name", ["cloud_empty_body.json", "cloud_missing_instance_type.json", "cloud_bad_criteria.json"]
)
def test_its_own_trouble_is_unavailable(wire: responses.RequestsMock, source: Boavizta, name: str):
    told = recorded(name)
    wire.post(INSTANCE, body=told["response"], status=told["status"])

    with pytest.raises(UpstreamUnavailable):
        source.power_curve("m6a.large")


def test_a_request_it_cannot_read_is_a_bad_request(wire: responses.RequestsMock, source: Boavizta):
    told = recorded("cloud_bad_workload_type.json")
    wire.post(INSTANCE, json=told["response"], status=told["status"])

    with pytest.raises(UpstreamRejected) as caught:
        source.power_curve("m6a.large")

    assert caught.value.reason is Reason.BAD_REQUEST


def test_an_answer_for_one_hour_is_not_taken_for_the_whole_life(wire: responses.RequestsMock, source: Boavizta):
    answers(wire, recorded("cloud_m6a_large_get.json")["response"])

    with pytest.raises(UpstreamMisunderstood, match="whole life"):
        source.power_curve("m6a.large")


def test_embodied_carbon_may_be_unknown(wire: responses.RequestsMock, source: Boavizta, m6a_large: dict[str, Any]):
    m6a_large["impacts"]["gwp"]["embedded"] = "not implemented"
    answers(wire, m6a_large)

    curve = source.power_curve("m6a.large")

    assert curve is not None
    assert (curve.embodied_kgco2e, curve.lifespan_hours) == (None, None)


@pytest.mark.parametrize(
    "watts",
    [
        lambda _: 6.01,  # the load was not heard
        lambda load: 10.0 - load / 20,
        lambda load: 0.0 if load == 0 else 5.0 + load,
        lambda load: -1.0 + load,
        lambda load: 99_000.0 + load * 100,
        lambda load: "6" if load == 50 else 1.0 + load,
        lambda load: None if load == 50 else 1.0 + load,
        lambda load: True if load == 0 else 1.0 + load,
    ],
)
def test_a_power_that_cannot_be_is_refused(
    wire: responses.RequestsMock, source: Boavizta, m6a_large: dict[str, Any], watts: Callable[[int], float]
):
    answers(wire, m6a_large, watts=watts)

    with pytest.raises(UpstreamMisunderstood):
        source.power_curve("m6a.large")


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a["verbose"]["avg_power"].update(unit="kW"),
        lambda a: a["verbose"].pop("avg_power"),
        lambda a: a.pop("verbose"),
        lambda a: a.pop("impacts"),
        lambda a: a["impacts"]["gwp"].update(unit="gCO2eq"),
        lambda a: a["impacts"]["gwp"]["embedded"].update(value=-1),
        lambda a: a["verbose"]["hours_life_time"].update(value=0),
        lambda a: a.update(warnings="none"),
    ],
)
def test_an_answer_of_another_shape_is_not_understood(
    wire: responses.RequestsMock, source: Boavizta, m6a_large: dict[str, Any], change: Callable[[dict[str, Any]], None]
):
    def changed(request: Any) -> tuple[int, dict[str, str], str]:
        body = copy.deepcopy(m6a_large)
        body["verbose"]["avg_power"]["value"] = WATTS[json.loads(request.body)["usage"]["time_workload"]]
        change(body)
        return 200, {}, json.dumps(body)

    wire.add_callback("POST", INSTANCE, callback=changed)

    with pytest.raises(UpstreamMisunderstood):
        source.power_curve("m6a.large")


@pytest.mark.parametrize("body", ["[]", "3", "null", "<html>", '{"verbose": NaN}'])
def test_what_is_no_object_is_not_understood(wire: responses.RequestsMock, source: Boavizta, body: str):
    wire.post(INSTANCE, body=body)

    with pytest.raises(UpstreamMisunderstood):
        source.power_curve("m6a.large")


def test_a_server_given_by_its_parts_has_a_curve_and_says_which_cpu_was_taken(
    wire: responses.RequestsMock, source: Boavizta
):
    answer = whole_life("server_seed_request_duration1h.json", embodied=480.0, life=35_040.0)
    answers(wire, answer, url=SERVER, watts=lambda load: 105.8 + load * 6)

    curve = source.server_curve(XEON)

    assert (curve.embodied_kgco2e, curve.lifespan_hours) == (480.0, 35_040.0)
    assert curve.is_substituted
    assert "Intel Xeon Bronze 3104" in curve.warning
    assert json.loads(wire.calls[0].request.body) == {
        "configuration": {
            "cpu": {"units": 2, "core_units": 2, "name": "Intel Xeon"},
            "ram": [{"units": 1, "capacity": 8}],
        },
        "usage": {"time_workload": 0},
    }


def test_a_server_with_a_cpu_it_knows_is_not_flagged(wire: responses.RequestsMock, source: Boavizta):
    answer = whole_life("server_seed_units1_real_cpu.json", embodied=460.0, life=35_040.0)
    answers(wire, answer, url=SERVER, watts=lambda load: 46.9 + load * 2.7)

    curve = source.server_curve(ServerConfiguration(1, 48, "amd epyc 7r13", (RamModules(1, 8),)))

    assert (curve.is_substituted, curve.warning) == (False, "")


def test_a_redirect_of_a_post_within_the_host_is_followed(
    wire: responses.RequestsMock, source: Boavizta, m6a_large: dict[str, Any]
):
    wire.post(INSTANCE, status=307, headers={"Location": f"{INSTANCE}/?verbose=true&criteria=gwp"})
    answers(wire, m6a_large, url=f"{INSTANCE}/")

    curve = source.power_curve("m6a.large")

    assert curve is not None
    assert curve.watts == tuple(WATTS.values())


def test_the_version_is_asked_once_and_may_be_missing(m6a_large: dict[str, Any], source: Boavizta):
    with responses.RequestsMock() as wire:
        version = wire.get(f"{HOST}/v1/utils/version", json={"detail": "Not Found"}, status=404)
        answers(wire, m6a_large)

        curves = [source.power_curve("m6a.large"), source.power_curve("m6a.large")]

    assert version.call_count == 1
    assert [curve.source_version for curve in curves if curve] == ["", ""]


@given(watts=st.lists(st.floats(-10, 200_000), min_size=8, max_size=8))
@hypothesis_settings(max_examples=40, deadline=None)
def test_every_curve_that_is_taken_is_positive_and_rises(watts: list[float]):
    by_load = dict(zip(LOADS_PERCENT, watts, strict=True))
    source = Boavizta(base_url=HOST, patience=Patience(tries=1))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.get(f"{HOST}/v1/utils/version", json="2.5.0")
        answers(wire, whole_life("cloud_m6a_large_get.json", embodied=20.0, life=52_560.0), watts=by_load.__getitem__)
        try:
            curve = source.power_curve("m6a.large")
        except UpstreamError:
            return

    assert curve is not None
    assert 0 < curve.watts[0] < curve.watts[-1] <= 100_000
    assert list(curve.watts) == sorted(curve.watts)
