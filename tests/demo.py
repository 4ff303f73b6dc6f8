"""`make demo` as a process of its own, for tests that look at it from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
ENDS_WITHIN_SECONDS = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Demo:
    """A demo of its own: port, database and a mark in the environment by which its processes are found."""

    folder: Path
    port: int = field(default_factory=free_port)
    history_days: int = 4
    settings: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid4().hex)
    process: subprocess.Popen | None = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self):
        return (self.folder / "demo.log").read_text()

    @property
    def database_url(self):
        return f"sqlite:///{self.folder / 'demo.sqlite3'}"

    def start(self):
        """Start it; the caller says for what to wait."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "AWS_"))}
        environment = kept | {
            "PORT": str(self.port),
            "DATABASE_URL": self.database_url,
            "HISTORY_DAYS": str(self.history_days),
            "DEMO_MARK": self.mark,
            **self.settings,
        }
        environment.pop("REDIS_URL", None)
        with (self.folder / "demo.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "finops.sandbox.demo"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self, *, seconds):
        """Seconds until it says that it is ready."""
        began = time.monotonic()
        while "Ready:" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() - began < seconds, self.said
            time.sleep(0.1)
        return time.monotonic() - began

    def end(self):
        """SIGTERM to the process that was started, as a terminal or a supervisor sends it; the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(ENDS_WITHIN_SECONDS)
        return time.monotonic() - began

    def processes(self):
        """Ids of all living processes that carry the mark."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"DEMO_MARK={self.mark}".encode() in environment and state != "Z":
                found.append(int(folder.name))
        return found

    def kill(self):
        """Leave nothing behind, whatever the test found."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
