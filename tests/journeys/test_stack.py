"""The services of docker-compose.yml, started from its own commands: signed in, refreshed, backed up and restored."""

import os
import re
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import requests

from finops.sandbox.people import PEOPLE
from tests.compose import ROOT
from tests.stack import Stack

pytestmark = pytest.mark.kill

PERSON = next(person for person in PEOPLE if person.first_name == "Ravi")
PAGES = ("/", "/instances/", "/explorer/", "/checks/")
REFRESHED_WITHIN_SECONDS = 90


@pytest.fixture(scope="module")
def stack():
    # Not among pytest's folders: PostgreSQL runs as a user of its own, who may not walk in there.
    with TemporaryDirectory(prefix="finops-") as folder, Stack(Path(folder) / "stack", {"HISTORY_DAYS": "1"}) as stack:
        stack.build()
        stack.start("redis")
        stack.play_upstreams()
        stack.start("migrate")
        stack.seed()
        for name in ("worker", "beat", "web"):
            stack.start(name)
        yield stack


@pytest.fixture(scope="module")
def browser(stack):
    browser = requests.Session()
    form = browser.get(f"{stack.url}/", timeout=20)
    answer = browser.post(
        form.url,
        data={
            "username": PERSON.email,
            "password": PERSON.password,
            "csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)[1],
            "next": "/",
        },
        headers={"Referer": form.url},
        timeout=20,
    )
    assert answer.url == f"{stack.url}/"
    return browser


@pytest.fixture(scope="module")
def refreshed(stack, browser):
    """The run that a click asked for, once it ended."""
    account = browser.get(f"{stack.url}/api/v1/accounts", timeout=20).json()["results"][0]
    asked = browser.post(
        f"{stack.url}/api/v1/accounts/{account['id']}/refresh",
        headers={"X-CSRFToken": browser.cookies["csrftoken"], "Referer": stack.url},
        timeout=20,
    )
    assert asked.status_code == 202
    run = f"{stack.url}/api/v1/runs/{asked.json()['id']}"
    deadline = time.monotonic() + REFRESHED_WITHIN_SECONDS
    while (found := browser.get(run, timeout=20).json())["state"] in {"queued", "running"}:
        assert time.monotonic() < deadline, (found, stack.said("worker"))
        time.sleep(0.2)
    return found


def test_a_click_comes_through_web_redis_and_worker_into_the_figures(stack, browser, refreshed):
    figures = browser.get(f"{stack.url}/api/v1/overview", params={"days": 2}, timeout=20).json()["figures"]

    assert refreshed["state"] == "done"
    assert float(figures["list_cost"]["value"]) > 0
    assert float(figures["energy"]["value"]) > 0
    assert 'data-figure="list_cost"' in browser.get(f"{stack.url}/", timeout=20).text


def test_the_health_checks_of_the_file_are_content(stack):
    assert stack.healthy("web")
    assert stack.wait_until(lambda: stack.healthy("worker"), "worker")
    checks = requests.get(f"{stack.url}/health/ready", timeout=20).json()["checks"]
    assert (checks["worker"], checks["beat"]) == ("ok", "ok")


def test_the_pages_come_with_the_files_that_the_image_collected(stack, browser):
    page = browser.get(f"{stack.url}/", timeout=20)
    (style,) = set(re.findall(r'href="(/static/[^"]+\.css)"', page.text)[:1])

    assert re.search(r"\.[0-9a-f]{12}\.css$", style)
    assert "immutable" in browser.get(stack.url + style, timeout=20).headers["Cache-Control"]
    assert "Embodied" in browser.get(f"{stack.url}/methodology/", timeout=20).text


def test_a_backup_brings_back_the_same_pages_after_everything_was_wiped(stack, browser, refreshed, tmp_path):  # noqa: ARG001
    # Nobody refreshes meanwhile: pages are compared letter by letter.
    for name in ("worker", "beat"):
        stack.end(name)
    before = pages(stack, browser)
    environment = {"PATH": os.environ["PATH"], "ON_POSTGRES": stack.on_postgres, "END": "true", "START": "true"}
    run(["sh", "deploy/backup.sh", str(tmp_path / "backup")], environment)
    run(["sh", "-c", f"{stack.on_postgres} dropdb --username=finops --force finops"], environment)
    run(["sh", "-c", f"{stack.on_postgres} createdb --username=finops finops"], environment)
    assert browser.get(f"{stack.url}/", timeout=20).status_code == 500

    run(["sh", "deploy/restore.sh", str(tmp_path / "backup")], environment)

    assert pages(stack, browser) == before
    assert browser.get(f"{stack.url}/health/ready", timeout=20).json()["checks"]["migrations"] == "ok"


def test_a_backup_that_cannot_be_read_changes_nothing(stack, browser, tmp_path):
    (tmp_path / "backup").write_bytes(b"PGDMP cut off")
    environment = {"PATH": os.environ["PATH"], "ON_POSTGRES": stack.on_postgres, "END": "false", "START": "false"}
    before = browser.get(f"{stack.url}/api/v1/accounts", timeout=20).json()

    done = subprocess.run(
        ["sh", "deploy/restore.sh", str(tmp_path / "backup")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "pg_restore: error" in done.stderr
    assert browser.get(f"{stack.url}/api/v1/accounts", timeout=20).json() == before


def pages(stack, browser):
    """What the pages say, without what changes from one answer to the next: tokens, and how long ago something was."""
    answers = {path: browser.get(stack.url + path, timeout=20) for path in PAGES}
    assert {answer.status_code for answer in answers.values()} == {200}
    changing = r'name="csrfmiddlewaretoken" value="[^"]*"|"X-CSRFToken": ?"[^"]*"|\d+ (?:second|minute)s? ago'
    return {path: re.sub(changing, "", answer.text) for path, answer in answers.items()}


def run(command, environment):
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
