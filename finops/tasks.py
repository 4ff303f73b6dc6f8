"""Celery's doors: `tick` every minute, and the doorbell of one run."""

from celery import shared_task
from django.utils import timezone

from accounts.models import Part
from accounts.services.heartbeat import note_alive
from finops import pipeline


@shared_task(name="finops.tick")
def tick() -> None:
    """Make due runs and ring for those that wait."""
    note_alive(part=Part.TICK, name="", now=timezone.now())
    pipeline.tick(now=timezone.now())


@shared_task(name="finops.execute_run")
def execute_run(*, run_id: int) -> None:
    """Do what the run's row asks for; lost, doubled or late, this message does no harm."""
    pipeline.execute_run(run_id=run_id, now=timezone.now())
