"""Cuts the line of a call that takes too long, whatever it is stuck in.

A read time-out starts anew with every byte, so a server that drips one byte a second, in the body, in
the headers or in the length of a chunk, could hold a worker for ever. The watchdog shuts the socket.
"""

import socket
from contextlib import suppress
from contextvars import ContextVar, Token
from threading import Lock, Timer
from time import monotonic
from types import TracebackType
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

_current: ContextVar["Watchdog | None"] = ContextVar("watchdog", default=None)


class Watchdog:
    """Lets whatever runs inside its `with` use the network for `seconds`, then cuts the line."""

    def __init__(self, seconds: float) -> None:
        """Start counting when entered."""
        self._seconds = seconds
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = Lock()
        self._line: socket.socket | None = None
        self._token: Token[Watchdog | None] | None = None
        self._ends = 0.0
        self.has_bitten = False

    def __enter__(self) -> Self:
        """Watch the connections that this thread uses from now on."""
        self._ends = monotonic() + self._seconds
        self._token = _current.set(self)
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; a socket back in the pool is not ours to cut any more."""
        self._timer.cancel()
        with self._lock:
            self._line = None
        if self._token is not None:
            _current.reset(self._token)

    @property
    def seconds_left(self) -> float:
        """How much of the time is left; 0 when there is none."""
        return max(0.0, self._ends - monotonic())

    def watch(self, line: socket.socket | None) -> None:
        """Cut this one, if it comes to that."""
        with self._lock:
            self._line = line
        if self.has_bitten:
            self._cut()

    def _cut(self) -> None:
        self.has_bitten = True
        with self._lock:
            if self._line is not None:
                with suppress(OSError):
                    # The plain shutdown also for TLS: it wakes the thread that waits in a read.
                    socket.socket.shutdown(self._line, socket.SHUT_RDWR)


def _watch(line: socket.socket | None) -> None:
    watchdog = _current.get()
    if watchdog is not None:
        watchdog.watch(line)


class _WatchedConnection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        """Tell the watchdog which socket this thread is about to wait for."""
        _watch(self.sock)
        return super().getresponse()


class _WatchedTlsConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3's own
        """Tell the watchdog which socket this thread is about to wait for."""
        _watch(self.sock)
        return super().getresponse()


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTlsConnection


_POOLS = {"http": _WatchedPool, "https": _WatchedTlsPool}


class WatchedAdapter(HTTPAdapter):
    """Requests' adapter whose connections a Watchdog can cut, with and without a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool with our connections in it."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the proxy's pool with our connections in it."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
