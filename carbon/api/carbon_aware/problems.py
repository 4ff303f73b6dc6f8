"""Errors in the shape of the Carbon Aware SDK: title, status, detail, errors and a W3C trace id.

Two kinds, as there: what its framework finds unreadable (with `type`, as application/json), and what its
handlers refuse (titled by the exception, as application/problem+json).
"""

import json
import logging
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.views import APIView

logger = logging.getLogger(__name__)

Errors = dict[str, list[str]]

PROBLEM_JSON = "application/problem+json; charset=utf-8"
PLAIN_JSON = "application/json; charset=utf-8"
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")
_SECTION_OF_RFC9110 = {400: "15.5.1", 401: "15.5.2", 403: "15.5.4", 404: "15.5.5", 413: "15.5.14", 415: "15.5.16"}


class Problem(Exception):  # noqa: N818 (the answer that a request gets)
    """A request that is answered with an error. `title` None: the one that the framework gives its own errors."""

    def __init__(
        self,
        detail: str | None = None,
        errors: Errors | None = None,
        *,
        title: str | None = None,
        status: int = HTTPStatus.BAD_REQUEST,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what the answer says."""
        super().__init__(detail or title or "")
        self.detail = detail
        self.errors = errors
        self.title = title
        self.status = int(status)
        self.headers = dict(headers or {})

    @property
    def is_of_framework(self) -> bool:
        """Whether the SDK's framework would have said it, before any of its own code ran."""
        return self.title is None

    def body(self, request: HttpRequest) -> dict[str, Any]:
        """The members of the answer, in the SDK's order."""
        title = self.title
        members: dict[str, Any] = {}
        if title is None:
            members["type"] = (
                f"https://tools.ietf.org/html/rfc9110#section-{_SECTION_OF_RFC9110.get(self.status, '15')}"
            )
            title = (
                "One or more validation errors occurred."
                if self.status == HTTPStatus.BAD_REQUEST
                else HTTPStatus(self.status).phrase
            )
        members |= {"title": title, "status": self.status}
        if self.detail is not None:
            members["detail"] = self.detail
        if self.errors is not None or not self.is_of_framework:
            members["errors"] = self.errors or {}
        return members | {"traceId": trace_id(request)}

    def response(self, request: HttpRequest) -> HttpResponse:
        """The answer itself."""
        is_validation = self.is_of_framework and self.status == HTTPStatus.BAD_REQUEST
        return HttpResponse(
            json.dumps(self.body(request), ensure_ascii=False).encode("utf-8", "replace"),
            status=self.status,
            content_type=PLAIN_JSON if is_validation else PROBLEM_JSON,
            headers=self.headers,
        )


def unreadable(errors: Errors) -> Problem:
    """What cannot be read at all."""
    return Problem(errors=errors)


def invalid(errors: Errors) -> Problem:
    """Parameters that can be read and not be meant."""
    return Problem("Invalid parameters", errors, title="ArgumentException")


def argument(detail: str, errors: Errors | None = None) -> Problem:
    """A parameter that names nothing, or nothing of use."""
    return Problem(detail, errors, title="ArgumentException")


def impossible(detail: str, errors: Errors | None = None) -> Problem:
    """A question that has no answer."""
    return Problem(detail, errors, title="InvalidOperationException")


def trace_id(request: HttpRequest) -> str:
    """A span of the caller's trace where the request names one, else of a new trace."""
    given = _TRACEPARENT.fullmatch(request.META.get("HTTP_TRACEPARENT", ""))
    trace, flags = given.groups() if given else (secrets.token_hex(16), "00")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"


def answer_for(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Any error of a view as a problem; one of our own tells nothing of what broke inside."""
    request: HttpRequest = context["request"]
    return _problem_of(error, context["view"]).response(request)


_STATUS_OF: tuple[tuple[type[Exception], HTTPStatus, str | None], ...] = (
    (Http404, HTTPStatus.NOT_FOUND, None),
    (PermissionDenied, HTTPStatus.FORBIDDEN, "You may not do that."),
    (RequestDataTooBig, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than this server reads."),
    (SuspiciousOperation, HTTPStatus.BAD_REQUEST, None),
)


def _problem_of(error: Exception, view: APIView) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, APIException):
        return _of_rest_framework(error, view)
    for kind, status, detail in _STATUS_OF:
        if isinstance(error, kind):
            return Problem(detail, {}, status=status)
    logger.error("an error of our own in %s", type(view).__name__, exc_info=error)
    return Problem(title="InternalServerError", status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _of_rest_framework(error: APIException, view: APIView) -> Problem:
    status, headers = error.status_code, {}
    if error.get_codes() in {"not_authenticated", "authentication_failed"}:
        status = HTTPStatus.UNAUTHORIZED
        headers["WWW-Authenticate"] = view.get_authenticate_header(view.request) or "Bearer"
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Problem(str(error.detail), {}, status=status, headers=headers)
