"""`make demo` as somebody meets it who has just cloned the project: started, used, ended, started again."""

import re
import socket
import time

import pytest
import requests

from tests.demo import ENDS_WITHIN_SECONDS, Demo

pytestmark = pytest.mark.kill

FIRST_START_WITHIN_SECONDS = 180
LATER_START_WITHIN_SECONDS = 30
FIGURES = ("list_cost", "energy", "operational", "embodied")


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def signed_in(demo):
    """A browser of the first person whom the demo prints."""
    email, password = re.search(r"^\s+(ana@\S+)\s+(\S+)", demo.said, re.MULTILINE).groups()
    browser = requests.Session()
    form = browser.get(f"{demo.url}/", timeout=20)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)[1]
    answer = browser.post(
        form.url,
        data={"username": email, "password": password, "csrfmiddlewaretoken": token, "next": "/"},
        headers={"Referer": form.url},
        timeout=20,
    )
    assert answer.status_code == 200
    return browser


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.kill()


@pytest.fixture(scope="module")
def used(demo):
    """What somebody saw who started it, looked at it, and ended it."""
    demo.start()
    seen = {"seconds": demo.wait_until_ready(seconds=FIRST_START_WITHIN_SECONDS), "said": demo.said}
    stranger = requests.get(f"{demo.url}/", timeout=20)
    seen["stranger"] = stranger.url
    browser = signed_in(demo)
    seen["page"] = browser.get(f"{demo.url}/", timeout=20).text
    seen["api"] = browser.get(f"{demo.url}/api/v1/overview", params={"days": 7}, timeout=20).json()
    seen["processes"] = demo.processes()
    seen["ended_after"] = demo.end()
    return seen


def test_it_says_where_it_is_and_whom_to_sign_in_as(demo, used):
    assert f"Ready: {demo.url}" in used["said"]
    people = re.findall(r"^\s+(\S+@\S+)\s+(\S+)\s", used["said"], re.MULTILINE)
    assert len(people) >= 4
    assert all(len(password) >= 12 for _, password in people)


def test_a_stranger_is_asked_to_sign_in(used):
    assert "sign-in" in used["stranger"] or "login" in used["stranger"]


def test_a_printed_user_signs_in_and_sees_figures(used):
    for name in FIGURES:
        tile = re.search(rf'data-figure="{name}">\s*<data value="([^"]+)"', used["page"])
        assert float(tile[1]) > 0, name
        assert float(used["api"]["figures"][name]["value"]) > 0, name
    assert len(used["api"]["accounts"]) == 2
    assert used["api"]["is_simulated"]


def test_all_it_started_is_gone_when_it_is_ended(demo, used):
    assert len(used["processes"]) >= 3  # itself, the sandbox and the product
    assert used["ended_after"] < ENDS_WITHIN_SECONDS
    assert demo.processes() == []
    assert is_free(demo.port)


def test_it_leaves_no_complaint_behind(used, demo):
    assert "Traceback" not in used["said"] + demo.said


def test_started_again_it_goes_on_with_what_is_there_and_is_quick(demo, used):
    demo.start()

    seconds = demo.wait_until_ready(seconds=LATER_START_WITHIN_SECONDS)

    assert seconds < used["seconds"]
    assert "Data of an earlier start are here" in demo.said
    figures = signed_in(demo).get(f"{demo.url}/api/v1/overview", params={"days": 3}, timeout=20).json()["figures"]
    assert float(figures["list_cost"]["value"]) > 0
    demo.end()
    assert demo.processes() == []


def test_a_port_in_use_gives_one_line_that_says_what_to_do(tmp_path):
    demo = Demo(tmp_path)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", demo.port))
        holder.listen()

        demo.start()
        code = demo.process.wait(30)

    assert code == 1
    assert demo.said.splitlines() == [f"Port {demo.port} is in use. Take another one: make demo PORT={demo.port + 1}"]
    assert demo.processes() == []


@pytest.mark.parametrize("port", ["0", "-1", "99999", "http", "8000 "])
def test_a_port_that_is_none_gives_one_line(tmp_path, port):
    demo = Demo(tmp_path, port=port)

    demo.start()

    assert demo.process.wait(30) == 1
    assert demo.said.splitlines() == [f"PORT is a number from 1 to 65535, not {port!r}."]


def test_killed_without_a_chance_to_clean_up_its_children_end_by_themselves(tmp_path):
    demo = Demo(tmp_path)
    demo.start()
    deadline = time.monotonic() + 30
    while "First refresh" not in demo.said:
        assert time.monotonic() < deadline, demo.said
        time.sleep(0.05)

    demo.process.kill()
    demo.process.wait()

    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while demo.processes() and time.monotonic() < deadline:
        time.sleep(0.2)
    left = demo.processes()
    demo.kill()
    assert left == []
