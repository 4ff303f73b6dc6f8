from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from accounts.models import SourceStatus
from accounts.services.step import PartOutcome, StepOutcome
from finops.core.periods import DAY, Period
from finops.core.upstream.errors import Reason, UpstreamRejected, UpstreamUnavailable
from finops.pipeline.run import run_steps
from finops.pipeline.steps import PIPELINE, Context
from tests.factories import NOW, AwsAccountFactory

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
UNAVAILABLE = UpstreamUnavailable("AWS could not be reached.", upstream="aws_cloudtrail")
LIMITED = UpstreamUnavailable("Too often.", upstream="aws_cloudtrail", reason=Reason.RATE_LIMITED, fix="Wait.")
SIGNED_OUT = UpstreamRejected(
    "Signed out.", upstream="aws", reason=Reason.LOGIN_NEEDED, fix="aws sso login --profile x"
)
DENIED = UpstreamRejected("Not permitted.", upstream="aws_cloudtrail", fix="Allow it.")


@pytest.fixture
def run(monkeypatch):
    """Do one step of a refresh in which the upstream fails as told; the step's report and when it is due again."""

    def run(error=None, *, parts=None, name="events"):
        def do(context, progress):  # noqa: ARG001 (what every step takes)
            if error is not None:
                raise error
            return StepOutcome("x", parts={key: PartOutcome(error=part) for key, part in (parts or {}).items()})

        monkeypatch.setitem(PIPELINE, name, replace(PIPELINE[name], do=do))
        context = Context(AwsAccountFactory.create(), Period(NOW - DAY, NOW), NOW, nullcontext)
        (report,) = run_steps(context=context, steps=[name], watch=lambda _: None)
        return report, SourceStatus.objects.get().next_due_at - NOW

    return run


@pytest.mark.parametrize(
    ("error", "due_after"),
    [(None, 6 * HOUR), (UNAVAILABLE, 15 * MINUTE), (LIMITED, 15 * MINUTE), (SIGNED_OUT, HOUR), (DENIED, 6 * HOUR)],
    ids=["none", "unavailable", "rate limited", "signed out", "denied"],
)
def test_a_step_is_due_again_when_it_may_help(run, error, due_after):
    assert run(error)[1] == due_after


@pytest.mark.parametrize(
    ("errors", "due_after"),
    [
        ([None, DENIED], 6 * HOUR),
        ([None, LIMITED], 15 * MINUTE),
        ([DENIED, UNAVAILABLE], 15 * MINUTE),
        ([SIGNED_OUT, DENIED], HOUR),
    ],
    ids=["denied", "rate limited", "denied and unavailable", "signed out and denied"],
)
def test_a_step_of_which_parts_failed_is_due_again_when_it_may_help_them(run, errors, due_after):
    assert run(parts=dict(zip(("eu-central-1", "eu-west-1"), errors, strict=True)))[1] == due_after


def test_no_step_is_due_later_than_by_its_cadence(run):
    assert PIPELINE["inventory"].cadence == HOUR

    assert run(SIGNED_OUT, name="inventory")[1] == HOUR


def test_parts_that_may_be_asked_again_at_an_hour_of_their_own_are_not_asked_before(run):
    later = UpstreamUnavailable("Too often.", upstream="x", reason=Reason.RATE_LIMITED, retry_at=NOW + 2 * HOUR)

    assert run(parts={"DE": later})[1] == 2 * HOUR


def test_a_step_of_which_parts_failed_says_what_mends_them_once(run):
    report, _ = run(parts={"eu-central-1": DENIED, "eu-west-1": DENIED})

    assert (report.state, report.fix) == ("partly", "Allow it.")


def test_a_step_that_breaks_says_so_at_its_source_and_is_due_again_soon(run):
    report, due_after = run(ZeroDivisionError())

    status = SourceStatus.objects.get()
    assert (report.state, status.source, status.state, due_after) == (
        "broken",
        "aws_cloudtrail",
        "unavailable",
        15 * MINUTE,
    )
    assert status.last_error == report.message
    assert "an error of our own" in report.message
    assert "tried again" in status.fix


def test_a_worker_whose_time_is_up_begins_no_other_step(run):
    with pytest.raises(SoftTimeLimitExceeded):
        run(SoftTimeLimitExceeded())

    assert not SourceStatus.objects.exists()


def test_a_step_names_the_regions_it_has_been_to(monkeypatch):
    seen = []

    def do(context, progress):  # noqa: ARG001 (what every step takes)
        progress(done=1, total=3, part="RunInstances in eu-west-1")
        progress(done=2, total=3, part="StopInstances in eu-west-1")
        progress(done=3, total=3, part="RunInstances in us-gov-east-1")
        return StepOutcome("x", parts={"eu-west-1": PartOutcome(), "us-gov-east-1": PartOutcome(error=DENIED)})

    monkeypatch.setitem(PIPELINE, "events", replace(PIPELINE["events"], do=do))
    context = Context(AwsAccountFactory.create(), Period(NOW - DAY, NOW), NOW, nullcontext)

    run_steps(context=context, steps=["events"], watch=lambda report: seen.append(dict(report.as_json()["regions"])))

    assert seen[1:] == [
        {"eu-west-1": "done"},
        {"eu-west-1": "done"},
        {"eu-west-1": "done", "us-gov-east-1": "done"},
        {"eu-west-1": "done", "us-gov-east-1": "failed"},
    ]
