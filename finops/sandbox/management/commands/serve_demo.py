"""The product as the demo runs it: web, worker and beat in one process, against the sandbox."""

import os
import signal
import socketserver
import sys
import threading
import time
from types import FrameType
from typing import Any
from wsgiref.simple_server import WSGIServer

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from accounts.models import AwsAccount, RefreshRun, RunState
from accounts.services.runs import request_run, ring_for_waiting
from costing.models import DailyTotal
from finops.pipeline import due_steps
from finops.sandbox.background import start_worker_and_beat
from finops.sandbox.people import PEOPLE
from finops.sandbox.seed import seed


class Command(BaseCommand):
    help = "Serve the demo against a running sandbox. `make demo` starts both."

    def handle(self, **_options: Any) -> None:
        if not os.environ.get("AWS_ENDPOINT_URL"):
            raise CommandError("No sandbox is running. Start both with `make demo`.")
        _end_with_parent()
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        console = Console(highlight=False, soft_wrap=True)
        call_command("migrate", verbosity=0)
        seed()
        with _web_server(int(os.environ["PORT"])) as server:
            start_worker_and_beat()
            is_first = not DailyTotal.objects.exists()
            now = timezone.now()
            # This process is the demo's only worker, so what an earlier one left in mid-work is free at once.
            RefreshRun.objects.filter(state=RunState.RUNNING).update(lease_until=now)
            runs = [
                request_run(account=account, now=now, steps=steps, announce=False)
                for account in AwsAccount.objects.active().order_by("pk")
                if (steps := due_steps(account=account, now=now))
            ]
            ring_for_waiting(now=timezone.now())
            if is_first:
                console.print("First refresh of the simulated accounts …")
                _follow(runs, console)
            else:
                console.print("Data of an earlier start are here; they are refreshed in the background.")
            _greet(console, server.server_port)
            server.serve_forever()


def _stop(_signum: int, _frame: FrameType | None) -> None:
    """End at once: a refresh in mid-work is as safe as in a power cut, and goes on at the next start."""
    sys.stdout.flush()
    os._exit(0)


def _end_with_parent() -> None:
    """End when `make demo` was killed: nobody else would."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """A thread a connection: enough for one person at a demo."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing for each request."""


def _web_server(port: int) -> _Server:
    try:
        server = _Server(("127.0.0.1", port), _Handler)
    except OSError as error:
        raise CommandError(f"Port {port} is in use. Take another one: make demo PORT={port + 1}") from error
    server.set_app(get_wsgi_application())
    return server


def _follow(runs: list[RefreshRun], console: Console) -> None:
    """Show how far each run is until none is active; without a terminal, one line an account."""
    began = time.monotonic()
    with Progress(
        TextColumn("  {task.description:<30}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[words]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bars:
        tasks = {run.pk: bars.add_task(str(run.aws_account), total=len(run.steps), words="waiting") for run in runs}
        waiting = set(tasks)
        while waiting:
            time.sleep(0.3)
            for run in RefreshRun.objects.filter(pk__in=waiting).select_related("aws_account"):
                done, words = _standing(run)
                bars.update(tasks[run.pk], completed=done, words=words)
                if run.finished_at is not None:
                    waiting.discard(run.pk)
                    if not console.is_terminal:
                        console.print(f"  {run.aws_account}: {words}")
    console.print(f"Refreshed {len(runs)} accounts in {time.monotonic() - began:.0f} s.")


def _standing(run: RefreshRun) -> tuple[int, str]:
    """How many steps are through, and what is going on or went wrong."""
    steps = run.progress or {}
    ended = [name for name, step in steps.items() if step["state"] not in {"waiting", "running"}]
    if run.finished_at is not None:
        failed = [f"{name}: {step['message']}" for name, step in steps.items() if step["state"] == "failed"]
        return len(run.steps), "; ".join(failed[:1]) or "done"
    for name, step in steps.items():
        if step["state"] == "running":
            parts = f" {step['done']}/{step['total']} {step['part']}" if step["total"] else ""
            return len(ended), f"{name}{parts}"
    return len(ended), "waiting"


def _greet(console: Console, port: int) -> None:
    console.print(f"\nReady: http://127.0.0.1:{port}\n")
    for person in PEOPLE:
        console.print(f"  {person.email}  {person.password}  {person.note}", markup=False)
    folder = settings.VAR_DIR.relative_to(settings.BASE_DIR)
    console.print(f"\nAll data are simulated and stay in {folder}/. Ctrl-C ends the demo.")
    sys.stdout.flush()
