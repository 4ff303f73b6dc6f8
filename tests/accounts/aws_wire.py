"""A small AWS on this machine: answers on the wire what a test says, in AWS's own protocols and shapes.

botocore's models check what a test makes it answer, and moto's serialisers put it on the wire; so a test cannot
teach the code an answer that AWS would never give, unless it hands over raw bytes.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from botocore.validate import ParamValidator
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SIGNING_NAMES = {"monitoring": "cloudwatch"}
_PROTOCOLS = {
    "ec2": "ec2",
    "sts": "query",
    "cloudtrail": "json",
    "cloudwatch": "json",
    "ce": "json",
    "sso": "rest-json",
    "rds": "query",
    "s3": "rest-xml",
    "lambda": "rest-json",
}


@dataclass
class Raw:
    """An answer byte by byte, for what AWS should never say."""

    body: bytes
    status: int = 200
    content_type: str = "text/html"
    error_type: str = ""


@dataclass
class Refusal:
    """An error in AWS's own format."""

    code: str
    message: str = "Sorry."
    status: int = 400


@dataclass
class Request:
    operation: str
    region: str
    params: dict[str, Any]
    access_key: str


@dataclass
class AwsWire:
    """What is answered by operation, or by operation and region; the last of several answers is given again."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    _answers: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _given: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def answers(self, operation: str, *answers: Any, region: str = "") -> None:
        """Each of `answers` is the output, a Raw, a Refusal, or a function of the request that gives one."""
        self._answers[operation + region] = answers
        self._given[operation + region] = 0

    def asked(self, operation: str, *, region: str = "") -> list[Request]:
        return [r for r in self.requests if r.operation == operation and region in {"", r.region}]

    def answer_to(self, service: str, request: Request) -> Raw:
        with self._lock:
            self.requests.append(request)
            key = request.operation + request.region
            key = key if key in self._answers else request.operation
            if key not in self._answers:
                return _refused(service, Refusal("NotImplemented", status=501))
            answer = self._answers[key][min(self._given[key], len(self._answers[key]) - 1)]
            self._given[key] += 1
        while callable(answer):
            answer = answer(request)
        if isinstance(answer, Raw):
            return answer
        if isinstance(answer, Refusal):
            return _refused(service, answer)
        model = get_service_model(service).operation_model(request.operation)
        report = ParamValidator().validate(answer, model.output_shape)
        if report.has_errors():
            return Raw(report.generate_report().encode(), status=500)
        wire = get_serializer_class(service, _PROTOCOLS[service])(operation_model=model).serialize(answer)
        body = wire["body"] if isinstance(wire["body"], bytes) else wire["body"].encode()
        return Raw(body, wire["status_code"], wire["headers"].get("Content-Type", "text/xml"))


def _refused(service: str, refusal: Refusal) -> Raw:
    code, message = refusal.code, refusal.message
    if _PROTOCOLS[service] == "ec2":
        xml = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
        return Raw(xml.encode(), refusal.status, "text/xml")
    if _PROTOCOLS[service] in {"query", "rest-xml"}:
        xml = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        return Raw(xml.encode(), refusal.status, "text/xml")
    body = json.dumps({"__type": code, "message": message}).encode()
    return Raw(body, refusal.status, "application/x-amz-json-1.1", error_type=code)


def _signature(header: str) -> re.Match[str] | None:
    """Access key, region and signing name."""
    return re.search(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/", header)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wire: AwsWire

    def do_GET(self) -> None:
        # S3 and Lambda say in the path what they are asked; the SSO portal is asked without a signature.
        path, _, query = self.path.partition("?")
        signed = _signature(self.headers.get("Authorization", ""))
        if signed is None:
            self._answer("sso", Request(f"GET {path}", "", {}, ""))
            return
        access_key, region, service = signed.groups()
        operation = {"lambda": "ListFunctions", "s3": "ListBuckets" if path == "/" else "GetBucketLocation"}[service]
        params = dict(parse_qsl(query, keep_blank_values=True)) | ({"Bucket": path[1:]} if path != "/" else {})
        self._answer(service, Request(operation, region, params, access_key))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        signed = _signature(self.headers.get("Authorization", ""))
        access_key, region, name = signed.groups() if signed else ("", "", "sts")
        service = _SIGNING_NAMES.get(name, name)
        if target := self.headers.get("X-Amz-Target"):
            request = Request(target.rpartition(".")[2], region, json.loads(body), access_key)
        else:
            params = dict(parse_qsl(body.decode()))
            request = Request(params["Action"], region, params, access_key)
        self._answer(service, request)

    def _answer(self, service: str, request: Request) -> None:
        answer = self.wire.answer_to(service, request)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.error_type:
            self.send_header("x-amzn-ErrorType", answer.error_type)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        pass


def start(wire: AwsWire) -> Callable[[], None]:
    """Serve `wire` on a free port; returns what ends it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"wire": wire}))
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5)

    return end


def recorded(path: Path) -> dict[str, Any]:
    """A recorded answer as boto3 gave it, without its metadata."""
    data: dict[str, Any] = _revived(json.loads(path.read_text())["data"])
    return data


def _revived(value: Any) -> Any:
    if isinstance(value, list):
        return [_revived(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("__class__") == "datetime":
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return datetime(*(value[part] for part in parts), tzinfo=UTC)
    return {key: _revived(item) for key, item in value.items() if key != "ResponseMetadata"}
