"""The three ways an upstream fails us. Callers meet these and no library's own errors."""

from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why an upstream did not answer as wanted; a page tells each apart."""

    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    LOGIN_NEEDED = "login_needed"
    DENIED = "denied"
    NOT_ENABLED = "not_enabled"
    BAD_CREDENTIALS = "bad_credentials"
    NOT_IN_PLAN = "not_in_plan"
    NO_DATA = "no_data"
    BAD_REQUEST = "bad_request"
    SANDBOX_ANSWER = "sandbox_answer"
    MISUNDERSTOOD = "misunderstood"


class UpstreamError(Exception):
    """An upstream did not give what we asked for.

    `upstream` is the source's name as SourceStatus keeps it, `message` a sentence of our own (never the
    upstream's body, a URL or a credential), `fix` what the reader can do, or empty.
    """

    default_reason = Reason.UNAVAILABLE

    def __init__(
        self,
        message: str,
        *,
        upstream: str,
        reason: Reason | None = None,
        fix: str = "",
        retry_at: datetime | None = None,
    ) -> None:
        """Keep the sentence and what a page needs to explain it."""
        super().__init__(message)
        self.message = message
        self.upstream = upstream
        self.reason = reason or self.default_reason
        self.fix = fix
        self.retry_at = retry_at


class UpstreamUnavailable(UpstreamError):  # noqa: N818 (the name says what is so)
    """It may answer later: no connection, too slow, 5xx, rate limited."""

    default_reason = Reason.UNAVAILABLE


class UpstreamRejected(UpstreamError):  # noqa: N818 (the name says what is so)
    """Asking again will not help: login needed, not permitted, not in the plan, no such thing."""

    default_reason = Reason.DENIED


class UpstreamMisunderstood(UpstreamError):  # noqa: N818 (the name says what is so)
    """It answered what we cannot read: HTML, a missing key, NaN, an implausible shape."""

    default_reason = Reason.MISUNDERSTOOD
