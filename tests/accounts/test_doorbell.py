import pytest
from celery import current_app

from accounts.services.doorbell import ring


@pytest.fixture
def rung():
    """The queue in which rings wait, in memory and empty."""
    broker = current_app.connection_for_write("memory://")
    current_app.conf.broker_url, before = "memory://", current_app.conf.broker_url
    with broker, broker.SimpleQueue(current_app.conf.task_default_queue) as queue:
        queue.clear()
        yield queue
        queue.clear()
    current_app.conf.broker_url = before


def test_a_ring_that_no_worker_hears_in_time_is_forgotten(rung):
    assert ring(7)

    message = rung.get(timeout=1)

    assert message.headers["task"] == "finops.execute_run"
    assert message.headers["expires"] is not None
