import time
from dataclasses import replace
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError
from django.utils import timezone

from accounts.models import RefreshRun, TouchedDay
from accounts.services.runs import STEPS, Claim, claim_run, request_run
from accounts.services.step import StepOutcome
from finops.core.periods import utc_day
from finops.pipeline.execute import _heartbeat, execute_run
from finops.pipeline.steps import PIPELINE
from tests.factories import AwsAccountFactory


class FalteringClaim(Claim):
    """The database does not take the first beat."""

    beats = 0

    def renew(self):
        type(self).beats += 1
        if self.beats == 1:
            raise OperationalError("the connection was lost")
        return super().renew()


@pytest.mark.django_db(transaction=True)
def test_a_beat_that_the_database_did_not_take_is_followed_by_the_next(settings):
    settings.REFRESH_LEASE_SECONDS = 0.2
    run = request_run(account=AwsAccountFactory.create(), now=timezone.now(), announce=False)
    claim = claim_run(run_id=run.pk, now=timezone.now())
    run.refresh_from_db()
    taken_until = run.lease_until

    with _heartbeat(FalteringClaim(claim.run, claim.fence)):
        time.sleep(0.6)

    run.refresh_from_db()
    assert FalteringClaim.beats > 1
    assert run.lease_until - taken_until >= timedelta(seconds=0.2)


@pytest.fixture
def steps(monkeypatch):
    """Every step notes its name and stores a mark, and breaks with the error given for it, once."""
    errors, done = {}, []

    def step(name):
        def do(context, progress):  # noqa: ARG001 (what every step takes)
            done.append(name)
            if name in errors:
                raise errors.pop(name)
            with context.writing():
                TouchedDay.objects.get_or_create(aws_account=context.account, day=utc_day(context.now))
            return StepOutcome("x", rows_written=len(name))

        return do

    for name in STEPS:
        monkeypatch.setitem(PIPELINE, name, replace(PIPELINE[name], do=step(name)))
    return errors, done


def attempt(run):
    RefreshRun.objects.update(next_try_at=timezone.now())
    return execute_run(run_id=run.pk, now=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("broken", "again"),
    [
        ("inventory", [name for name in STEPS if name != "bill"]),
        ("price", ["price", "derive", "findings"]),
        ("bill", ["bill", "derive", "findings"]),
        ("derive", ["derive", "findings"]),
    ],
)
def test_a_run_is_tried_again_from_the_step_that_broke(steps, broken, again):
    errors, done = steps
    run = request_run(account=AwsAccountFactory.create(), now=timezone.now(), announce=False)
    errors[broken] = ZeroDivisionError()
    attempt(run)
    run.refresh_from_db()
    assert (run.state, run.error_code, done) == ("queued", f"{broken}_broken", list(STEPS))
    done.clear()

    reports = attempt(run)

    run.refresh_from_db()
    assert (run.state, done) == ("done", again)
    assert {report.name: (report.state, report.rows) for report in reports} == {n: ("done", len(n)) for n in STEPS}
    assert {name: step["state"] for name, step in run.progress.items()} == dict.fromkeys(STEPS, "done")


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_time_is_up_keeps_what_is_done_and_goes_on_with_the_rest(steps):
    errors, done = steps
    run = request_run(account=AwsAccountFactory.create(), now=timezone.now(), announce=False)
    errors["utilization"] = SoftTimeLimitExceeded()

    with pytest.raises(SoftTimeLimitExceeded):
        attempt(run)

    run.refresh_from_db()
    assert (run.state, run.error_code, run.lease_until) == ("queued", "out_of_time", None)
    reached = STEPS.index("utilization")
    assert done == list(STEPS[: reached + 1])
    assert TouchedDay.objects.exists()
    done.clear()
    attempt(run)
    assert done == list(STEPS[reached:])
