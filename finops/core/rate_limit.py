"""Tells a caller on every answer how far they may go: the RateLimit fields that HTTP APIs use.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (the three fields of its versions 00 to 06,
which clients know).
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is left of a caller's window."""

    limit: int
    remaining: int
    seconds_to_reset: int


def remember(request: HttpRequest, rate_limit: RateLimit) -> None:
    """Have `rate_limit` written on the answer to `request`."""
    request.rate_limit = rate_limit  # type: ignore[attr-defined]


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Write what was remembered."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        rate_limit: RateLimit | None = getattr(request, "rate_limit", None)
        if rate_limit is not None:
            response["RateLimit-Limit"] = str(rate_limit.limit)
            response["RateLimit-Remaining"] = str(rate_limit.remaining)
            response["RateLimit-Reset"] = str(rate_limit.seconds_to_reset)
        return response

    return answer
