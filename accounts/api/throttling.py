"""Keeps one caller from using up the API, and tells callers how far they may go."""

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiToken
from finops.core.rate_limit import RateLimit, remember

_WINDOW_SECONDS = 60


class RequestsPerMinute(BaseThrottle):
    """A number of requests a minute for each token, each user of the pages, and each address of strangers.

    Counted by the clock's minutes in the cache: shared by all processes where the cache is.
    """

    def __init__(self) -> None:
        """Nothing to wait for yet."""
        self._wait_seconds: int | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; whether it is within the limit."""
        del view
        now = int(timezone.now().timestamp())
        key = f"api-requests:{_caller(request)}:{now // _WINDOW_SECONDS}"
        limit = settings.API_REQUESTS_PER_MINUTE
        cache.add(key, 0, timeout=2 * _WINDOW_SECONDS)
        try:
            count = cache.incr(key)
        except ValueError:  # the cache forgot it since: it was full, or has just been emptied
            count = 1
        to_reset = _WINDOW_SECONDS - now % _WINDOW_SECONDS
        remember(request._request, RateLimit(limit, max(limit - count, 0), to_reset))  # noqa: SLF001 (the middleware's)
        self._wait_seconds = to_reset if count > limit else None
        return count <= limit

    def wait(self) -> float | None:
        """Seconds until the next minute, for Retry-After."""
        return self._wait_seconds


def _caller(request: Request) -> str:
    if isinstance(request.auth, ApiToken):
        return f"token-{request.auth.pk}"
    if request.user.is_authenticated:
        return f"user-{request.user.pk}"
    return f"address-{request.META.get('REMOTE_ADDR', '')}"
