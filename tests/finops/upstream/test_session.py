from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from finops.core.upstream.answer import Refusal
from finops.core.upstream.errors import (
    Reason,
    UpstreamError,
    UpstreamMisunderstood,
    UpstreamRejected,
    UpstreamUnavailable,
)
from finops.core.upstream.meter import CallMeter
from finops.core.upstream.session import UpstreamSession
from tests.finops.upstream.conftest import SHORT

if TYPE_CHECKING:
    from tests.finops.upstream.fault_server import FaultServer

GOOD = {"answer": 42}


def test_an_answer_arrives_with_its_query_and_headers(server: FaultServer, session: UpstreamSession):
    answer = session.get_json("good", zone="DE", criteria=["gwp", "adp"])

    assert answer == GOOD
    assert server.seen[0]["path"] == "/good?zone=DE&criteria=gwp&criteria=adp"
    assert server.seen[0]["auth-token"] == "SECRET-TOKEN"
    assert server.seen[0]["User-Agent"] == "carbon-aware-finops"


def test_a_posted_body_arrives(server: FaultServer, session: UpstreamSession):
    answer = session.post_json("good", body={"provider": "aws"}, params={"verbose": "true"})

    assert answer == GOOD
    assert (json.loads(server.bodies[0]), server.seen[0]["path"]) == ({"provider": "aws"}, "/good?verbose=true")


@pytest.mark.parametrize(
    "path",
    ["429-then-good", "429-date", "429-bare", "502-then-good", "503-then-good", "truncated-once", "reset-once"],
)
def test_a_get_is_tried_again_where_that_may_help(server: FaultServer, session: UpstreamSession, path: str):
    answer = session.get_json(path)

    assert answer == GOOD
    assert server.asked[f"/{path}"] == 2
    assert session.meter.calls == {path: 2}


@pytest.mark.parametrize("path", ["502", "504", "429-forever"])
def test_a_get_is_not_tried_for_ever(server: FaultServer, session: UpstreamSession, path: str):
    with pytest.raises(UpstreamUnavailable):
        session.get_json(path)

    assert server.asked[f"/{path}"] == 3


@pytest.mark.parametrize("path", ["500", "401", "403", "404", "418", "422", "html", "redirect"])
def test_what_will_not_change_is_asked_once(server: FaultServer, session: UpstreamSession, path: str):
    with pytest.raises(UpstreamError):
        session.get_json(path)

    assert server.asked[f"/{path}"] == 1


@pytest.mark.parametrize("path", ["502-then-good", "truncated-once", "reset-once"])
def test_a_post_that_may_have_been_done_is_not_repeated(server: FaultServer, session: UpstreamSession, path: str):
    with pytest.raises(UpstreamUnavailable):
        session.post_json(path, body={})

    assert server.asked[f"/{path}"] == 1


@pytest.mark.parametrize("path", ["429-then-good", "503-then-good"])
def test_a_post_that_was_surely_not_done_is_repeated(session: UpstreamSession, path: str):
    assert session.post_json(path, body={}) == GOOD


@pytest.mark.parametrize("path", ["502-then-good", "reset-once"])
def test_a_post_that_only_computes_is_repeated_like_a_get(session: UpstreamSession, path: str):
    assert session.post_json(path, body={}, is_repeatable=True) == GOOD


@pytest.mark.parametrize(
    ("path", "kind", "reason"),
    [
        ("500", UpstreamUnavailable, Reason.UNAVAILABLE),
        ("502", UpstreamUnavailable, Reason.UNAVAILABLE),
        ("429-forever", UpstreamUnavailable, Reason.RATE_LIMITED),
        ("401", UpstreamRejected, Reason.BAD_CREDENTIALS),
        ("403", UpstreamRejected, Reason.DENIED),
        ("404", UpstreamRejected, Reason.NO_DATA),
        ("418", UpstreamRejected, Reason.BAD_REQUEST),
        ("422", UpstreamRejected, Reason.BAD_REQUEST),
        ("redirect", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("moved", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("html", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("empty", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("nan", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("infinity", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("1e999", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("twice", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("deep", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("latin", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("bomb", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("broken-gzip", UpstreamMisunderstood, Reason.MISUNDERSTOOD),
        ("truncated", UpstreamUnavailable, Reason.UNAVAILABLE),
        ("reset", UpstreamUnavailable, Reason.UNAVAILABLE),
    ],
)
def test_each_failure_is_one_of_our_three_errors(
    session: UpstreamSession, path: str, kind: type[UpstreamError], reason: Reason
):
    with pytest.raises(UpstreamError) as caught:
        session.get_json(path)

    assert (type(caught.value), caught.value.reason, caught.value.upstream) == (kind, reason, "grid")
    assert caught.value.message.endswith(".")
    assert "The Grid" in caught.value.message


@pytest.mark.parametrize("path", ["bom", "gzip"])
def test_a_byte_order_mark_and_compression_do_no_harm(session: UpstreamSession, path: str):
    assert session.get_json(path) == GOOD


@pytest.mark.parametrize("path", ["hang", "drip", "drip-close", "drip-headers", "drip-chunk"])
def test_a_slow_answer_ends_at_the_deadline_whatever_it_is_slow_in(session: UpstreamSession, path: str):
    started = time.monotonic()

    with pytest.raises(UpstreamUnavailable):
        session.get_json(path)

    assert time.monotonic() - started < SHORT.total_seconds + 1.5


def test_a_day_long_retry_after_is_believed_but_not_waited_for(session: UpstreamSession):
    started = time.monotonic()

    with pytest.raises(UpstreamUnavailable) as caught:
        session.get_json("429-a-day")

    assert time.monotonic() - started < 1
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > datetime.now(UTC) + timedelta(hours=23)


def test_after_too_many_requests_the_session_rests(server: FaultServer, session: UpstreamSession):
    with pytest.raises(UpstreamUnavailable):
        session.get_json("429-a-day")

    with pytest.raises(UpstreamUnavailable) as caught:
        session.get_json("good")

    assert caught.value.reason is Reason.RATE_LIMITED
    assert server.asked["/good"] == 0


def test_a_refused_port_is_unavailable_after_a_few_tries(log_lines: list[Any]):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    session = UpstreamSession("grid", f"http://127.0.0.1:{port}", patience=SHORT)

    with pytest.raises(UpstreamUnavailable, match="could not be reached"):
        session.post_json("anything", body={})

    assert log_lines[0]["retries"] == 2


def test_a_self_signed_certificate_is_refused_at_once(tmp_path: Path):
    tries: list[int] = []
    with _tls_server(tmp_path, tries) as port:
        session = UpstreamSession("grid", f"https://127.0.0.1:{port}", patience=SHORT)

        with pytest.raises(UpstreamUnavailable, match="TLS") as caught:
            session.get_json("good")

    assert len(tries) == 1
    assert "certificate" in caught.value.fix


def test_a_post_follows_one_redirect_to_the_same_host_where_allowed(server: FaultServer):
    session = UpstreamSession("power", server.url, patience=SHORT, follows_307=True)

    answer = session.post_json("moved", body={"a": 1}, params={"verbose": "true"})

    assert answer == GOOD
    assert [json.loads(body) for body in server.bodies] == [{"a": 1}, {"a": 1}]


def test_no_redirect_leads_to_another_host(server: FaultServer):
    session = UpstreamSession("power", server.url, patience=SHORT, follows_307=True)

    with pytest.raises(UpstreamMisunderstood):
        session.post_json("moved-away", body={})

    assert len(server.seen) == 1


def test_a_cookie_is_not_sent_back(server: FaultServer, session: UpstreamSession):
    session.get_json("cookie")
    session.get_json("good")

    assert "Cookie" not in server.seen[1]


def test_a_netrc_password_is_not_sent_along(
    server: FaultServer, session: UpstreamSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    session.get_json("good")

    assert "Authorization" not in server.seen[0]


@pytest.mark.parametrize("path", ["good", "401", "403", "500", "html", "nan", "truncated", "reset", "redirect"])
def test_neither_log_nor_error_holds_a_secret(session: UpstreamSession, log_lines: list[Any], path: str):
    shown = ""
    try:
        session.get_json(path, token="SECRET-QUERY")
    except UpstreamError as error:
        shown = f"{error} {error.fix} {error!r} {error.__cause__} {error.__suppress_context__}"

    text = f"{log_lines} {shown}"
    assert "SECRET" not in text
    assert "127.0.0.1" not in text
    assert not shown or shown.endswith("None True")


def test_a_key_with_a_line_end_is_a_bad_key_and_is_not_shown(server: FaultServer, log_lines: list[Any]):
    session = UpstreamSession("grid", server.url, {"auth-token": "SECRET\n"}, patience=SHORT)

    with pytest.raises(UpstreamRejected) as caught:
        session.get_json("good")

    assert caught.value.reason is Reason.BAD_CREDENTIALS
    assert "SECRET" not in f"{caught.value} {log_lines}"


def test_a_key_that_is_not_ascii_is_a_bad_key(server: FaultServer):
    session = UpstreamSession("grid", server.url, {"auth-token": "Schlüssel☃"}, patience=SHORT)

    with pytest.raises(UpstreamRejected) as caught:
        session.get_json("good")

    assert caught.value.reason is Reason.BAD_CREDENTIALS


def test_a_call_leaves_one_line_with_what_an_operator_wants(session: UpstreamSession, log_lines: list[Any]):
    session.get_json("502-then-good", zone="DE")

    (line,) = log_lines
    assert line.pop("ms") >= 0
    assert line == {
        "event": "upstream call",
        "log_level": "info",
        "upstream": "grid",
        "endpoint": "502-then-good",
        "method": "GET",
        "status": 200,
        "outcome": "ok",
        "retries": 1,
    }


def test_a_failed_call_leaves_a_warning(session: UpstreamSession, log_lines: list[Any]):
    with pytest.raises(UpstreamMisunderstood):
        session.get_json("nan")

    assert (log_lines[0]["log_level"], log_lines[0]["status"], log_lines[0]["outcome"]) == (
        "warning",
        200,
        "misunderstood",
    )


def test_nothing_there_is_no_warning(session: UpstreamSession, log_lines: list[Any]):
    with pytest.raises(UpstreamRejected):
        session.get_json("404")

    assert (log_lines[0]["log_level"], log_lines[0]["outcome"]) == ("info", "no_data")


def test_an_upstream_may_say_what_its_refusals_mean(server: FaultServer):
    bodies: list[tuple[int, object]] = []

    def read_refusal(status: int, body: object) -> Refusal | None:
        bodies.append((status, body))
        return Refusal(Reason.NOT_IN_PLAN, "Not in the plan.", "Choose another plan.") if status == 401 else None

    session = UpstreamSession("grid", server.url, patience=SHORT, read_refusal=read_refusal)

    with pytest.raises(UpstreamRejected) as unplanned:
        session.get_json("401")
    with pytest.raises(UpstreamRejected) as denied:
        session.get_json("403")

    assert (unplanned.value.reason, unplanned.value.fix) == (Reason.NOT_IN_PLAN, "Choose another plan.")
    assert denied.value.reason is Reason.DENIED
    assert bodies == [(401, {"error": "no such key SECRET-BODY"}), (403, None)]


def test_threads_may_share_a_session(server: FaultServer):
    session = UpstreamSession("grid", server.url)  # as patient as in production: a busy machine is no fault

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: session.get_json("good"), range(40)))

    assert answers == [GOOD] * 40
    assert session.meter.total_calls == 40


def test_the_meter_may_be_the_callers(server: FaultServer):
    meter = CallMeter()

    UpstreamSession("grid", server.url, patience=SHORT, meter=meter).get_json("good")

    assert meter.calls == {"good": 1}


@pytest.mark.parametrize(
    "address", ["", "grid.example", "ftp://grid.example", "https://me:pw@grid.example", "https://grid.example?key=1"]
)
def test_an_address_that_is_none_is_refused_when_the_session_is_made(address: str):
    with pytest.raises(ValueError, match="address"):
        UpstreamSession("grid", address)


class _tls_server:  # noqa: N801 (reads as a function where it is used)
    """Accepts TLS with a certificate that nobody signed, and counts who came."""

    def __init__(self, folder: Path, tries: list[int]) -> None:
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
        subprocess.run(
            [*command.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._tries = tries
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._tries.append(1)
            try:
                self._context.wrap_socket(line, server_side=True).close()
            except OSError:
                line.close()

    def __enter__(self) -> int:
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2)
