import pytest
import structlog
from botocore.exceptions import ClientError
from celery.exceptions import SoftTimeLimitExceeded
from hypothesis import given
from hypothesis import strategies as st

from accounts.clients.aws.errors import WayIn, our_error, sign_in_error
from accounts.clients.aws.session import Operation
from finops.core.upstream.errors import (
    Reason,
    UpstreamError,
    UpstreamMisunderstood,
    UpstreamRejected,
    UpstreamUnavailable,
)
from tests.accounts.aws_wire import Raw, Refusal

INSTANCES = Operation("aws_ec2", "ec2", "DescribeInstances", "Reservations")
COSTS = Operation("aws_cost_explorer", "ce", "GetCostAndUsage", "ResultsByTime")
EVENTS = Operation("aws_cloudtrail", "cloudtrail", "LookupEvents", "Events")
METRICS = Operation("aws_cloudwatch", "cloudwatch", "GetMetricData", "MetricDataResults")
A_DAY = {
    "TimePeriod": {"Start": "2026-03-01", "End": "2026-03-02"},
    "Granularity": "DAILY",
    "Metrics": ["UsageQuantity"],
}
ARGUMENTS = {
    INSTANCES: {},
    COSTS: A_DAY,
    EVENTS: {},
    METRICS: {"MetricDataQueries": [], "StartTime": 0, "EndTime": 1},
}


def failure(aws, operation=INSTANCES):
    with pytest.raises(UpstreamError) as caught:
        aws.call(operation, region="eu-central-1", **ARGUMENTS[operation])
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("ExpiredToken", UpstreamRejected, Reason.LOGIN_NEEDED),
        ("ExpiredTokenException", UpstreamRejected, Reason.LOGIN_NEEDED),
        ("RequestExpired", UpstreamRejected, Reason.LOGIN_NEEDED),
        ("InvalidClientTokenId", UpstreamRejected, Reason.LOGIN_NEEDED),
        ("UnrecognizedClientException", UpstreamRejected, Reason.LOGIN_NEEDED),
        ("AuthFailure", UpstreamRejected, Reason.LOGIN_NEEDED),
        ("SignatureDoesNotMatch", UpstreamRejected, Reason.BAD_CREDENTIALS),
        ("RequestTimeTooSkewed", UpstreamRejected, Reason.BAD_CREDENTIALS),
        ("AccessDenied", UpstreamRejected, Reason.DENIED),
        ("UnauthorizedOperation", UpstreamRejected, Reason.DENIED),
        ("Client.UnauthorizedOperation", UpstreamRejected, Reason.DENIED),
        ("OptInRequired", UpstreamRejected, Reason.NOT_ENABLED),
        ("InvalidParameterValue", UpstreamRejected, Reason.BAD_REQUEST),
        ("InvalidNextToken", UpstreamUnavailable, Reason.UNAVAILABLE),
    ],
)
def test_each_refusal_of_aws_becomes_one_of_our_errors(wire, aws, code, kind, reason):
    wire.answers("DescribeInstances", Refusal(code, message="secret words of the upstream"))

    error = failure(aws)

    assert (type(error), error.reason, error.upstream) == (kind, reason, "aws_ec2")
    assert "secret words" not in error.message + error.fix
    assert len(wire.requests) == 1  # asking again would not have helped


def test_a_denied_call_names_the_permission_that_is_missing(wire, aws):
    wire.answers("DescribeInstances", Refusal("UnauthorizedOperation", status=403))
    wire.answers("GetCostAndUsage", Refusal("AccessDeniedException"))

    assert "ec2:DescribeInstances" in failure(aws).fix
    assert "ce:GetCostAndUsage" in failure(aws, COSTS).message


def test_cost_explorer_that_is_not_enabled_is_not_called_a_missing_permission(wire, aws):
    wire.answers("GetCostAndUsage", Refusal("AccessDeniedException", "User not enabled for cost explorer access"))

    error = failure(aws, COSTS)

    assert error.reason is Reason.NOT_ENABLED
    assert "Billing console" in error.fix


@pytest.mark.parametrize(
    ("operation", "code"), [(INSTANCES, "RequestLimitExceeded"), (COSTS, "LimitExceededException")]
)
def test_throttling_is_tried_three_times_and_then_told_as_rate_limited(wire, aws, meter, operation, code):
    wire.answers(operation.name, Refusal(code))

    error = failure(aws, operation)

    assert (type(error), error.reason) == (UpstreamUnavailable, Reason.RATE_LIMITED)
    assert len(wire.requests) == 3
    assert meter.calls == {operation.name: 3}
    assert meter.cost_usd == 0  # AWS charges for answers only


def test_a_server_error_is_tried_again_and_the_answer_counts(wire, aws, meter):
    wire.answers("DescribeInstances", Refusal("InternalError", status=500), {"Reservations": []})

    answer = aws.call(INSTANCES, region="eu-central-1")

    assert answer["Reservations"] == []
    assert meter.total_calls == 2


@pytest.mark.parametrize("operation", [INSTANCES, COSTS, EVENTS, METRICS])
@pytest.mark.parametrize(
    "body", [b"<html><body>Sign in to the hotel's network</body></html>", b"{}", b'{"Unknown": 1}']
)
def test_an_answer_without_its_payload_is_never_taken_for_an_empty_one(wire, aws, operation, body):
    wire.answers(operation.name, Raw(body))

    error = failure(aws, operation)

    assert (type(error), error.reason) == (UpstreamMisunderstood, Reason.MISUNDERSTOOD)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (INSTANCES, b"<DescribeInstancesResponse><reservationSet><item><inst"),
        (
            INSTANCES,
            b"<r><reservationSet><item><instancesSet><item><launchTime>never</launchTime></item></instancesSet></item></reservationSet></r>",
        ),
        (COSTS, b'{"ResultsByTime": 5}'),
        (COSTS, b'{"ResultsByTime": [{"Total": []}]}'),
        (METRICS, b'{"MetricDataResults": [{"Timestamps": "yesterday"}]}'),
    ],
)
def test_an_answer_of_the_wrong_shape_is_misunderstood(wire, aws, operation, body):
    wire.answers(operation.name, Raw(body, content_type="text/xml"))

    assert type(failure(aws, operation)) is UpstreamMisunderstood


def test_a_page_of_a_proxy_is_not_taken_for_aws(wire, aws):
    wire.answers("DescribeInstances", Raw(b"<html><body>No such page</body></html>", status=404))

    error = failure(aws)

    assert type(error) is UpstreamMisunderstood
    assert "proxy" in error.fix


def test_a_server_that_is_down_is_unavailable(aws, aws_environment):
    aws_environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    error = failure(aws)

    assert (type(error), error.reason) == (UpstreamUnavailable, Reason.UNAVAILABLE)
    assert "127.0.0.1" not in error.message


def test_a_region_that_cannot_be_one_is_rejected(aws):
    with pytest.raises(UpstreamRejected) as caught:
        aws.call(INSTANCES, region="eu-central-1.evil.example/")

    assert caught.value.reason is Reason.BAD_REQUEST


def test_each_call_leaves_one_line_in_the_log_and_no_secret(wire, aws):
    wire.answers("DescribeInstances", {"Reservations": []})

    with structlog.testing.capture_logs() as lines:
        aws.call(INSTANCES, region="eu-central-1")

    (line,) = lines
    assert {k: line[k] for k in ("event", "upstream", "endpoint", "region", "status", "outcome", "retries")} == {
        "event": "upstream call",
        "upstream": "aws_ec2",
        "endpoint": "DescribeInstances",
        "region": "eu-central-1",
        "status": 200,
        "outcome": "ok",
        "retries": 0,
    }
    assert "only-for-tests" not in str(line)


@given(
    code=st.text(max_size=80),
    status=st.integers(min_value=100, max_value=599),
    message=st.text(max_size=200),
)
def test_any_refusal_whatever_its_words_becomes_one_of_ours(code, status, message):
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}

    error = our_error(
        ClientError(answer, "DescribeInstances"),
        upstream="aws_ec2",
        action="ec2:DescribeInstances",
        way_in=WayIn(words="the profile x", renew="aws sso login --profile x"),
    )

    assert isinstance(error, UpstreamError)
    assert len(error.message) < 300


@pytest.mark.parametrize("ask", [our_error, sign_in_error])
def test_a_worker_whose_time_is_up_is_no_failure_of_aws(ask):
    way_in = WayIn(words="a profile", renew="aws sso login --profile x")
    more = {"action": "ec2:DescribeInstances"} if ask is our_error else {}

    with pytest.raises(SoftTimeLimitExceeded):
        ask(SoftTimeLimitExceeded(), upstream="aws_ec2", way_in=way_in, **more)
