"""Serve the stand-ins of all upstreams until told to end, or until whoever started them is gone."""

import json
import os
import signal
from argparse import ArgumentParser
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from finops.sandbox.server import Sandbox

_HIGHEST_PORT = 65_535


class Command(BaseCommand):
    help = "Serve stand-ins for AWS, the grid API and the power API on this machine, until SIGTERM or SIGINT."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=0, help="Port of the AWS endpoint; grid and power take the next two. Free ones."
        )
        parser.add_argument("--folder", type=Path, default=None, help="Where the AWS profiles go. A temporary folder.")
        parser.add_argument(
            "--ready-file",
            type=Path,
            default=None,
            help="Written, as JSON, once all stand-ins answer: the environment.",
        )

    def handle(self, *, port: int, folder: Path | None, ready_file: Path | None, **_options: Any) -> None:
        if not 0 <= port <= _HIGHEST_PORT - 2:
            raise CommandError(f"A port is a number from 1 to {_HIGHEST_PORT - 2}, not {port}.")
        ended = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: ended.set())
        parent = os.getppid()
        try:
            sandbox = Sandbox(port=port, folder=folder).start()
        except OSError as error:
            raise CommandError(f"Port {port} or one of the next two cannot be used: {error}.") from error
        try:
            if ready_file is None:
                self._tell(sandbox)
            else:
                _write_whole(ready_file, json.dumps(sandbox.environment()))
            while not ended.wait(1.0) and os.getppid() == parent:
                pass
        finally:
            sandbox.stop()

    def _tell(self, sandbox: Sandbox) -> None:
        self.stdout.write(
            "# Simulated upstreams. HOME is where botocore looks for the SSO token of the shop's profile."
        )
        for name, value in sandbox.environment().items():
            self.stdout.write(f"{name}={value}")
        self.stdout.flush()


def _write_whole(path: Path, text: str) -> None:
    """Write so that a reader sees all of it or nothing."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(path)
