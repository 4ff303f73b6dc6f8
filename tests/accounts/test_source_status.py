from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import SourceState, SourceStatus
from accounts.services.source_status import record_failure, record_outcome, state_of
from accounts.services.step import PartOutcome, StepOutcome
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected, UpstreamUnavailable
from tests.factories import AwsAccountFactory, SourceStatusFactory

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
DUE = NOW + timedelta(hours=1)


@pytest.fixture
def account(db):  # noqa: ARG001 (asks for the database)
    return AwsAccountFactory.create()


def denied(upstream="aws_ec2"):
    return UpstreamRejected("It is not permitted.", upstream=upstream, fix="Allow ec2:DescribeInstances.")


def failure(account, error, meter, *, now=NOW, source="aws_ec2"):
    return record_failure(account=account, source=source, error=error, meter=meter, now=now, next_due_at=DUE)


def outcome(account, meter, *, now=NOW, parts=None, refused=0):
    told = StepOutcome(source="aws_ec2", refused_values=refused, parts=parts or {"eu-central-1": PartOutcome(rows=3)})
    return record_outcome(account=account, outcome=told, meter=meter, now=now, next_due_at=DUE)


def test_a_step_that_went_well_leaves_its_source_available(account, meter):
    meter.count("DescribeInstances", calls=4, cost_usd=Decimal("0.02"))

    outcome(account, meter, refused=2)

    status = SourceStatus.objects.get()
    assert (status.aws_account, status.source, status.state) == (account, "aws_ec2", SourceState.AVAILABLE)
    assert (status.last_attempt_at, status.last_success_at, status.next_due_at) == (NOW, NOW, DUE)
    assert (status.last_error, status.fix, status.refused_values) == ("", "", 2)
    assert status.detail == {"eu-central-1": {"state": "available", "rows": 3}}
    assert (status.month, status.calls, status.cost_usd) == (date(2026, 3, 1), 4, Decimal("0.02"))


def test_a_step_of_which_a_part_failed_leaves_its_source_degraded_and_says_where(account, meter):
    outcome(account, meter, parts={"eu-west-1": PartOutcome(error=denied()), "eu-central-1": PartOutcome(rows=3)})

    status = SourceStatus.objects.get()
    assert (status.state, status.last_success_at) == (SourceState.DEGRADED, NOW)
    assert status.last_error == "eu-west-1: It is not permitted."
    assert status.fix == "Allow ec2:DescribeInstances."
    assert status.detail["eu-west-1"] == {
        "state": "denied",
        "rows": 0,
        "error": "It is not permitted.",
        "fix": "Allow ec2:DescribeInstances.",
    }


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_state(reason):
    assert state_of(UpstreamError("…", upstream="x", reason=reason)) in set(SourceState) - {SourceState.AVAILABLE}


def test_a_source_that_never_answered_and_may_later_is_unavailable(account, meter):
    failure(account, UpstreamUnavailable("AWS could not be reached.", upstream="aws_ec2"), meter)

    status = SourceStatus.objects.get()
    assert (status.state, status.last_success_at) == (SourceState.UNAVAILABLE, None)


def test_a_source_that_answered_before_is_degraded_while_it_is_away(account, meter):
    SourceStatusFactory.create(aws_account=account, last_success_at=NOW - timedelta(days=1), detail={"a": {"rows": 1}})

    failure(account, UpstreamUnavailable("AWS could not be reached.", upstream="aws_ec2"), meter)

    status = SourceStatus.objects.get()
    assert (status.state, status.last_attempt_at) == (SourceState.DEGRADED, NOW)
    assert status.last_success_at == NOW - timedelta(days=1)
    assert status.detail == {"a": {"rows": 1}}


def test_a_source_that_wants_a_sign_in_says_so_whatever_it_brought_before(account, meter):
    SourceStatusFactory.create(aws_account=account)
    ended = UpstreamRejected(
        "The sign-in has ended.", upstream="aws", reason=Reason.LOGIN_NEEDED, fix="aws sso login --profile x"
    )

    failure(account, ended, meter)

    status = SourceStatus.objects.get()
    assert (status.state, status.fix) == (SourceState.LOGIN_NEEDED, "aws sso login --profile x")


def test_a_source_that_names_a_time_is_not_asked_before(account, meter):
    later = NOW + timedelta(hours=5)
    failure(account, UpstreamUnavailable("Too often.", upstream="x", reason=Reason.RATE_LIMITED, retry_at=later), meter)

    assert SourceStatus.objects.get().next_due_at == later


def test_calls_and_dollars_add_up_over_a_month_and_begin_again_with_the_next(account, meter):
    meter.count("GetCostAndUsage", calls=2, cost_usd=Decimal("0.02"))
    outcome(account, meter)
    failure(account, denied(), meter)
    status = SourceStatus.objects.get()
    assert (status.calls, status.cost_usd) == (4, Decimal("0.04"))

    outcome(account, meter, now=NOW + timedelta(days=20))

    status.refresh_from_db()
    assert (status.month, status.calls, status.cost_usd) == (date(2026, 4, 1), 2, Decimal("0.02"))


DOWN = UpstreamUnavailable("It did not answer.", upstream="electricity_maps", fix="Wait.")


def shared(meter, *, now=NOW, due=DUE, **parts):
    told = StepOutcome(source="electricity_maps", parts=parts)
    return record_outcome(account=None, outcome=told, meter=meter, now=now, next_due_at=due)


@pytest.mark.django_db
def test_what_one_account_heard_of_a_shared_source_does_not_hide_what_another_one_heard(meter):
    shared(meter, DE=PartOutcome(error=DOWN), FR=PartOutcome(rows=3))

    status = shared(meter, SE=PartOutcome(rows=24))

    assert (status.state, status.last_error, status.fix) == ("degraded", "1 of 3 parts: It did not answer.", "Wait.")
    assert {name: part["state"] for name, part in status.detail.items()} == {
        "DE": "unavailable",
        "FR": "available",
        "SE": "available",
    }


@pytest.mark.django_db
def test_a_shared_source_is_available_again_once_the_part_that_failed_is_answered(meter):
    shared(meter, DE=PartOutcome(error=DOWN), FR=PartOutcome(rows=3))

    status = shared(meter, DE=PartOutcome(rows=24))

    assert (status.state, status.last_error, status.fix) == ("available", "", "")


@pytest.mark.django_db
def test_a_step_that_asked_a_shared_source_for_nothing_says_nothing_about_it(meter):
    before = shared(meter, DE=PartOutcome(error=DOWN), FR=PartOutcome(rows=3))
    later, due = NOW + timedelta(hours=1), DUE + timedelta(hours=1)

    status = shared(meter, now=later, due=due)

    assert (status.last_attempt_at, status.next_due_at) == (later, due)
    for name in ("state", "last_error", "fix", "detail", "last_success_at"):
        assert getattr(status, name) == getattr(before, name), name


@pytest.mark.django_db
def test_a_failed_part_that_nobody_asked_for_all_day_is_wanted_no_more(meter):
    shared(meter, DE=PartOutcome(error=DOWN))

    status = shared(meter, now=NOW + timedelta(days=1, minutes=1), FR=PartOutcome(rows=3))

    assert (status.state, list(status.detail)) == ("available", ["FR"])


def test_a_source_of_the_installation_has_one_row_of_its_own(account, meter):
    outcome(None, meter)
    outcome(None, meter)
    outcome(account, meter)

    assert list(SourceStatus.objects.order_by("pk").values_list("aws_account", flat=True)) == [None, account.pk]
