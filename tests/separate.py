"""Programs of others, run beside the product: installed by hash into an environment of their own, ended by us."""

import hashlib
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class VerificationImpossibleError(Exception):
    """What was to be verified against is not to be had."""


def install(environment: Path, lock: Path) -> None:
    """Make `environment`, unless it holds this very lock already."""
    stamp, wanted = environment / ".lock-sha256", hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    done = subprocess.run([sys.executable, ROOT / "setup_env.py", environment, lock], check=False)
    if done.returncode:
        raise VerificationImpossibleError(f"{environment.name} could not be installed; nothing was verified.")
    stamp.write_text(wanted)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and make it."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
