"""Every way in which AWS, botocore or a sign-in fails us, as one of our three errors. The one place for it."""

import re
from dataclasses import dataclass
from ssl import SSLError as PythonSSLError
from typing import Any

from botocore import exceptions as boto
from celery.exceptions import SoftTimeLimitExceeded
from urllib3.exceptions import HTTPError

from finops.core.upstream.errors import (
    Reason,
    UpstreamError,
    UpstreamMisunderstood,
    UpstreamRejected,
    UpstreamUnavailable,
)

_SIGN_IN_ENDED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidToken",
        "UnauthorizedException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
    }
)
_CLOCK_OR_SECRET_IS_WRONG = frozenset(
    {
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "RequestTimeTooSkewed",
        "RequestInTheFuture",
    }
)
_NOT_PERMITTED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "ForbiddenException"}
)
_TOO_FAST = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "LimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
    }
)
_NOT_ENABLED = frozenset({"OptInRequired", "SubscriptionRequiredException"})
_LIST_CHANGED = frozenset(
    {"InvalidNextToken", "InvalidNextTokenException", "ExpiredNextTokenException", "RequestChangedException"}
)
_NO_DATA = frozenset({"DataUnavailableException", "BillExpirationException"})

_SIGN_IN_ERRORS = (
    boto.SSOError,
    boto.LoginError,
    boto.TokenRetrievalError,
    boto.NoAuthTokenError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.RefreshWithMFAUnsupportedError,
    boto.UnknownCredentialError,
)
_PROFILE_ERRORS = (boto.ProfileNotFound, boto.InvalidConfigError, boto.ConfigParseError, boto.ConfigNotFound)
_NO_CONNECTION = (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, boto.ChecksumError, HTTPError)
# What a mistaken answer does inside botocore's parsers: a text where a list should be, "never" as a date.
_CANNOT_READ = (boto.UndefinedModelAttributeError, ValueError, TypeError, AttributeError, LookupError)


@dataclass(frozen=True, slots=True)
class WayIn:
    """How we get into an account, in words, and what a reader can do when it no longer works."""

    words: str
    renew: str
    configure: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether a file of this machine keeps the sign-in: that of a profile."""
        return bool(self.configure)


def missing_payload(*, upstream: str, operation: str, key: str) -> UpstreamMisunderstood:
    """The error for an answer without the key that carries its content.

    botocore makes an empty success of an HTML page or a cut-off body; read as "there are none", it would
    mark every instance gone.
    """
    return UpstreamMisunderstood(
        f"AWS answered {operation} without {key}, so the answer was not used.",
        upstream=upstream,
        fix="If it happens again, look for a proxy that answers in place of AWS.",
    )


def sign_in_error(error: Exception, *, upstream: str, way_in: WayIn) -> UpstreamError:
    """The error for what went wrong while credentials were looked up, before AWS was asked anything.

    A stored sign-in that is damaged raises bare KeyErrors and the like, so that for a profile any error not
    known otherwise means that we are not signed in. Raises a worker's SoftTimeLimitExceeded again.
    """
    _not_of_the_call(error)
    is_of_aws = isinstance(error, (boto.ClientError, *_NO_CONNECTION)) or _is_parser_error(error)
    is_known = is_of_aws or isinstance(error, _PROFILE_ERRORS)
    if is_known or not (way_in.is_stored or isinstance(error, _SIGN_IN_ERRORS)):
        return our_error(error, upstream=upstream, action="sts:the sign-in", way_in=way_in)
    if isinstance(error, boto.NoCredentialsError):
        what = f"There are no AWS credentials for {way_in.words}."
    elif isinstance(error, boto.PartialCredentialsError):
        what = f"The AWS credentials for {way_in.words} are incomplete."
    elif isinstance(error, boto.SSOTokenLoadError):
        what = f"Nobody has signed in for {way_in.words} on this machine yet, or the sign-in was removed."
    elif isinstance(error, _SIGN_IN_ERRORS):
        what = f"The sign-in for {way_in.words} has ended."
    else:
        what = f"The stored sign-in for {way_in.words} cannot be read."
    return UpstreamRejected(what, upstream=upstream, reason=Reason.LOGIN_NEEDED, fix=way_in.renew)


def our_error(error: Exception, *, upstream: str, action: str, way_in: WayIn) -> UpstreamError:  # noqa: PLR0911 (one line a kind)
    """The error of ours for `error`, which botocore raised while doing the IAM `action`.

    The sentence never holds the upstream's own text: that may carry ids, ARNs or a page of HTML. Raises a
    worker's SoftTimeLimitExceeded again, for that ends all it does and says nothing of AWS.
    """
    _not_of_the_call(error)
    operation = action.partition(":")[2]
    if isinstance(error, boto.ClientError):
        return _of_answer(error, upstream=upstream, action=action, way_in=way_in)
    if isinstance(error, _PROFILE_ERRORS):
        return UpstreamRejected(
            f"On this machine {way_in.words} is not set up, or its settings are incomplete.",
            upstream=upstream,
            reason=Reason.LOGIN_NEEDED,
            fix=way_in.configure or way_in.renew,
        )
    if isinstance(error, _SIGN_IN_ERRORS):
        return sign_in_error(error, upstream=upstream, way_in=way_in)
    if isinstance(error, boto.SSLError | PythonSSLError):
        return UpstreamRejected(
            f"The connection to AWS for {operation} is not trusted: its certificate cannot be verified.",
            upstream=upstream,
            reason=Reason.UNAVAILABLE,
            fix="If a proxy re-encrypts traffic, point AWS_CA_BUNDLE at its certificate. Never switch checking off.",
        )
    if isinstance(error, boto.ReadTimeoutError | boto.ConnectTimeoutError):
        return UpstreamUnavailable(f"AWS took too long to answer {operation}.", upstream=upstream)
    if isinstance(error, boto.InvalidRegionError | boto.UnknownRegionError):
        return UpstreamRejected(
            "The region is not one AWS knows.", upstream=upstream, reason=Reason.BAD_REQUEST, fix="Check its name."
        )
    if isinstance(error, _NO_CONNECTION):
        return UpstreamUnavailable(
            f"AWS could not be reached for {operation}.",
            upstream=upstream,
            fix="Check this machine's network and proxy; it is tried again by itself.",
        )
    if isinstance(error, boto.ParamValidationError | boto.EndpointResolutionError | boto.BaseEndpointResolverError):
        return UpstreamRejected(
            f"We asked {operation} in a way AWS does not accept.",
            upstream=upstream,
            reason=Reason.BAD_REQUEST,
            fix="This is a fault of the application: please report it with the line of the log.",
        )
    if _is_parser_error(error) or isinstance(error, _CANNOT_READ):
        return UpstreamMisunderstood(
            f"AWS answered {operation} with something that cannot be read.",
            upstream=upstream,
            fix="If it happens again, look for a proxy that answers in place of AWS.",
        )
    return UpstreamUnavailable(f"{operation} failed before AWS answered ({type(error).__name__}).", upstream=upstream)


def _not_of_the_call(error: Exception) -> None:
    if isinstance(error, SoftTimeLimitExceeded):
        raise error


def _is_parser_error(error: Exception) -> bool:
    # botocore.parsers.ResponseParserError has no place among botocore's exceptions.
    return type(error).__name__ == "ResponseParserError"


def _of_answer(error: boto.ClientError, *, upstream: str, action: str, way_in: WayIn) -> UpstreamError:  # noqa: PLR0911 (one line a kind)
    code, status, text = _code_of(error)
    action = _action_of(error, default=action)
    operation = action.partition(":")[2]
    if "cost explorer" in text and ("not enabled" in text or "not been enabled" in text):
        return UpstreamRejected(
            "Cost Explorer is not enabled for this account.",
            upstream=upstream,
            reason=Reason.NOT_ENABLED,
            fix="Enable it in the Billing console of the payer account; the first data come within a day.",
        )
    if code in _SIGN_IN_ENDED:
        return UpstreamRejected(
            f"AWS no longer accepts the credentials of {way_in.words} ({code}).",
            upstream=upstream,
            reason=Reason.LOGIN_NEEDED,
            fix=way_in.renew,
        )
    if code in _CLOCK_OR_SECRET_IS_WRONG:
        return UpstreamRejected(
            f"AWS refused the signature of {operation} ({code}).",
            upstream=upstream,
            reason=Reason.BAD_CREDENTIALS,
            fix="Check this machine's clock (AWS allows 15 minutes) and the secret access key.",
        )
    if code in _NOT_ENABLED:
        return UpstreamRejected(
            f"The account is not signed up for the service behind {action}.",
            upstream=upstream,
            reason=Reason.NOT_ENABLED,
            fix="Activate the service in the AWS console; a new account may take a day.",
        )
    if code in _TOO_FAST or status == 429:  # noqa: PLR2004 (HTTP 429 Too Many Requests)
        return UpstreamUnavailable(
            f"AWS is limiting how often {operation} may be called.",
            upstream=upstream,
            reason=Reason.RATE_LIMITED,
            fix="It is tried again by itself.",
        )
    if code in _NOT_PERMITTED:
        return _denied(action=action, upstream=upstream, way_in=way_in)
    if code in _NO_DATA:
        return UpstreamRejected(
            f"AWS has no data for {operation} yet ({code}).", upstream=upstream, reason=Reason.NO_DATA
        )
    if code in _LIST_CHANGED or status >= 500 or not status:  # noqa: PLR2004 (HTTP 5xx)
        return UpstreamUnavailable(f"AWS could not answer {operation} ({code or status}).", upstream=upstream)
    if not code or code.isdigit():
        # Not AWS's error format: a proxy or a portal answered in its place.
        return UpstreamMisunderstood(
            f"{operation} was answered with HTTP {status} and not in AWS's format.",
            upstream=upstream,
            fix="Look for a proxy that answers in place of AWS.",
        )
    return UpstreamRejected(f"AWS refused {operation} ({code}).", upstream=upstream, reason=Reason.BAD_REQUEST)


def _denied(*, action: str, upstream: str, way_in: WayIn) -> UpstreamRejected:
    if action == "sts:AssumeRole":
        what, fix = (
            f"AWS does not let us use {way_in.words}.",
            "Check in the role's trust policy that it names this installation's AWS principal and its external id.",
        )
    elif action == "sso:GetRoleCredentials":
        what, fix = (
            f"The signed-in person may not use {way_in.words}.",
            "Ask the administrator of IAM Identity Center to assign the account and role.",
        )
    else:
        what, fix = (
            f"{action} is not permitted for {way_in.words}.",
            f"Allow the action {action} in its IAM policy, and check service control policies.",
        )
    return UpstreamRejected(what, upstream=upstream, reason=Reason.DENIED, fix=fix)


def _code_of(error: boto.ClientError) -> tuple[str, int, str]:
    """AWS's error code (as far as it is one), the HTTP status, and the message in lower case."""
    answer: dict[str, Any] = dict(error.response)
    inner: dict[str, Any] = answer.get("Error") or {}
    code = re.sub(r"[^A-Za-z0-9.]", "", str(inner.get("Code", "")))[:60].removeprefix("Client.")
    status = (answer.get("ResponseMetadata") or {}).get("HTTPStatusCode") or 0
    return code, int(status), str(inner.get("Message", "")).lower()


def _action_of(error: boto.ClientError, *, default: str) -> str:
    """The IAM action that was refused; a sign-in asks STS and the SSO portal on its own account."""
    of_sign_in = {"AssumeRole": "sts:AssumeRole", "GetRoleCredentials": "sso:GetRoleCredentials"}
    return of_sign_in.get(error.operation_name, default)
