"""`make demo`: the sandbox upstreams and the product beside them, as two processes that end together.

    python -m finops.sandbox.demo

PORT says where the pages are served. SIGINT and SIGTERM end everything this started.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60
GRACE_SECONDS = 15
LARGEST_PORT = 65535


def main() -> int:
    """Start both, wait for the product to end, end the sandbox; give the product's exit code."""
    port = _port()
    children: list[subprocess.Popen[bytes]] = []

    def end(signum: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    try:
        sys.stdout.write("Starting the sandbox: stand-ins for AWS, the grid and the power API …\n")
        sys.stdout.flush()
        # Denials and expired sign-ins belong to the demo and are shown on its pages, not here.
        environment = {"LOG_LEVEL": "ERROR", **os.environ, "SANDBOX": "1", "PORT": str(port)}
        ready = ROOT / "var" / f"sandbox-{os.getpid()}.json"
        ready.parent.mkdir(exist_ok=True)
        children.append(_manage("sandbox", "--ready-file", str(ready), environment=environment))
        environment |= _upstreams(ready, children[0])
        environment.setdefault("DATABASE_URL", _database_of(environment["SANDBOX_WORLD"]))
        children.append(_manage("serve_demo", environment=environment))
        return children[1].wait()
    finally:
        _end_all(children)


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= LARGEST_PORT:
        sys.exit(f"PORT is a number from 1 to 65535, not {text!r}.")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            sys.exit(f"Port {port} needs more rights than you have. Take a higher one: make demo PORT=8080")
        except OSError:
            sys.exit(
                f"Port {port} is in use. Take another one: make demo PORT={8080 if port == LARGEST_PORT else port + 1}"
            )
    return port


def _manage(*arguments: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # A process group of its own: Ctrl-C reaches us alone, and we end the children in their order.
    return subprocess.Popen(  # noqa: S603 (our own command)
        [sys.executable, str(ROOT / "manage.py"), *arguments], env=environment, cwd=ROOT, start_new_session=True
    )


def _upstreams(ready: Path, sandbox: subprocess.Popen[bytes]) -> dict[str, str]:
    """The environment by which the product finds the sandbox, once the sandbox has written it."""
    deadline = time.monotonic() + READY_SECONDS
    try:
        while not ready.exists():
            if sandbox.poll() is not None:
                sys.exit("The sandbox ended before it was ready; its lines above say why.")
            if time.monotonic() > deadline:
                sys.exit(f"The sandbox was not ready after {READY_SECONDS} s.")
            time.sleep(0.05)
        environment: dict[str, str] = json.loads(ready.read_text())
    finally:
        ready.unlink(missing_ok=True)
    return environment


def _database_of(world: str) -> str:
    """The demo's own SQLite file, never that of a real installation.

    The simulated world tells another history from one week to the next, so a file of an earlier one is removed.
    """
    folder, name = ROOT / "var", f"demo-{world}.sqlite3"
    for file in folder.glob("demo-*.sqlite3*"):
        if not file.name.startswith(name):
            file.unlink()
    return f"sqlite:///{folder / name}"


def _end_all(children: list[subprocess.Popen[bytes]]) -> None:
    """End the product first, then what it leans on; what does not end in time is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for child in reversed(children):
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


if __name__ == "__main__":
    sys.exit(main())
