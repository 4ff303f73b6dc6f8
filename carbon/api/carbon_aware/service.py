"""What asks for no carbon: whether the service is there, and addresses that nobody answers."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from carbon.api.carbon_aware.view import empty


@csrf_exempt
def healthy(request: HttpRequest) -> HttpResponse:
    """That the process answers, for whoever asks; it touches no database."""
    if request.method not in {"GET", "HEAD"}:
        return empty(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
    return HttpResponse("Healthy", content_type="text/plain", headers={"Cache-Control": "no-store"})


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """404 without a body, as the SDK has it."""
    del request
    return empty(HTTPStatus.NOT_FOUND)
