"""Switches by which a test lets a stand-in fail: the next so many requests, then all is well again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer given in place of the true one."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


class Faults:
    """What goes wrong next. Safe to set while the stand-in answers."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Fault] = []

    def next(self, fault: Fault, *, times: int = 1) -> None:
        """Let the next `times` requests be answered with `fault`."""
        with self._lock:
            self._waiting += [fault] * times

    def take(self) -> Fault | None:
        """The fault for the request at hand, if one is due."""
        with self._lock:
            return self._waiting.pop(0) if self._waiting else None

    def clear(self) -> None:
        """Let all be well again."""
        with self._lock:
            self._waiting.clear()


def too_many_requests(*, retry_after_seconds: int) -> Fault:
    """The caller asks too often."""
    return Fault(429, '{"error":"Too many requests"}', {"Retry-After": str(retry_after_seconds)})
