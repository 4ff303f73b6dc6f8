from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AwsAccount, RefreshRun, RunState
from accounts.services.runs import (
    MAX_ATTEMPTS,
    LeaseLost,
    claim_run,
    lease,
    park_exhausted,
    request_run,
    ring_for_waiting,
)
from tests.factories import AwsAccountFactory

pytestmark = pytest.mark.django_db


def new_run(now=None):
    return request_run(account=AwsAccountFactory.create(), now=now or timezone.now(), announce=False)


def test_a_second_request_joins_the_active_run():
    run = new_run()

    again = request_run(account=run.aws_account, now=timezone.now(), announce=False)

    assert again.pk == run.pk
    assert RefreshRun.objects.count() == 1


def test_a_request_for_more_widens_the_run_that_has_not_begun():
    account = AwsAccountFactory.create()
    run = request_run(account=account, now=timezone.now(), steps=["derive"], announce=False)

    joined = request_run(account=account, now=timezone.now(), steps=["inventory", "derive"], announce=False)

    assert joined.pk == run.pk
    assert RefreshRun.objects.get().steps == ["inventory", "derive"]


def test_a_request_joins_a_run_that_has_begun_as_it_is():
    account = AwsAccountFactory.create()
    run = request_run(account=account, now=timezone.now(), steps=["derive"], announce=False)
    claim_run(run_id=run.pk, now=timezone.now())

    joined = request_run(account=account, now=timezone.now(), announce=False)

    assert (joined.pk, joined.steps) == (run.pk, ["derive"])


def test_a_request_after_the_end_of_a_run_starts_a_new_one():
    run = new_run()
    claim_run(run_id=run.pk, now=timezone.now()).finish(now=timezone.now())

    again = request_run(account=run.aws_account, now=timezone.now(), announce=False)

    assert again.pk != run.pk


def test_an_unknown_step_is_refused_by_its_name():
    with pytest.raises(ValueError, match="no step moonphase"):
        request_run(account=AwsAccountFactory.create(), now=timezone.now(), steps=["moonphase"], announce=False)


def test_a_claimed_run_cannot_be_claimed_again_while_its_lease_lasts():
    run = new_run()
    now = timezone.now()

    first, second = claim_run(run_id=run.pk, now=now), claim_run(run_id=run.pk, now=now)

    assert first is not None
    assert second is None


def test_a_run_whose_worker_fell_silent_is_taken_over_and_the_old_worker_writes_nothing():
    run = new_run()
    now = timezone.now()
    slow = claim_run(run_id=run.pk, now=now)
    quick = claim_run(run_id=run.pk, now=now + lease() + timedelta(seconds=1))

    with pytest.raises(LeaseLost), slow.writing():
        AwsAccount.objects.update(name="written by the slow one")

    assert quick.fence == slow.fence + 1
    assert not AwsAccount.objects.filter(name="written by the slow one").exists()
    with quick.writing():
        AwsAccount.objects.update(name="written by the quick one")
    assert AwsAccount.objects.get().name == "written by the quick one"


def test_what_fails_inside_a_fenced_transaction_is_not_written():
    claim = claim_run(run_id=new_run().pk, now=timezone.now())

    with pytest.raises(IntegrityError), claim.writing():
        AwsAccount.objects.update(name="half-written", access_kind="by magic")

    assert not AwsAccount.objects.filter(name="half-written").exists()


def test_a_failed_attempt_waits_before_the_next_and_the_last_one_parks_the_run():
    run = new_run()
    now = timezone.now()

    for attempt in range(1, MAX_ATTEMPTS + 1):
        claim = claim_run(run_id=run.pk, now=now)
        assert claim.run.attempts == attempt
        claim.give_up(now=now, code="derive_broken", message="It broke.")
        run.refresh_from_db()
        assert claim_run(run_id=run.pk, now=now) is None
        now = run.next_try_at + timedelta(seconds=1)

    assert run.state == RunState.PARKED
    assert run.error_message == "It broke."


def test_a_run_whose_workers_keep_dying_is_parked():
    run = new_run()
    now = timezone.now()
    for _ in range(MAX_ATTEMPTS):
        assert claim_run(run_id=run.pk, now=now) is not None
        now += lease() + timedelta(seconds=1)

    parked = park_exhausted(now=now)

    run.refresh_from_db()
    assert parked == 1
    assert (run.state, run.error_code) == (RunState.PARKED, "worker_died")


def test_every_waiting_run_is_rung_for_again():
    waiting, working = new_run(), new_run()
    claim_run(run_id=working.pk, now=timezone.now())

    assert ring_for_waiting(now=timezone.now()) == 1
    assert RefreshRun.objects.get(pk=waiting.pk).state == RunState.QUEUED


@pytest.mark.django_db(transaction=True)
def test_twenty_requests_at_once_make_one_run():
    account = AwsAccountFactory.create()
    together = Barrier(20)
    runs = []

    def request():
        together.wait()
        try:
            runs.append(request_run(account=account, now=timezone.now(), announce=False).pk)
        finally:
            connection.close()

    threads = [Thread(target=request) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(runs) == 20
    assert set(runs) == set(RefreshRun.objects.values_list("pk", flat=True))
    assert RefreshRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_run_cannot_be_taken_over_while_its_worker_commits(is_postgres):
    if not is_postgres:
        # SQLite has one writer: while it commits nobody else can write at all.
        assert connection.vendor == "sqlite"
        return
    claim = claim_run(run_id=new_run().pk, now=timezone.now())
    later = timezone.now() + lease() + timedelta(seconds=1)
    taken = []

    def take_over():
        try:
            taken.append(claim_run(run_id=claim.run.pk, now=later))
        finally:
            connection.close()

    thread = Thread(target=take_over)
    with transaction.atomic(), claim.writing():
        thread.start()
        thread.join(timeout=0.5)
        waited = thread.is_alive()
        claim.finish(now=timezone.now())
    thread.join()

    assert waited
    assert taken == [None]
