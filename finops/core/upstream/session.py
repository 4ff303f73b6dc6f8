"""How this project speaks HTTP with an upstream: once, here, and with every limit set."""

import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from .answer import SERVICE_UNAVAILABLE, TOO_MANY_REQUESTS, Answer, ReadRefusal, error_of, payload_of
from .errors import Reason, UpstreamError, UpstreamUnavailable
from .meter import CallMeter
from .patience import Patience, retry_after_seconds
from .watchdog import Watchdog
from .wire import FailedTry, Repeat, Request, Wire

log = structlog.get_logger(__name__)

_GATEWAY_TROUBLE = frozenset({502, 504})
# Nothing there and not in the plan are answers too; only what an operator should look at is a warning.
_EXPECTED = frozenset({"ok", Reason.NO_DATA.value, Reason.NOT_IN_PLAN.value})


class UpstreamSession:
    """A pool of connections to one upstream; base URL, headers and limits are already on it.

    Safe to share between threads. A caller meets UpstreamUnavailable, UpstreamRejected and
    UpstreamMisunderstood and nothing else; their text never holds a URL, a header or an answer's body.
    Each call writes one log line and counts its requests in `meter` under the endpoint's path.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        *,
        label: str = "",
        meter: CallMeter | None = None,
        patience: Patience | None = None,
        max_bytes: int = 5_000_000,
        read_refusal: ReadRefusal | None = None,
        follows_307: bool = False,
    ) -> None:
        """Open nothing yet; the first call does.

        `name` is the source as SourceStatus keeps it, `label` what a reader calls it. `read_refusal` may
        tell, from the status and the parsed body (None where it is no JSON) of a refused call, what it
        means with this upstream. `follows_307` lets a POST follow one redirect to the same host.
        """
        self.name = name
        self.label = label or name
        self.meter = meter if meter is not None else CallMeter()
        self._base_url = _checked(base_url)
        self._patience = patience or Patience()
        self._read_refusal = read_refusal
        self._rests_until = 0.0
        self._wire = Wire(
            upstream=name, label=self.label, headers=headers or {}, max_bytes=max_bytes, follows_307=follows_307
        )

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

    def get_json(self, path: str, **params: Any) -> Any:
        """The JSON answer to GET `path`; tried again where that may help."""
        return self._call(path, Request("GET", self._url(path), params), is_repeatable=True)

    def post_json(
        self, path: str, *, body: Any, params: Mapping[str, Any] | None = None, is_repeatable: bool = False
    ) -> Any:
        """The JSON answer to POST `path`.

        Tried again only where the upstream has surely not done it: no connection, 429, 503. A POST that
        merely computes may say `is_repeatable` and is then treated like a GET.
        """
        return self._call(path, Request("POST", self._url(path), params or {}, body), is_repeatable=is_repeatable)

    def _call(self, path: str, request: Request, *, is_repeatable: bool) -> Any:
        """Ask, and write the call's one line, however it ends."""
        started = time.monotonic()
        seen: dict[str, Any] = {"status": None, "tries": 0}
        outcome = "failed"
        try:
            answer = self._ask_patiently(path, request, is_repeatable=is_repeatable, seen=seen)
            payload = payload_of(answer, upstream=self.name, label=self.label)
            outcome = "ok"
        except UpstreamError as error:
            outcome = error.reason.value
            raise
        finally:
            (log.info if outcome in _EXPECTED else log.warning)(
                "upstream call",
                upstream=self.name,
                endpoint=path,
                method=request.method,
                status=seen["status"],
                outcome=outcome,
                ms=round((time.monotonic() - started) * 1000),
                retries=max(0, seen["tries"] - 1),
            )
        return payload

    def _ask_patiently(self, path: str, request: Request, *, is_repeatable: bool, seen: dict[str, Any]) -> Answer:
        self._refuse_while_resting()
        with Watchdog(self._patience.total_seconds) as watchdog:
            while True:
                seen["tries"] += 1
                self.meter.count(path)
                try:
                    answer = self._try_once(request, watchdog)
                except FailedTry as failed:
                    seen["status"] = failed.status
                    pause = self._pause_before_another(
                        failed, watchdog, is_repeatable=is_repeatable, tried=seen["tries"]
                    )
                    if pause is None:
                        raise failed.error from None
                    time.sleep(pause)
                else:
                    seen["status"] = answer.status
                    return answer

    def _try_once(self, request: Request, watchdog: Watchdog) -> Answer:
        """One complete answer that is ok, or a FailedTry."""
        left = max(watchdog.seconds_left, 0.001)
        try:
            answer = self._wire.exchange(
                request,
                connect_seconds=min(self._patience.connect_seconds, left),
                read_seconds=min(self._patience.read_seconds, left),
            )
        except FailedTry as failed:
            if watchdog.has_bitten:
                raise self._too_slow(failed.status) from None
            raise
        if watchdog.has_bitten:  # a body of unknown length only looks complete when the line is cut
            raise self._too_slow(answer.status)
        if not answer.is_ok:
            raise self._refused(answer)
        return answer

    def _pause_before_another(
        self, failed: FailedTry, watchdog: Watchdog, *, is_repeatable: bool, tried: int
    ) -> float | None:
        """Seconds to wait before the next try, or None where there is to be none."""
        may_repeat = failed.repeat is Repeat.ALWAYS or (failed.repeat is Repeat.IF_HARMLESS and is_repeatable)
        pause = self._patience.pause_seconds(
            tried=tried,
            asked_for=failed.asked_for_seconds,
            chance=random.random(),  # noqa: S311 (it spreads the retries and guards nothing)
        )
        if may_repeat and tried < self._patience.tries and pause is not None and pause < watchdog.seconds_left:
            return pause
        if failed.error.reason is Reason.RATE_LIMITED and failed.error.retry_at is not None:
            rest = failed.error.retry_at - datetime.now(UTC)
            self._rests_until = time.monotonic() + rest.total_seconds()
        return None

    def _refused(self, answer: Answer) -> FailedTry:
        now = datetime.now(UTC)
        asked_for = retry_after_seconds(answer.retry_after, now=now)
        rest = timedelta(seconds=max(asked_for or 0, self._patience.cooldown_seconds))
        error = error_of(
            answer, upstream=self.name, label=self.label, retry_at=now + rest, read_refusal=self._read_refusal
        )
        repeat = Repeat.NEVER
        if isinstance(error, UpstreamUnavailable):
            if answer.status in {TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE}:
                repeat = Repeat.ALWAYS
            elif answer.status in _GATEWAY_TROUBLE:
                repeat = Repeat.IF_HARMLESS
        return FailedTry(error, repeat, status=answer.status, asked_for_seconds=asked_for)

    def _too_slow(self, status: int | None) -> FailedTry:
        seconds = self._patience.total_seconds
        error = UpstreamUnavailable(f"{self.label} did not finish its answer within {seconds:g} s.", upstream=self.name)
        return FailedTry(error, Repeat.NEVER, status=status)

    def _refuse_while_resting(self) -> None:
        """After "too many requests" to the last try, ask nothing until the pause is over."""
        seconds = self._rests_until - time.monotonic()
        if seconds > 0:
            raise UpstreamUnavailable(
                f"{self.label} was asked too often and is left alone for {max(1, round(seconds))} s more.",
                upstream=self.name,
                reason=Reason.RATE_LIMITED,
                retry_at=datetime.now(UTC) + timedelta(seconds=seconds),
            )

    def _url(self, path: str) -> str:
        return f"{self._base_url}/{path.lstrip('/')}"


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("An upstream's address begins with https:// or http:// and names a host.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("An upstream's address holds no user, password, query or fragment; keys have settings.")
    return base_url.rstrip("/")
