"""Errors of the API as problem+json (RFC 9457): a title, a status, a sentence, a code, and which parameter."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.response import Response
from rest_framework.views import exception_handler

CONTENT_TYPE = "application/problem+json"
_API_PREFIX = "/api/"


class ParameterProblem(APIException):
    """A request whose parameters cannot be used as given."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"

    def __init__(self, errors: dict[str, list[ErrorDetail]]) -> None:
        """Keep what is wrong, by parameter."""
        super().__init__("One or more parameters cannot be used as given.")
        self.errors = errors


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an API error as application/problem+json; None lets Django handle it."""
    response = exception_handler(error, context)
    if response is None:
        return None
    detail = error.errors if isinstance(error, ParameterProblem) else response.data
    problem: dict[str, Any] = {"type": "about:blank", "title": response.status_text, "status": response.status_code}
    if isinstance(detail, dict) and set(detail) == {"detail"}:
        problem["detail"] = str(detail["detail"])
        problem["code"] = getattr(detail["detail"], "code", "error")
    else:
        problem["detail"] = "One or more parameters cannot be used as given."
        problem["code"] = "invalid"
        problem["errors"] = list(_flattened(detail))
    response.data = problem
    response.content_type = CONTENT_TYPE
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


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 of an error of our own: a problem below /api/, else the page. Neither tells what broke inside."""
    if request.path.startswith(_API_PREFIX):
        return _problem(500, "Internal Server Error", "error", "An error of our own; the log has the details.")
    return defaults.server_error(request)


def _problem(status_code: int, title: str, code: str, detail: str) -> JsonResponse:
    body = {"type": "about:blank", "title": title, "status": status_code, "detail": detail, "code": code}
    return JsonResponse(body, status=status_code, content_type=CONTENT_TYPE)
