import pytest
from celery import current_app
from django.utils import timezone

from accounts.services.doorbell import ring
from accounts.services.runs import request_run, ring_for_waiting
from tests.factories import AwsAccountFactory

RUN_ID = 987_654_321
QUEUES = ("interactive", "refresh")


def rings(run_id):
    """The rings for that run out of whatever waits at the broker of this test run: queue and message, oldest first."""
    heard = []
    with current_app.connection_for_write() as broker:
        for name in QUEUES:
            with broker.SimpleQueue(current_app.amqp.queues[name], no_ack=True) as queue:
                for _ in range(_length(queue, broker)):
                    message = queue.get(timeout=5)
                    if message.payload[1] == {"run_id": run_id}:
                        heard.append((name, message))
    return heard


def _length(queue, broker):
    """How many messages wait; on Redis a queue without any is not there at all."""
    try:
        return queue.qsize()
    except broker.channel_errors:
        return 0


def queues_that_heard_of(run):
    return [name for name, _ in rings(run.pk)]


@pytest.mark.parametrize(("somebody_waits", "queue"), [(True, "interactive"), (False, "refresh")])
def test_a_ring_goes_into_one_queue_and_is_forgotten_where_no_worker_hears_it_in_time(somebody_waits, queue):
    assert ring(RUN_ID, somebody_waits=somebody_waits)

    ((name, message),) = rings(RUN_ID)

    assert (name, message.headers["task"]) == (queue, "finops.execute_run")
    assert message.headers["expires"] is not None


@pytest.mark.django_db
def test_a_run_that_somebody_clicked_for_goes_before_what_the_clock_asked_for(
    alice, django_capture_on_commit_callbacks
):
    account = AwsAccountFactory.create()

    with django_capture_on_commit_callbacks(execute=True):
        run = request_run(account=account, user=alice, now=timezone.now())

    assert queues_that_heard_of(run) == ["interactive"]


@pytest.mark.django_db
def test_a_run_of_the_clock_that_somebody_joins_before_it_began_is_rung_for_again_where_it_goes_first(
    alice, django_capture_on_commit_callbacks
):
    account = AwsAccountFactory.create()
    run = request_run(account=account, now=timezone.now(), announce=False)
    ring_for_waiting(now=timezone.now())

    with django_capture_on_commit_callbacks(execute=True):
        joined = request_run(account=account, user=alice, now=timezone.now())

    assert (joined.pk, joined.requested_by) == (run.pk, alice)
    assert queues_that_heard_of(run) == ["interactive", "refresh"]


@pytest.mark.django_db
def test_a_run_that_is_rung_for_again_keeps_its_queue(alice):
    run = request_run(account=AwsAccountFactory.create(), user=alice, now=timezone.now(), announce=False)

    ring_for_waiting(now=timezone.now())

    assert queues_that_heard_of(run) == ["interactive"]
