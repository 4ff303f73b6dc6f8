"""What was asked of the sandbox, for tests and benchmarks."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and what became of it: `ok` or an error code."""

    service: str
    operation: str
    account_id: str
    region: str
    outcome: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


class RequestLog:
    """Counts of all requests, the latest ones themselves, and the sandbox's own faults."""

    def __init__(self, *, keeps: int = 5_000) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, str, str, str, str]] = Counter()
        self._latest: deque[Asked] = deque(maxlen=keeps)
        self.faults: list[str] = []  # answers that broke AWS's own model: each is a bug of the sandbox

    def add(self, asked: Asked) -> None:
        """Note a request."""
        with self._lock:
            self._counts[asked.service, asked.operation, asked.account_id, asked.region, asked.outcome] += 1
            self._latest.append(asked)

    def count(self, operation: str = "", **wanted: str) -> int:
        """How many requests there were; `wanted` names fields of `Asked`: service, account_id, region, outcome."""
        names = ("service", "operation", "account_id", "region", "outcome")
        if operation:
            wanted["operation"] = operation
        with self._lock:
            return sum(
                times
                for key, times in self._counts.items()
                if all(dict(zip(names, key, strict=True))[name] == value for name, value in wanted.items())
            )

    def latest(self, operation: str = "") -> list[Asked]:
        """The latest requests, oldest first."""
        with self._lock:
            return [asked for asked in self._latest if operation in {"", asked.operation}]

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._counts.clear()
            self._latest.clear()
            self.faults.clear()
