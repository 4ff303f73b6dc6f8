import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
COMMAND = [sys.executable, "manage.py", "sandbox"]
ASKS = {"SANDBOX": "1", "SANDBOX_NOW": "2026-03-18T12:30:00+00:00"}
IN_TIME = 30


def wait_until(holds):
    deadline = time.monotonic() + IN_TIME
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


@pytest.fixture
def started(tmp_path):
    """A function that starts the command and gives the process and the environment it told."""
    processes = []

    def start(command):
        ready = tmp_path / "ready.json"
        processes.append(subprocess.Popen([*command, "--ready-file", str(ready)], cwd=ROOT, env={**os.environ, **ASKS}))
        wait_until(ready.exists)
        return processes[-1], json.loads(ready.read_text())

    yield start
    for process in processes:
        process.kill()
        process.wait()


def answers(environment):
    try:
        url = environment["ELECTRICITY_MAPS_URL"] + "/v4/zones"
        return requests.get(url, timeout=1).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end_and_cleans_up(started, number):
    process, environment = started(COMMAND)
    assert answers(environment)
    folder = Path(environment["HOME"])
    assert folder.is_dir()
    assert Path(environment["AWS_SHARED_CREDENTIALS_FILE"]).stat().st_mode & 0o077 == 0

    process.send_signal(number)

    assert process.wait(IN_TIME) == 0
    assert not answers(environment)
    assert not folder.exists()


def test_it_ends_when_whoever_started_it_is_gone(started):
    script = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"
    parent, environment = started([sys.executable, "-c", script, *COMMAND])
    assert answers(environment)

    parent.kill()
    parent.wait()

    wait_until(lambda: not answers(environment))


def test_a_port_in_use_is_named(started):
    _, environment = started(COMMAND)
    port = environment["AWS_ENDPOINT_URL"].rsplit(":", maxsplit=1)[1]

    done = subprocess.run(
        [*COMMAND, "--port", port],
        cwd=ROOT,
        env={**os.environ, **ASKS},
        capture_output=True,
        text=True,
        timeout=IN_TIME,
        check=False,
    )

    assert done.returncode == 1
    assert f"Port {port} or one of the next two cannot be used" in done.stderr
