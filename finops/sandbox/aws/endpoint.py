"""The AWS endpoint: one WSGI application that answers for every service, in every region, for every account.

A request is told apart by its signature, parsed and held against AWS's own model, counted against AWS's quotas,
answered from the scenario, and the answer is held against the model too: an answer that does not fit is an
HTTP 500 and never data. What has no handler goes on to moto on the same URL.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from finops.sandbox.aws.errors import BROKEN, AwsError, bad_input, denied, expired_key, unknown_key
from finops.sandbox.aws.identity import Identities, Principal
from finops.sandbox.aws.moto_fallback import MotoFallback
from finops.sandbox.aws.quotas import Throttle
from finops.sandbox.aws.wire import Answer, Request, Target, Wire, render_error, target_of
from finops.sandbox.loopback import SSO_TOKEN_KEY
from finops.sandbox.request_log import Asked, RequestLog
from finops.sandbox.scenario import Scenario, real_clock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, where and when."""

    account_id: str
    arn: str
    region: str
    now: datetime


Handler = Callable[[Caller, Parameters], Mapping[str, Any] | Answer]
Handlers = Mapping[tuple[str, str], Handler]

_REGIONAL = {"ec2", "cloudtrail", "cloudwatch", "rds", "lambda"}
_LONGEST_REMEMBERED = 20
_NOBODY = Principal("", "")


class AwsEndpoint:
    """The WSGI application; `handlers` maps (service, operation) to a function of caller and parameters."""

    def __init__(
        self, scenario: Scenario, *, identities: Identities, handlers: Handlers, enforces_quotas: bool = True
    ) -> None:
        self.log = RequestLog()
        self._scenario = scenario
        self._identities = identities
        self._handlers = handlers
        self._throttle = Throttle(is_on=enforces_quotas)
        self._fallback = MotoFallback()
        self._checked: set[tuple[str, str]] = set()
        self._lock = Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        http = HttpRequest(environ)
        request = Request(http.method, http.path, http.args, _headers(http), http.get_data(parse_form_data=False))
        target = target_of(request)
        if target is None:
            return _respond(_no_signature(), environ, start_response)
        if (target.service, target.operation) not in self._handlers:
            return _respond(self._pass_on(request, target), environ, start_response)
        return _respond(self._answer(request, target), environ, start_response)

    def _answer(self, request: Request, target: Target) -> Answer:
        wire = Wire(target.service, target.operation, content_type=request.headers.get("Content-Type", ""))
        parameters: Parameters = {}
        principal, outcome = _NOBODY, "ok"
        try:
            principal = self._principal(target)
            parameters = self._parameters(wire, request, target)
            answer = self._ask(wire, target, principal, parameters)
        except AwsError as error:
            outcome = error.code
            if outcome == BROKEN:
                self.log.faults.append(f"{target.service}.{target.operation}: {error.message}")
            answer = wire.render_error(error)
        except Exception:
            logger.exception("the sandbox could not answer %s.%s", target.service, target.operation)
            outcome = BROKEN
            self.log.faults.append(f"{target.service}.{target.operation} raised; see the log")
            answer = wire.render_error(AwsError(BROKEN, "The sandbox failed; see its log.", 500))
        self.log.add(
            Asked(
                target.service, target.operation, principal.account_id, target.region, outcome, _remembered(parameters)
            )
        )
        return answer

    def _pass_on(self, request: Request, target: Target) -> Answer:
        try:
            principal = self._principal(target)
            answer = self._fallback.answer(request, target, account_id=principal.account_id)
        except AwsError as error:
            protocol = {"ec2": "ec2", "s3": "rest-xml"}.get(target.service, "json" if _is_json(request) else "query")
            self.log.add(Asked(target.service, target.operation, "", target.region, error.code))
            return render_error(protocol, error)
        self.log.add(Asked(target.service, target.operation, principal.account_id, target.region, "passed on"))
        return answer

    def _principal(self, target: Target) -> Principal:
        if not target.access_key_id:
            return _NOBODY  # SSO's own operations: a token in a header stands for the signature
        principal = self._identities.principal(target.access_key_id)
        if principal is None:
            raise unknown_key(target.service)
        if principal.expires_at is not None and principal.expires_at <= real_clock():
            raise expired_key(target.service)
        return principal

    def _parameters(self, wire: Wire, request: Request, target: Target) -> Parameters:
        try:
            return wire.parse(request)
        except AwsError as error:
            raise bad_input(target.service, error.message) from error
        except (ValueError, TypeError, KeyError) as error:
            raise bad_input(target.service, f"The request cannot be read: {error}") from error

    def _ask(self, wire: Wire, target: Target, principal: Principal, parameters: Parameters) -> Answer:
        self._throttle.check(target.service, target.operation, principal.account_id, target.region, parameters)
        if self._scenario.is_denied(principal.account_id, target.service, target.operation, target.region):
            raise denied(target.service, target.operation, principal.arn)
        if not self._is_open(target, principal):
            raise unknown_key(target.service)
        if parameters.get("DryRun"):
            raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
        caller = Caller(principal.account_id, principal.arn, target.region, self._scenario.now())
        output = self._handlers[target.service, target.operation](caller, parameters)
        if isinstance(output, Answer):
            return output  # rendered and checked before
        return wire.render(output, checked=self._is_to_be_checked(target))

    def _is_open(self, target: Target, principal: Principal) -> bool:
        """Whether the account has enabled the region; in others AWS does not know its keys."""
        account = self._scenario.account(principal.account_id)
        return account is None or target.service not in _REGIONAL or target.region in account.enabled_regions

    def _is_to_be_checked(self, target: Target) -> bool:
        if self._scenario.checks_every_answer:
            return True
        with self._lock:
            key = target.service, target.operation
            is_first = key not in self._checked
            self._checked.add(key)
        return is_first


def _remembered(parameters: Parameters) -> Parameters:
    """What the log keeps of a request: long lists only by their length, for a demo may run for days."""
    return {
        name: f"{len(value)} of them" if isinstance(value, list) and len(value) > _LONGEST_REMEMBERED else value
        for name, value in parameters.items()
    }


def _headers(http: HttpRequest) -> Headers:
    """The headers, with the SSO portal's, whose underscores a WSGI server would have dropped."""
    headers = Headers(list(http.headers))
    token = http.environ.get(SSO_TOKEN_KEY)
    if token is not None:
        headers["x-amz-sso_bearer_token"] = token
    return headers


def _is_json(request: Request) -> bool:
    return "x-www-form-urlencoded" not in request.headers.get("Content-Type", "")


def _no_signature() -> Answer:
    return render_error(
        "rest-json", AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    )


def _respond(answer: Answer, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    response = Response(answer.body, answer.status, dict(answer.headers), content_type=answer.content_type)
    return response(environ, start_response)
