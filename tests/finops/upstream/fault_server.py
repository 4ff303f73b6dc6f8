"""An upstream on this machine that fails in every way a test asks for, by path."""

from __future__ import annotations

import gzip
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import urlsplit

GOOD = b'{"answer": 42}'


class FaultServer(ThreadingHTTPServer):
    """Counts what it was asked; `over` ends those that hang."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.seen: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.over = Event()

    def forget(self) -> None:
        self.asked.clear()
        self.seen.clear()
        self.bodies.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def running() -> Iterator[FaultServer]:
    server = FaultServer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked[path] += 1
        self.server.seen.append({"path": self.path, **dict(self.headers.items())})
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        try:
            self._ways().get(path, self._good)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_GET  # noqa: N815 (the name http.server looks for)

    def _ways(self) -> dict[str, Callable[[], None]]:
        times = self.server.asked[urlsplit(self.path).path]
        soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
        return {
            "/429-then-good": lambda: self._good() if times > 1 else self._send(429, **{"Retry-After": "0"}),
            "/429-date": lambda: self._good() if times > 1 else self._send(429, **{"Retry-After": soon}),
            "/429-bare": lambda: self._good() if times > 1 else self._send(429),
            "/429-a-day": lambda: self._send(429, **{"Retry-After": "86400"}),
            "/429-forever": lambda: self._send(429, **{"Retry-After": "0"}),
            "/500": lambda: self._send(500),
            "/502-then-good": lambda: self._good() if times > 1 else self._send(502),
            "/502": lambda: self._send(502),
            "/503-then-good": lambda: self._good() if times > 1 else self._send(503),
            "/504": lambda: self._send(504),
            "/401": lambda: self._send(401, b'{"error": "no such key SECRET-BODY"}'),
            "/403": lambda: self._send(403, b"<html>SECRET-BODY</html>"),
            "/404": lambda: self._send(404),
            "/418": lambda: self._send(418),
            "/422": lambda: self._send(422),
            "/hang": self._wait,
            "/drip": self._drip_body,
            "/drip-close": lambda: self._drip_body(length=None),
            "/drip-headers": self._drip_headers,
            "/drip-chunk": self._drip_chunk,
            "/bomb": lambda: self._send(200, gzip.compress(b"0" * 50_000_000), **{"Content-Encoding": "gzip"}),
            "/broken-gzip": lambda: self._send(200, b"no gzip at all", **{"Content-Encoding": "gzip"}),
            "/gzip": lambda: self._send(200, gzip.compress(GOOD), **{"Content-Encoding": "gzip"}),
            "/truncated": self._truncated,
            "/truncated-once": lambda: self._good() if times > 1 else self._truncated(),
            "/html": lambda: self._send(
                200, b"<html>please log in SECRET-BODY</html>", **{"Content-Type": "text/html"}
            ),
            "/empty": lambda: self._send(200, b""),
            "/nan": lambda: self._send(200, b'{"a": NaN}'),
            "/infinity": lambda: self._send(200, b'{"a": -Infinity}'),
            "/1e999": lambda: self._send(200, b'{"a": 1e999}'),
            "/twice": lambda: self._send(200, b'{"a": 1, "a": 2}'),
            "/deep": lambda: self._send(200, b"[" * 100_000),
            "/latin": lambda: self._send(200, '{"a": "é"}'.encode("latin-1")),
            "/bom": lambda: self._send(200, b"\xef\xbb\xbf" + GOOD),
            "/redirect": lambda: self._send(302, Location="http://169.254.169.254/latest/meta-data/"),
            "/moved": lambda: self._send(307, Location="/moved/"),
            "/moved-away": lambda: self._send(307, Location="http://localhost:1/"),
            "/reset": self._reset,
            "/reset-once": lambda: self._good() if times > 1 else self._reset(),
            "/cookie": lambda: self._send(200, GOOD, **{"Set-Cookie": "who=one; Path=/"}),
            "/echo": lambda: self._send(200, json.dumps(dict(self.headers.items())).encode()),
        }

    def _good(self) -> None:
        self._send(200, GOOD)

    def _send(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _wait(self, seconds: float = 20) -> None:
        self.server.over.wait(seconds)
        self.close_connection = True

    def _trickle(self, piece: bytes) -> None:
        for _ in range(400):
            self.wfile.write(piece)
            self.wfile.flush()
            if self.server.over.wait(0.05):
                break
        self.close_connection = True

    def _drip_body(self, length: int | None = 400) -> None:
        self.send_response(200)
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if length is None:
            self.wfile.write(GOOD)
        self._trickle(b" ")

    def _drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self._trickle(b"a")

    def _drip_chunk(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._trickle(b"0")

    def _truncated(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"a": 1')
        self.close_connection = True

    def _reset(self) -> None:
        # Zero linger: the kernel answers with a reset instead of a proper end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
