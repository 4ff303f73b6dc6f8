"""What came back over the wire, and what it means when it is not what was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import Reason, UpstreamError, UpstreamMisunderstood, UpstreamRejected, UpstreamUnavailable
from .strict_json import parse_json

TOO_MANY_REQUESTS = 429
SERVICE_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of any status."""

    status: int
    body: bytes
    retry_after: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether it claims to hold what was asked for."""
        return 200 <= self.status < 300  # noqa: PLR2004 (HTTP's own classes)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refused call means with one upstream: the reason, our sentence and the fix."""

    reason: Reason
    message: str
    fix: str = ""


ReadRefusal = Callable[[int, Any], Refusal | None]


def payload_of(answer: Answer, *, upstream: str, label: str) -> Any:
    """The JSON value of an answer that is ok."""
    try:
        return parse_json(answer.body)
    except ValueError as error:
        raise UpstreamMisunderstood(f"The answer of {label} cannot be read: {error}.", upstream=upstream) from None


def error_of(
    answer: Answer, *, upstream: str, label: str, retry_at: datetime, read_refusal: ReadRefusal | None
) -> UpstreamError:
    """The error that stands for an answer that is not ok; `retry_at` is for one that was rate limited."""
    refusal = read_refusal(answer.status, _body_of_refusal(answer)) if read_refusal else None
    refusal = refusal or _by_status(answer.status, label)
    kind: type[UpstreamError] = UpstreamRejected
    if refusal.reason in {Reason.RATE_LIMITED, Reason.UNAVAILABLE}:
        kind = UpstreamUnavailable
    elif refusal.reason is Reason.MISUNDERSTOOD:
        kind = UpstreamMisunderstood
    return kind(
        refusal.message,
        upstream=upstream,
        reason=refusal.reason,
        fix=refusal.fix,
        retry_at=retry_at if refusal.reason is Reason.RATE_LIMITED else None,
    )


def _body_of_refusal(answer: Answer) -> Any:
    try:
        return parse_json(answer.body)
    except ValueError:
        return None  # login pages and plain text: the status must do


def _by_status(status: int, label: str) -> Refusal:
    """What a status means anywhere; an upstream with its own habits has a `read_refusal`."""
    known = {
        400: Refusal(Reason.BAD_REQUEST, f"{label} did not accept what it was asked (400)."),
        401: Refusal(Reason.BAD_CREDENTIALS, f"{label} does not know the key (401).", "Check the key."),
        403: Refusal(Reason.DENIED, f"{label} does not allow this call (403).", "Check what the key may do."),
        404: Refusal(Reason.NO_DATA, f"{label} has nothing there (404)."),
        408: Refusal(Reason.UNAVAILABLE, f"{label} lost patience with us (408)."),
        TOO_MANY_REQUESTS: Refusal(Reason.RATE_LIMITED, f"{label} was asked too often (429)."),
    }
    if status in known:
        return known[status]
    if status >= 500:  # noqa: PLR2004 (HTTP's own classes)
        return Refusal(Reason.UNAVAILABLE, f"{label} is in trouble itself ({status}).")
    if status >= 400:  # noqa: PLR2004 (HTTP's own classes)
        return Refusal(Reason.BAD_REQUEST, f"{label} refused the call ({status}).")
    return Refusal(
        Reason.MISUNDERSTOOD,
        f"{label} sends its callers elsewhere ({status}), which is not followed.",
        "Check the address: a login page or a moved service answers so.",
    )
