"""Celery's worker and beat as threads of this process, on the in-memory broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from celery.beat import EmbeddedService

from finops.celery import app

_WORKERS = 4


@contextmanager
def worker_and_beat() -> Iterator[None]:
    """Work on what is rung for, and ring once a minute, until the block ends."""
    app.conf.beat_scheduler = "celery.beat:Scheduler"  # keeps its times in memory, not in a file
    app.loader.import_default_modules()
    worker = app.WorkController(
        pool="threads",
        concurrency=_WORKERS,
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    thread = Thread(target=worker.start, name="worker", daemon=True)
    thread.start()
    beat: Any = EmbeddedService(app, thread=True)
    beat.daemon = True
    beat.start()
    try:
        yield
    finally:
        beat.stop()
        worker.stop()
        thread.join(timeout=10)
