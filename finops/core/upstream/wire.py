"""One request and one answer. What requests and urllib3 raise ends here: their texts hold URLs and headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http.cookiejar import CookiePolicy, DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from .answer import Answer
from .errors import Reason, UpstreamError, UpstreamMisunderstood, UpstreamRejected, UpstreamUnavailable
from .watchdog import WatchedAdapter

_CHUNK_BYTES = 65_536
_TEMPORARY_REDIRECT = 307


class Repeat(Enum):
    """Whether a failed try may be followed by another."""

    NEVER = "never"
    IF_HARMLESS = "if harmless"  # it may have been done: only for what may be done twice
    ALWAYS = "always"  # it was surely not done


class FailedTry(Exception):  # noqa: N818 (caught by the session and by nobody else)
    """A try that failed, the error it would raise, and whether another may follow."""

    def __init__(
        self,
        error: UpstreamError,
        repeat: Repeat,
        *,
        status: int | None = None,
        asked_for_seconds: float | None = None,
    ) -> None:
        """Keep what the session needs to decide."""
        super().__init__(error.message)
        self.error = error
        self.repeat = repeat
        self.status = status
        self.asked_for_seconds = asked_for_seconds


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent."""

    method: str
    url: str
    params: Mapping[str, Any]
    body: Any = None


class Wire:
    """A pool of connections with headers on it. Safe to share between threads."""

    def __init__(
        self, *, upstream: str, label: str, headers: Mapping[str, str], max_bytes: int, follows_307: bool
    ) -> None:
        """Open nothing yet; the first request does."""
        self._upstream = upstream
        self._label = label
        self._max_bytes = max_bytes
        self._follows_307 = follows_307
        self._http = requests.Session()
        self._http.headers.update({"User-Agent": "carbon-aware-finops", "Accept": "application/json"})
        self._http.headers.update(headers)
        self._http.auth = _as_it_is
        self._http.cookies.set_policy(_no_cookies())
        adapter = WatchedAdapter(pool_connections=2, pool_maxsize=8, max_retries=0)
        self._http.mount("https://", adapter)
        self._http.mount("http://", adapter)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def exchange(self, request: Request, *, connect_seconds: float, read_seconds: float) -> Answer:
        """Send and read the whole answer, whatever its status; raises FailedTry and nothing else.

        No redirect is followed, but for one 307 of a POST to the same scheme, host and port where the
        session was made so: to anywhere else it could carry the key away.
        """
        timeout = (connect_seconds, read_seconds)
        response = self._send(request, timeout)
        if response.status_code == _TEMPORARY_REDIRECT and self._follows_307 and request.method == "POST":
            target = urljoin(request.url, response.headers.get("Location", ""))
            if urlsplit(target)[:2] == urlsplit(request.url)[:2]:
                response.close()
                response = self._send(Request("POST", target, {}, request.body), timeout)
        try:
            return Answer(response.status_code, self._read(response), response.headers.get("Retry-After"))
        finally:
            response.close()

    def _send(self, request: Request, timeout: tuple[float, float]) -> requests.Response:
        try:
            return self._http.request(
                request.method,
                request.url,
                params=dict(request.params),
                json=request.body,
                timeout=timeout,
                stream=True,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError:
            raise FailedTry(
                self._unavailable(
                    "could not be reached safely: the TLS handshake or certificate failed",
                    fix="Check the address, this machine's clock and its certificate authorities.",
                ),
                Repeat.NEVER,
            ) from None
        except requests.exceptions.ConnectTimeout:
            raise FailedTry(self._unavailable("did not accept a connection in time"), Repeat.ALWAYS) from None
        except requests.exceptions.Timeout:
            raise FailedTry(self._unavailable("did not answer in time"), Repeat.IF_HARMLESS) from None
        except requests.exceptions.ConnectionError as error:
            if _was_never_sent(error):
                raise FailedTry(self._unavailable("could not be reached"), Repeat.ALWAYS) from None
            raise FailedTry(self._unavailable("closed the connection"), Repeat.IF_HARMLESS) from None
        except (requests.exceptions.InvalidHeader, UnicodeError):
            raise FailedTry(
                UpstreamRejected(
                    f"The key for {self._label} holds characters that no HTTP header can carry.",
                    upstream=self._upstream,
                    reason=Reason.BAD_CREDENTIALS,
                    fix="Set the key again; mind line ends and quotation marks.",
                ),
                Repeat.NEVER,
            ) from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError):
            raise FailedTry(self._unavailable("could not be asked"), Repeat.NEVER) from None

    def _read(self, response: requests.Response) -> bytes:
        """The body, unpacked piece by piece: a small answer may unpack to more than the memory holds."""
        body = bytearray()
        try:
            while piece := response.raw.read(_CHUNK_BYTES, decode_content=True):
                body += piece
                if len(body) > self._max_bytes:
                    raise FailedTry(
                        self._misunderstood(f"it is larger than {self._max_bytes / 1e6:g} MB"),
                        Repeat.NEVER,
                        status=response.status_code,
                    )
        except urllib3.exceptions.DecodeError:
            raise FailedTry(
                self._misunderstood("its compression is broken"), Repeat.NEVER, status=response.status_code
            ) from None
        except (urllib3.exceptions.HTTPError, OSError):
            raise FailedTry(
                self._unavailable("broke off in the middle of its answer"),
                Repeat.IF_HARMLESS,
                status=response.status_code,
            ) from None
        return bytes(body)

    def _unavailable(self, what: str, *, fix: str = "") -> UpstreamUnavailable:
        return UpstreamUnavailable(f"{self._label} {what}.", upstream=self._upstream, fix=fix)

    def _misunderstood(self, why: str) -> UpstreamMisunderstood:
        return UpstreamMisunderstood(f"The answer of {self._label} cannot be read: {why}.", upstream=self._upstream)


def _as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands where requests would otherwise look into ~/.netrc for a password to send along."""
    return prepared


def _no_cookies() -> CookiePolicy:
    """A cookie of one answer must not colour the next call, which may be another thread's."""
    return DefaultCookiePolicy(allowed_domains=[])


def _was_never_sent(error: requests.exceptions.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), urllib3.exceptions.NewConnectionError)
