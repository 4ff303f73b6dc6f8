from celery import current_app

from accounts.services.doorbell import ring

RUN_ID = 987_654_321


def message_about(run_id):
    """The ring for that run, out of whatever waits at the broker of this test run."""
    with (
        current_app.connection_for_write() as broker,
        broker.SimpleQueue(current_app.conf.task_default_queue, no_ack=True) as queue,
    ):
        while True:
            message = queue.get(timeout=5)
            _, arguments, _ = message.payload
            if arguments == {"run_id": run_id}:
                return message


def test_a_ring_that_no_worker_hears_in_time_is_forgotten():
    assert ring(RUN_ID)

    message = message_about(RUN_ID)

    assert message.headers["task"] == "finops.execute_run"
    assert message.headers["expires"] is not None
