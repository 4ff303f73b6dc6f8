"""Rings for a worker. The run's row is the truth: a ring that is lost, doubled or late does no harm."""

import structlog
from celery import current_app
from kombu.exceptions import KombuError, OperationalError

logger = structlog.get_logger(__name__)

# `tick` rings every minute for a run that waits: while no worker listens, older rings are not to pile up.
_HEARD_WITHIN_SECONDS = 120


def ring(run_id: int, *, somebody_waits: bool) -> bool:
    """Tell a worker that a run waits; False where nobody heard, and `tick` will ring again.

    Where `somebody_waits`, in the queue that goes before what the clock asked for.
    """
    try:
        current_app.send_task(
            "finops.execute_run",
            kwargs={"run_id": run_id},
            queue="interactive" if somebody_waits else "refresh",
            retry=False,
            expires=_HEARD_WITHIN_SECONDS,
        )
    except (OperationalError, KombuError, OSError) as error:
        logger.warning("doorbell_unheard", run_id=run_id, error=type(error).__name__)
        return False
    return True
