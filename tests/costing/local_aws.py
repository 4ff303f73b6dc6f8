"""An AWS endpoint on this machine that speaks JSON 1.1 and answers what a test lays out."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

# Given the request's own JSON: the answer's, or an HTTP status with it.
Answer = Callable[[dict[str, Any]], dict[str, Any] | tuple[int, dict[str, Any]]]


class LocalAws:
    """Answers each operation by the function laid out for it, and keeps the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self._lock = Lock()
        aws = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                operation = self.headers["X-Amz-Target"].rpartition(".")[2]
                status, told = aws._answer(operation, asked)
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """What was asked of one operation, in order."""
        return [asked for name, asked in self.requests if name == operation]

    def _answer(self, operation: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self.requests.append((operation, asked))
            told = self.answers[operation](asked)
        return told if isinstance(told, tuple) else (200, told)


def refusal(code: str, *, status: int = 400) -> tuple[int, dict[str, Any]]:
    """An error as AWS writes it."""
    return status, {"__type": f"com.amazonaws#{code}", "message": "Something from AWS that no reader should see"}
