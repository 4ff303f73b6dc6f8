"""Celery's worker and beat as threads of this process, on the in-memory broker."""

from threading import Thread
from typing import Any

from celery.beat import EmbeddedService
from celery.signals import worker_init

from finops.celery import app, refuse_to_hear_nothing

_WORKERS = 4


def start_worker_and_beat() -> None:
    """Work on what is rung for, and ring once a minute, for as long as this process lives."""
    worker_init.disconnect(refuse_to_hear_nothing)  # here web, worker and beat do share the in-memory broker
    app.loader.import_default_modules()
    worker = app.WorkController(
        pool="threads",
        concurrency=_WORKERS,
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    Thread(target=worker.start, name="worker", daemon=True).start()
    # It does not ask the settings which one, and would write its times into a file.
    beat: Any = EmbeddedService(app, thread=True, scheduler_cls=app.conf.beat_scheduler)
    beat.daemon = True
    beat.start()
