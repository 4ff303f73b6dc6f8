"""The Celery application: one beat entry, `tick`, and tasks that carry nothing but a run's id."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init

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
