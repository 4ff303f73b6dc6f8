"""`make verify-clients`: clients that others wrote for the Carbon Aware SDK, run against our server.

One is generated here from the SDK's own OpenAPI document, the other comes with the package flwr-lowcarb. Both run
in .venv-clients, our server in a process of its own with a database of its own. Ends with 1 where one fails.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import requests

from tests.clients.known import emissions_file
from tests.separate import ROOT, VerificationImpossibleError, end, free_port, install

HERE = Path(__file__).resolve().parent
LOCK = ROOT / "requirements-clients.lock"
ENVIRONMENT = ROOT / ".venv-clients"
DOCUMENT = ROOT.parent / "shared" / "data" / "carbon_aware" / "sdk_openapi.yaml"
READY_WITHIN_SECONDS = 60


def main() -> int:
    """Install, generate, serve, run."""
    signal.signal(signal.SIGTERM, _leave)
    if not DOCUMENT.exists():
        print(f"{DOCUMENT.name} of the SDK is not there; nothing was verified.")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            install(ENVIRONMENT, LOCK)
            generated = generate(folder)
            with serving(folder) as (url, now):
                return max([run(script, generated, url, now) for script in ("with_generated.py", "with_lowcarb.py")])
        except VerificationImpossibleError as error:
            print(error)
            return 1


def generate(folder: Path) -> Path:
    """A Python client from the SDK's document; gives the folder to import it from."""
    target = folder / "generated"
    command = [ENVIRONMENT / "bin" / "openapi-generator-cli", "generate", "-g", "python"]
    made = subprocess.run(
        [*command, "-i", DOCUMENT, "-o", target, "--skip-validate-spec"],
        check=False, capture_output=True, text=True, env=os.environ | {"JAVA_TOOL_OPTIONS": "-Xmx512m"},
    )  # fmt: skip
    if made.returncode:
        raise VerificationImpossibleError(f"The client could not be generated. {made.stderr[-500:]}")
    return target


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, datetime]]:
    """Our server with known data, open to whoever asks, and the instant that its data are of."""
    environment = os.environ | {
        "SANDBOX": "1",
        "SECRET_KEY": "only-to-verify-clients",
        "CARBON_AWARE_ANONYMOUS": "true",
        "DATABASE_URL": f"sqlite:///{folder / 'clients.sqlite3'}",
        "LOG_LEVEL": "ERROR",
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    now = datetime.now(UTC)
    file = folder / "known.json"
    file.write_text(json.dumps(emissions_file(now)))
    for command in (["migrate", "--verbosity", "0"], ["import_emissions", file], ["import_forecasts", file]):
        done = subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=False)
        if done.returncode:
            raise VerificationImpossibleError(f"Our server could not be filled: {command[0]} failed.")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "finops.wsgi", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT, env=environment)
    try:
        wait_until_ready(f"{url}/health", process)
        yield url, now
    finally:
        end(process)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once our server answers."""
    for _ in range(READY_WITHIN_SECONDS * 5):
        if process.poll() is not None:
            raise VerificationImpossibleError(f"Our server ended at once, with {process.returncode}.")
        try:
            requests.get(url, timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    raise VerificationImpossibleError(f"Our server was not ready within {READY_WITHIN_SECONDS} s.")


def run(script: str, generated: Path, url: str, now: datetime) -> int:
    """The script's own status; it says itself what was not as it should be."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    command = [ENVIRONMENT / "bin" / "python", "-W", "ignore", HERE / script, url, now.isoformat()]
    path = os.pathsep.join(str(folder) for folder in (generated, HERE))
    return subprocess.run(command, env=environment | {"PYTHONPATH": path}, check=False).returncode


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
