"""The Celery application: one beat entry, `tick`, and tasks that carry nothing but a run's id."""

import os
import socket
import sys
from threading import Event, Thread
from typing import Any

import structlog
from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finops.settings")

app = Celery("finops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = ("finops.tasks",)
# Keeps its times in memory: a tick more or less does no harm, a file that two beats write would.
app.conf.beat_scheduler = "celery.beat:Scheduler"
# One that nobody took within the minute is not worth taking: the next one follows.
app.conf.beat_schedule = {
    # Short, and all else hangs on it: it does not wait behind refreshes.
    "tick": {"task": "finops.tick", "schedule": 60.0, "options": {"expires": 55, "queue": "interactive"}},
}


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Celery would set the root logger's level; settings.py has configured it already."""


@worker_init.connect
def refuse_to_hear_nothing(sender: Any, **_: object) -> None:
    """A worker process on the in-memory broker would wait for ever: only threads of one process share it."""
    if str(sender.app.conf.broker_url).startswith("memory:"):
        sys.exit("REDIS_URL is not set, so this worker would hear of no work. Set it for web, worker and beat alike.")


@worker_ready.connect
def say_that_the_worker_lives(sender: Any, **_: object) -> None:
    """For /health/ready, and for the health check of the worker's container."""
    _say_every_while("worker", str(sender.hostname))


@beat_init.connect
def say_that_the_beat_lives(**_: object) -> None:
    """For /health/ready, and for the health check of the beat's container."""
    _say_every_while("beat", f"beat@{socket.gethostname()}")


def _say_every_while(part: str, name: str) -> None:
    """Write a heartbeat from a thread of its own, as long as this process lives; one that fails is lost alone."""
    from django.db import DatabaseError, InterfaceError, connection  # noqa: PLC0415 (the apps are loaded by now)
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import Part  # noqa: PLC0415
    from accounts.services.heartbeat import EVERY, note_alive  # noqa: PLC0415

    def beat() -> None:
        pause = Event()
        while True:
            try:
                note_alive(part=Part(part), name=name, now=timezone.now())
            except (DatabaseError, InterfaceError) as error:
                structlog.get_logger(__name__).warning("sign_of_life_missed", part=part, error=type(error).__name__)
            finally:
                connection.close()  # a pool that forks meanwhile inherits none
            pause.wait(EVERY.total_seconds())

    Thread(target=beat, name=f"heartbeat-of-{part}", daemon=True).start()
