import json
from pathlib import Path

import pytest
import requests
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from carbon.clients.boavizta import Boavizta
from finops.sandbox.faults import Fault
from finops.sandbox.power.machines import MACHINES
from finops.sandbox.scenario.instance_types import INSTANCE_TYPES

RECORDED = Path(settings.BASE_DIR).parent / "shared" / "data" / "boavizta"


@pytest.fixture
def url(sandbox):
    return sandbox.power_url


def instance(url, name, **more):
    body = {"provider": "aws", "instance_type": name, **more}
    return requests.post(f"{url}/v1/cloud/instance?criteria=gwp", json=body, timeout=5)


def paths(value, prefix=""):
    if isinstance(value, dict):
        return {path for key, item in value.items() for path in paths(item, f"{prefix}/{key}")}
    return {prefix}


def test_the_answer_has_the_members_of_a_recorded_one(url):
    recorded = json.loads((RECORDED / "cloud_m6a_large_post_wl50_deu.json").read_text())["response"]

    body = {"provider": "aws", "instance_type": "m6a.large", "usage": {"time_workload": 50, "usage_location": "DEU"}}
    told = requests.post(f"{url}/v1/cloud/instance?duration=1", json=body, timeout=5).json()

    mine = paths(told)
    assert {path for path in mine if "/CPU-1/workloads" not in path} <= paths(recorded)
    assert {"/verbose/avg_power/value", "/impacts/gwp/embedded/value", "/verbose/hours_life_time/value"} <= mine


@given(st.sampled_from(sorted(MACHINES)), st.floats(0, 100), st.floats(0, 100))
def test_more_load_never_draws_less(name, one, other):
    machine = MACHINES[name]

    assert (machine.watts(one) <= machine.watts(other)) == (one <= other) or abs(one - other) < 1e-6


def test_watts_of_m5_large_follow_the_formula():
    # (2 vCPU × 0.40 W + 8 GiB × 0.15 W) × 1.33 = 2.66 W idle; (2 × 5.10 + 1.2) × 1.33 = 15.162 W in full
    machine = MACHINES["m5.large"]

    assert machine.watts(0) == pytest.approx(2.66)
    assert machine.watts(100) == pytest.approx(15.162)


def test_a_load_of_parts_is_their_mean(url):
    parts = [{"time_percentage": 50, "load_percentage": 0}, {"time_percentage": 50, "load_percentage": 100}]

    told = instance(url, "m5.large", usage={"time_workload": parts}).json()

    assert told["verbose"]["avg_power"]["value"] == pytest.approx((2.66 + 15.162) / 2)


def test_embodied_carbon_is_shared_out_by_duration(url):
    whole = instance(url, "m5.large").json()
    hour = requests.get(f"{url}/v1/cloud/instance?instance_type=m5.large&duration=1", timeout=5).json()

    assert whole["verbose"]["duration"]["value"] == whole["verbose"]["hours_life_time"]["value"] == 52_560
    # (2 × 0.12 + 8 × 0.028) g/h = 0.464 g/h, told to two digits
    assert hour["impacts"]["gwp"]["embedded"]["value"] == 0.00046
    assert whole["impacts"]["gwp"]["embedded"]["value"] == 24.0


@pytest.mark.parametrize(("name", "status"), [("zz9.plural", 404), ("M5.LARGE", 404), ("f2.6xlarge", 404)])
def test_what_it_does_not_know_is_not_found(url, name, status):
    answer = instance(url, name)

    assert (answer.status_code, answer.json()) == (status, {"detail": f"{name} at aws not found"})


def test_a_near_name_is_answered_with_a_warning(url):
    answer = instance(url, "m8a.large").json()

    assert answer["warnings"][0].startswith("Instance 'm8a.large' not found; using closest match")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/cloud/instance", {}, 500),
        ("/v1/cloud/instance", {"provider": "aws"}, 500),
        ("/v1/cloud/instance?criteria=nope", {"provider": "aws", "instance_type": "m5.large"}, 500),
        ("/v1/cloud/instance", {"instance_type": "m5.large", "usage": {"time_workload": "high"}}, 422),
        ("/v1/cloud/instance", {"provider": "nope", "instance_type": "m5.large"}, 404),
    ],
)
def test_it_fails_as_the_real_one_fails(url, path, body, status):
    assert requests.post(url + path, json=body, timeout=5).status_code == status


def test_the_server_route_without_a_slash_redirects(url):
    body = {"configuration": {"cpu": {"units": 2, "core_units": 2, "name": "Intel Xeon"}}}

    plain = requests.post(f"{url}/v1/server?verbose=true", json=body, allow_redirects=False, timeout=5)
    followed = requests.post(f"{url}/v1/server?verbose=true", json=body, timeout=5).json()

    assert (plain.status_code, plain.headers["Location"]) == (307, f"{url}/v1/server/?verbose=true")
    assert followed["verbose"]["CPU-1"]["name"]["value"] != "Intel Xeon"
    assert followed["verbose"]["hours_life_time"]["value"] == 35_040


def test_the_product_reads_every_type_of_the_scenario(sandbox, url):
    power = Boavizta(base_url=url)
    used = sorted({group.instance_type for group in sandbox.scenario.groups})

    curves = {name: power.power_curve(name) for name in used}

    assert [name for name, curve in curves.items() if curve is None] == ["f2.6xlarge"]
    assert [name for name, curve in curves.items() if curve and curve.is_substituted] == ["m8a.large"]
    assert set(used) <= set(INSTANCE_TYPES)


def test_all_instances_are_listed(url):
    assert requests.get(f"{url}/v1/cloud/instance/all_instances?provider=aws", timeout=5).json() == sorted(MACHINES)


def test_the_next_request_can_be_made_to_fail(sandbox, url):
    sandbox.power.faults.next(Fault(503, "busy", content_type="text/plain"))

    assert [instance(url, "m5.large").status_code for _ in range(2)] == [503, 200]
