"""Errors of the API as problem+json (RFC 9457): a title, a status, a sentence, a code, and which parameter."""

from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

CONTENT_TYPE = "application/problem+json"
_API_PREFIX = "/api/"


def _always(method: str, path: str) -> bool:  # noqa: ARG001 (as the others)
    return True


# Every refusal of the API: its status, in words, and which operations it applies to.
PROBLEMS: Final[dict[int, tuple[str, Callable[[str, str], bool]]]] = {
    400: ("A parameter or the body cannot be used as given; `errors` names which.", _always),
    401: ("Nobody is signed in.", _always),
    403: ("You may not do this.", _always),
    404: ("It is not there, or not for you.", _always),
    405: ("This address does not do that.", _always),
    406: ("This address cannot answer in the format asked for.", _always),
    415: ("The body is not JSON.", lambda method, _: method not in {"get", "delete"}),
    429: ("Too many requests; Retry-After says when to come again.", _always),
    500: ("An error of our own.", _always),
}


class ParameterProblem(APIException):
    """A request whose parameters cannot be used as given."""

    status_code: int = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"

    def __init__(self, errors: dict[str, list[ErrorDetail]]) -> None:
        """Keep what is wrong, by parameter."""
        super().__init__("One or more parameters cannot be used as given.")
        self.errors = errors


class NoSuchValue(ParameterProblem):
    """A parameter that names something which is not there, or not for this reader."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "not_found"

    def __init__(self, parameter: str, message: str) -> None:
        """Keep which parameter, and say in `message` what is not there."""
        super().__init__({parameter: [ErrorDetail(message, code="not_found")]})
        self.detail = ErrorDetail(message, code="not_found")


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an API error as application/problem+json; None lets Django handle it."""
    response = exception_handler(error, context)
    if response is None:
        return None
    problem: dict[str, Any] = {"type": "about:blank", "title": response.status_text, "status": response.status_code}
    if isinstance(error, ParameterProblem):
        said = str(error.detail)
        problem |= {"detail": said, "code": error.default_code, "errors": list(_flattened(error.errors))}
    elif isinstance(response.data, dict) and set(response.data) == {"detail"}:
        detail = response.data["detail"]
        problem |= {"detail": str(detail), "code": getattr(detail, "code", "error")}
    else:
        said = "One or more parameters cannot be used as given."
        problem |= {"detail": said, "code": "invalid", "errors": list(_flattened(response.data))}
    response.data = problem
    response.content_type = CONTENT_TYPE
    if (request := context.get("request")) is not None:
        request.accepted_renderer = JSONRenderer()  # a problem is JSON, whatever was asked for
        request.accepted_media_type = CONTENT_TYPE
    return response


def _flattened(detail: Any, name: str = "") -> Any:
    """Each error with the parameter it is about; parameters inside others are joined by dots."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flattened(value, f"{name}.{key}" if name else str(key))
    elif isinstance(detail, list):
        for value in detail:
            yield from _flattened(value, name)
    else:
        yield {"parameter": name, "code": getattr(detail, "code", "invalid"), "message": str(detail)}


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 of an address that no route knows: a problem below /api/, else the page."""
    if request.path.startswith(_API_PREFIX):
        return _problem(404, "Not Found", "not_found", "There is nothing at this address. See /api/v1/docs/.")
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 400 of a request that Django itself refuses, such as one of another host: a problem below /api/."""
    if request.path.startswith(_API_PREFIX):
        detail = str(exception) if isinstance(exception, BadRequest) else "This request cannot be answered as it is."
        return _problem(400, "Bad Request", "invalid", detail)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 403 of a page: a problem below /api/."""
    if request.path.startswith(_API_PREFIX):
        return _problem(403, "Forbidden", "permission_denied", "You may not do this.")
    return defaults.permission_denied(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 of an error of our own: a problem below /api/, else the page. Neither tells what broke inside."""
    if request.path.startswith(_API_PREFIX):
        return _problem(500, "Internal Server Error", "error", "An error of our own; the log has the details.")
    return defaults.server_error(request)


def _problem(status_code: int, title: str, code: str, detail: str) -> JsonResponse:
    body = {"type": "about:blank", "title": title, "status": status_code, "detail": detail, "code": code}
    return JsonResponse(body, status=status_code, content_type=CONTENT_TYPE)
