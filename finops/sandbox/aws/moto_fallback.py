"""What the sandbox does not simulate itself is answered by moto, behind the same URL."""

import os
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class MotoFallback:
    """moto's server application, loaded when first needed: it takes seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._application: WSGIApplication | None = None

    def answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", *, account_id: str
    ) -> Iterable[bytes]:
        """Let moto answer, in the account of the caller's key."""
        if account_id:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
        return self._loaded()(environ, start_response)

    def _loaded(self) -> "WSGIApplication":
        with self._lock:
            if self._application is None:
                os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # 12 MB that nobody here reads
                from moto.moto_server import werkzeug_app  # noqa: PLC0415 (slow, and rarely needed)

                application: Any = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
                self._application = application
            return self._application
