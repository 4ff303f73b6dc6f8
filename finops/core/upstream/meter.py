"""Counts what calls to an upstream were made and what they cost."""

from decimal import Decimal
from threading import Lock


class CallMeter:
    """Calls and dollars by operation. Safe to share between threads."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._lock = Lock()
        self._calls: dict[str, int] = {}
        self._cost_usd: dict[str, Decimal] = {}

    def count(self, operation: str, *, calls: int = 1, cost_usd: Decimal = Decimal(0)) -> None:
        """Add `calls` of `operation` that together cost `cost_usd`."""
        with self._lock:
            self._calls[operation] = self._calls.get(operation, 0) + calls
            self._cost_usd[operation] = self._cost_usd.get(operation, Decimal(0)) + cost_usd

    @property
    def calls(self) -> dict[str, int]:
        """Calls by operation."""
        with self._lock:
            return dict(self._calls)

    @property
    def total_calls(self) -> int:
        """All calls."""
        return sum(self.calls.values())

    @property
    def cost_usd(self) -> Decimal:
        """What all calls cost."""
        with self._lock:
            return sum(self._cost_usd.values(), Decimal(0))

    def reset(self) -> None:
        """Start again at nothing."""
        with self._lock:
            self._calls.clear()
            self._cost_usd.clear()
