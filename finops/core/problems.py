"""Errors of the API as problem+json (RFC 9457)."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an API error as application/problem+json; None lets Django handle it."""
    response = exception_handler(error, context)
    if response is None:
        return None
    detail = response.data
    problem: dict[str, Any] = {"title": response.status_text, "status": response.status_code}
    if isinstance(detail, dict) and set(detail) == {"detail"}:
        problem["detail"] = str(detail["detail"])
        problem["code"] = getattr(detail["detail"], "code", "error")
    else:
        problem["detail"] = "One or more parameters cannot be used as given."
        problem["code"] = "invalid"
        problem["errors"] = detail
    response.data = problem
    response.content_type = "application/problem+json"
    return response
