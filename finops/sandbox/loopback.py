"""A quiet threaded HTTP server for WSGI applications, on this machine's loopback address only."""

from socket import create_server
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"
SSO_TOKEN_KEY = "HTTP_X_AMZ_SSO_BEARER_TOKEN"  # noqa: S105 (the name of a header)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it each small answer on a kept connection waits 40 ms for the other side's acknowledgement.
    disable_nagle_algorithm = True

    def log_request(self, *args: Any) -> None:
        """Say nothing: the request log counts."""

    def make_environ(self) -> "WSGIEnvironment":
        """Keep the SSO portal's header `x-amz-sso_bearer_token`, which servers drop for its underscores."""
        environ = super().make_environ()
        for name, value in self.headers.items():
            if name.lower() == "x-amz-sso_bearer_token":
                environ[SSO_TOKEN_KEY] = value
        return environ


class LoopbackServer:
    """Serves one application from a thread of its own. OSError where the port is taken."""

    def __init__(self, application: "WSGIApplication", *, port: int = 0) -> None:
        # Bound here, because werkzeug would end the process where the port is taken; it makes its own copy.
        with create_server((HOST, port)) as bound:
            self._server = make_server(
                HOST, port, application, threaded=True, request_handler=_Handler, fd=bound.fileno()
            )
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self._server.port}"

    def start(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering and give the port back."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()
