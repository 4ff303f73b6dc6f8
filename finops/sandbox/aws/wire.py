"""AWS's wire protocols, the one place that knows them: requests in, answers out.

Bytes are parsed and written by moto (whose `core.parse` and `core.serialize` are not a public API: the
version is pinned), and both directions are held against the service models that ship with botocore.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json import dumps
from typing import Any
from urllib.parse import parse_qs, parse_qsl
from uuid import uuid4
from xml.sax.saxutils import escape

from botocore.validate import ParamValidator
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

from finops.sandbox.aws.errors import BROKEN, AwsError

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_SERVICE_OF_SIGNING_NAME = {"monitoring": "cloudwatch", "awsssoportal": "sso", "sso-oauth": "sso-oidc"}
_UNSIGNED = {
    "/client/register": ("sso-oidc", "RegisterClient"),
    "/device_authorization": ("sso-oidc", "StartDeviceAuthorization"),
    "/token": ("sso-oidc", "CreateToken"),
    "/federation/credentials": ("sso", "GetRoleCredentials"),
    "/assignment/accounts": ("sso", "ListAccounts"),
    "/assignment/roles": ("sso", "ListAccountRoles"),
    "/logout": ("sso", "Logout"),
}
# What a REST request asks for stands in its method and path.
_REST = {
    ("s3", "GET", ""): "ListBuckets",
    ("lambda", "GET", "/2015-03-31/functions"): "ListFunctions",
}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came."""

    method: str
    path: str
    query: MultiDict[str, str]
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a request speaks to. Unsigned requests have no region and no access key."""

    service: str  # botocore's name
    operation: str  # empty where only the service is known
    region: str
    access_key_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str]


def target_of(request: Request) -> Target | None:
    """Whom `request` speaks to, told by its signature or, where SSO signs nothing, by its path."""
    match = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if match is None:
        unsigned = _UNSIGNED.get(request.path)
        return Target(*unsigned, region="", access_key_id="") if unsigned else None
    access_key_id, region, signing_name = match.groups()
    service = _SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)
    in_path = _REST.get((service, request.method, request.path.rstrip("/")), "")
    return Target(service, _operation_of(request) or in_path, region, access_key_id)


def _operation_of(request: Request) -> str:
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", maxsplit=1)[-1]
    if "x-www-form-urlencoded" in request.headers.get("Content-Type", ""):
        return parse_qs(request.body.decode()).get("Action", [""])[0]
    return ""


class Wire:
    """One operation of one service, in the protocol a request came in."""

    def __init__(self, service: str, operation: str, *, content_type: str) -> None:
        model = get_service_model(service)
        self._model: OperationModel = model.operation_model(operation)
        self.protocol = "json" if "amz-json" in content_type else str(model.metadata["protocol"])
        self._service = service
        self._content_type = content_type or "application/json"
        self._speaks_query_codes = "awsQueryCompatible" in model.metadata

    def parse(self, request: Request) -> dict[str, Any]:
        """The parameters of a request; raises AwsError where they do not fit the model."""
        is_form = self.protocol in {"query", "ec2"}
        values: MultiDict[str, str] = request.query
        if is_form:
            values = MultiDict(parse_qsl(request.body.decode(), keep_blank_values=True))
        headers = Headers(list(request.headers))
        parsed = PROTOCOL_PARSERS[self.protocol](self._model).parse(
            {
                "method": request.method,
                "values": values,
                "headers": headers,
                "body": request.body,
                "url_path": request.path,
                "url_params": {},
            }
        )
        parameters: dict[str, Any] = _with_time_zones(parsed)
        if self._model.input_shape is not None:
            report = ParamValidator().validate(parameters, self._model.input_shape)
            if report.has_errors():
                raise AwsError("ValidationException", str(report.generate_report()))
        return parameters

    def faults_of(self, output: Mapping[str, Any]) -> str:
        """How `output` breaks the service's own model; empty where it fits."""
        if self._model.output_shape is None:
            return ""
        report = ParamValidator().validate(dict(output), self._model.output_shape)
        return str(report.generate_report()) if report.has_errors() else ""

    def render(self, output: Mapping[str, Any], *, checked: bool = True) -> Answer:
        """An answer that a client of the service reads; refused, if `checked`, where it breaks the service's model."""
        faults = self.faults_of(output) if checked else ""
        if faults:
            raise AwsError(BROKEN, f"The sandbox's answer breaks AWS's model: {faults}", 500)
        serializer = get_serializer_class(self._service, self.protocol)(
            operation_model=self._model, value_picker=_member
        )
        rendered = serializer.serialize(output)
        headers = dict(rendered["headers"])
        content_type = headers.pop("Content-Type", self._content_type)
        if "amz-json" in self._content_type:
            content_type = self._content_type
        body = rendered["body"]
        return Answer(
            rendered["status_code"], content_type, body.encode() if isinstance(body, str) else bytes(body), headers
        )

    def render_error(self, error: AwsError) -> Answer:
        """An error answer in the shape of the protocol."""
        return render_error(self.protocol, error, speaks_query_codes=self._speaks_query_codes)


def render_error(protocol: str, error: AwsError, *, speaks_query_codes: bool = False) -> Answer:
    """An error answer in the shape of a protocol: `ec2`, `query`, `json`, `rest-json` or `rest-xml`."""
    request_id = str(uuid4())
    code, message = escape(error.code), escape(error.message)
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return Answer(error.status, "text/xml", body.encode(), {})
    if protocol in {"query", "rest-xml"}:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Answer(error.status, "text/xml", body.encode(), {})
    headers = {"x-amzn-ErrorType": error.code, "x-amzn-RequestId": request_id}
    if speaks_query_codes:
        headers["x-amzn-query-error"] = f"{error.code};{'Sender' if error.status < 500 else 'Receiver'}"  # noqa: PLR2004 (HTTP)
    content_type = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
    body = dumps({"__type": error.code, "message": error.message, **error.fields})
    return Answer(error.status, content_type, body.encode(), headers)


def _member(context: Any) -> Any:
    """How the writer finds a member of an answer: our answers are plain dictionaries."""
    return context.obj.get(context.key)


def _with_time_zones(value: Any) -> Any:
    """The same, with UTC on every instant: the parser hands them back naive."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, dict):
        return {key: _with_time_zones(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_time_zones(item) for item in value]
    return value
