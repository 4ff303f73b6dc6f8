"""A power API in the wire shape of BoaviztAPI 2.5: cloud instances, servers, and its failures.

GET, POST /v1/cloud/instance        GET /v1/cloud/instance/all_instances | all_providers
POST /v1/server → 307 → /v1/server/ GET /v1/utils/version
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from json import dumps, loads
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from finops.sandbox.faults import Faults
from finops.sandbox.power.answers import CRITERIA, Workload, answer
from finops.sandbox.power.machines import MACHINES, PROCESSORS, Machine, nearest
from finops.sandbox.request_log import Asked, RequestLog

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

VERSION = "2.5.0+sandbox"
_DEFAULT_TYPE = "a1.4xlarge"
_DEFAULT_CORES, _DEFAULT_RAM_GB = 24, 384
_OK = 200
_NOT_A_NUMBER = "Input should be a valid number, unable to parse string as a number"


class _BrokenError(Exception):
    """What the real API answers with a bare 500."""


class _InvalidError(Exception):
    """What the real API answers with 422."""


@dataclass(frozen=True, slots=True)
class _Options:
    is_verbose: bool
    hours: float | None
    criteria: list[str]


class PowerApi:
    """The WSGI application."""

    def __init__(self) -> None:
        self.log = RequestLog()
        self.faults = Faults()
        self._routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/v1/cloud/instance"): self._cloud_get,
            ("POST", "/v1/cloud/instance"): self._cloud_post,
            ("GET", "/v1/cloud/instance/all_instances"): _all_instances,
            ("GET", "/v1/cloud/instance/all_providers"): lambda _: _json(_OK, ["aws"]),
            ("POST", "/v1/server"): _with_slash,
            ("POST", "/v1/server/"): self._server,
            ("GET", "/v1/utils/version"): lambda _: _json(_OK, VERSION),
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        response = self._answer(request)
        outcome = "ok" if response.status_code == _OK else str(response.status_code)
        self.log.add(Asked("power", f"{request.method} {request.path}", "", "", outcome))
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        fault = self.faults.take()
        if fault is not None:
            return Response(fault.body, fault.status, dict(fault.headers), content_type=fault.content_type)
        route = self._routes.get((request.method, request.path))
        if route is None:
            return _json(404, {"detail": "Not Found"})
        try:
            return route(request)
        except _BrokenError:
            return Response("Internal Server Error", 500, content_type="text/plain; charset=utf-8")
        except _InvalidError as error:
            told = [{"type": "float_parsing", "loc": [str(error)], "msg": _NOT_A_NUMBER}]
            return _json(422, {"detail": told})

    def _cloud_get(self, request: Request) -> Response:
        provider, name = request.args.get("provider", "aws"), request.args.get("instance_type", _DEFAULT_TYPE)
        return self._cloud(request, provider, name, {})

    def _cloud_post(self, request: Request) -> Response:
        body = _body(request)
        if not isinstance(body.get("instance_type"), str):
            raise _BrokenError
        return self._cloud(request, body.get("provider", "aws"), body["instance_type"], body.get("usage") or {})

    def _cloud(self, request: Request, provider: str, name: str, usage: dict[str, Any]) -> Response:
        options = _options(request)
        machine = MACHINES.get(name) or nearest(name)
        if provider != "aws" or machine is None:
            return _json(404, {"detail": f"{name} at {provider} not found"})
        answered = _answered(machine, usage, options)
        if machine.name != name:
            says = f"Instance '{name}' not found; using closest match '{machine.name}' (fuzzy match)"
            answered["warnings"] = [says]
        return _json(_OK, answered)

    def _server(self, request: Request) -> Response:
        body = _body(request)
        configuration = body.get("configuration") or {}
        cpu, ram = configuration.get("cpu") or {}, configuration.get("ram") or []
        cores = cpu.get("units", 2) * cpu.get("core_units", _DEFAULT_CORES)
        memory = sum(part.get("units", 1) * part.get("capacity", 32) for part in ram) or _DEFAULT_RAM_GB
        name = cpu.get("name", "Intel Skylake")
        # A name that is not known is taken for a near one, here always the same.
        processor = name if name in PROCESSORS else "Intel Broadwell"
        machine = Machine("server", processor, 2.0 * cores, float(memory))
        answered = _answered(machine, body.get("usage") or {}, _options(request), is_server=True)
        return _json(_OK, answered)


def _body(request: Request) -> dict[str, Any]:
    try:
        body = loads(request.get_data())
    except ValueError as error:
        raise _InvalidError("body") from error
    if not isinstance(body, dict):
        raise _InvalidError("body")
    return body


def _options(request: Request) -> _Options:
    criteria = request.args.getlist("criteria") or list(CRITERIA)
    if set(criteria) - set(CRITERIA):
        raise _BrokenError
    hours = request.args.get("duration")
    try:
        duration = None if hours is None else float(hours)
    except ValueError as error:
        raise _InvalidError("duration") from error
    return _Options(request.args.get("verbose", "true").lower() != "false", duration, criteria)


def _answered(machine: Machine, usage: dict[str, Any], options: _Options, *, is_server: bool = False) -> dict[str, Any]:
    workload: Workload | None = usage.get("time_workload")
    if workload is not None and not isinstance(workload, int | float | list):
        raise _InvalidError("time_workload")
    return answer(
        machine,
        workload=workload,
        location=usage.get("usage_location"),
        hours=options.hours,
        criteria=options.criteria,
        is_verbose=options.is_verbose,
        is_server=is_server,
    )


def _all_instances(request: Request) -> Response:
    provider = request.args.get("provider")
    if provider != "aws":
        return _json(404, {"detail": f"No instance found for provider {provider}"})
    return _json(_OK, sorted(MACHINES))


def _with_slash(request: Request) -> Response:
    """The real API redirects; a client must send its body again."""
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    return Response(status=307, headers={"Location": f"{request.host_url}v1/server/{query}"})


def _json(status: int, body: Any) -> Response:
    return Response(dumps(body), status, content_type="application/json")
