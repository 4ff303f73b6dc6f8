"""Knows when asking for the next part would only meet the error that the last ones met."""

from threading import Lock

from finops.core.upstream.errors import Reason, UpstreamError, UpstreamUnavailable

# About the key or the upstream as a whole, not about the part that was asked for.
_SAME_FOR_ALL = {Reason.BAD_CREDENTIALS, Reason.LOGIN_NEEDED, Reason.RATE_LIMITED, Reason.SANDBOX_ANSWER}
_FAILURES_IN_A_ROW = 3


class SharedFate:
    """The error that all further parts share, once one is known. Safe to share between threads.

    An upstream that is down keeps each caller waiting to its deadline; forty parts would take an hour.
    """

    def __init__(self) -> None:
        """Begin in good hope."""
        self._lock = Lock()
        self._in_a_row = 0
        self._error: UpstreamError | None = None

    @property
    def error(self) -> UpstreamError | None:
        """What the next part would meet, or None where it is worth asking."""
        with self._lock:
            return self._error

    def answered(self) -> None:
        """A part was answered."""
        with self._lock:
            self._in_a_row = 0

    def failed(self, error: UpstreamError) -> None:
        """A part was not."""
        with self._lock:
            self._in_a_row = self._in_a_row + 1 if isinstance(error, UpstreamUnavailable) else 0
            if error.reason in _SAME_FOR_ALL or self._in_a_row >= _FAILURES_IN_A_ROW:
                self._error = error
