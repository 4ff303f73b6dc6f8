from datetime import timedelta

import pytest

from accounts.models import RefreshRun, SourceStatus, TouchedDay
from accounts.services.runs import STEPS, claim_run, lease
from finops.pipeline import PIPELINE, due_steps, tick
from tests.factories import NOW, AwsAccountFactory, SourceStatusFactory

pytestmark = pytest.mark.django_db


def all_asked(account, *, next_due_at):
    for step in PIPELINE.values():
        owner = None if step.is_shared else account
        SourceStatus.objects.filter(aws_account=owner, source=step.source).delete()
        SourceStatusFactory.create(aws_account=owner, source=step.source, next_due_at=next_due_at)


def test_an_account_that_was_never_asked_is_due_with_every_step():
    assert due_steps(account=AwsAccountFactory.create(), now=NOW) == list(STEPS)


def test_nothing_is_due_while_every_source_is_fresh():
    account = AwsAccountFactory.create()
    all_asked(account, next_due_at=NOW + timedelta(minutes=1))

    assert due_steps(account=account, now=NOW) == []


def test_only_the_step_whose_time_has_come_is_due_and_the_ledger_follows():
    account = AwsAccountFactory.create()
    all_asked(account, next_due_at=NOW + timedelta(hours=1))
    SourceStatus.objects.filter(source="aws_cloudwatch").update(next_due_at=NOW)

    assert due_steps(account=account, now=NOW) == ["utilization", "derive"]


def test_a_touched_day_that_is_over_is_derived_at_once_and_today_waits():
    account = AwsAccountFactory.create()
    all_asked(account, next_due_at=NOW + timedelta(hours=1))
    TouchedDay.objects.create(aws_account=account, day=NOW.date())
    assert due_steps(account=account, now=NOW) == []

    TouchedDay.objects.create(aws_account=account, day=NOW.date() - timedelta(days=1))

    assert due_steps(account=account, now=NOW) == ["derive"]


def test_a_new_account_is_due_with_grid_and_power_though_others_asked_these_lately():
    all_asked(AwsAccountFactory.create(), next_due_at=NOW + timedelta(hours=1))

    assert due_steps(account=AwsAccountFactory.create(), now=NOW) == list(STEPS)


def test_an_account_whose_run_was_parked_rests_an_hour():
    account = AwsAccountFactory.create()
    tick(now=NOW)
    RefreshRun.objects.update(state="parked", finished_at=NOW)

    tick(now=NOW + timedelta(minutes=59))
    assert RefreshRun.objects.filter(aws_account=account).count() == 1
    tick(now=NOW + timedelta(minutes=61))

    assert RefreshRun.objects.filter(aws_account=account).count() == 2


def test_two_ticks_at_once_make_one_run_an_account():
    AwsAccountFactory.create()
    AwsAccountFactory.create(is_active=False)

    tick(now=NOW)
    tick(now=NOW)

    assert RefreshRun.objects.count() == 1


def test_a_tick_rings_for_a_run_whose_worker_fell_silent():
    AwsAccountFactory.create()
    tick(now=NOW)
    claim_run(run_id=RefreshRun.objects.get().pk, now=NOW)

    assert tick(now=NOW + timedelta(seconds=1)) == 0
    assert tick(now=NOW + lease() + timedelta(seconds=1)) == 1


def test_a_tick_asks_the_database_as_often_for_many_accounts_as_for_one(django_assert_num_queries):
    for account in AwsAccountFactory.create_batch(12):
        all_asked(account, next_due_at=NOW + timedelta(hours=1))

    with django_assert_num_queries(7):  # park, accounts, states, marks, waiting runs, sign-ins, removals
        tick(now=NOW)
