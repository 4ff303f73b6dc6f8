"""What every operation of the Carbon Aware API shares: who may ask, how it answers, and what it says beside."""

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from carbon.api.carbon_aware import problems
from carbon.api.carbon_aware.parameters import Query
from carbon.api.carbon_aware.times import ClientTime
from carbon.estimators.series import IntensityPoints

JSON = "application/json; charset=utf-8"


class SignedInOrOpen(BasePermission):
    """Whoever is signed in; anybody where CARBON_AWARE_ANONYMOUS opens these routes to a private network."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request may go on."""
        del view
        return bool(settings.CARBON_AWARE_ANONYMOUS or request.user.is_authenticated)


class CarbonAwareView(APIView):
    """An operation. It answers in JSON whatever is accepted, with errors in the SDK's shape."""

    schema = None  # these have a document of their own
    permission_classes = [SignedInOrOpen]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:  # noqa: ARG002, FBT001, FBT002 (DRF's signature)
        """JSON and nothing else, as the SDK does."""
        return JSONRenderer(), "application/json"

    @property
    def allowed_methods(self) -> list[str]:
        """Nothing is told to OPTIONS."""
        return [method.upper() for method in ("get", "head", "post") if hasattr(self, method)]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing to remark yet."""
        self.remarks: list[str] = []
        super().initial(request, *args, **kwargs)

    def query(self, request: Request, *names: str, **options: Any) -> Query:
        """The parameters of the address; one that this operation does not know is remarked upon."""
        query = Query(request.query_params, names=names, **options)
        self.remarks += query.warnings()
        return query

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say the remarks, beside errors too."""
        response = super().finalize_response(request, response, *args, **kwargs)
        say_warnings(response, getattr(self, "remarks", ()))
        return response

    def get_exception_handler(self) -> Any:
        """Errors in the SDK's shape."""
        return problems.answer_for

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse a wrong verb before anything else, with nothing to read, as the SDK does."""
        if request.method not in self.allowed_methods:
            return empty(HTTPStatus.METHOD_NOT_ALLOWED, Allow=", ".join(self.allowed_methods))
        response: Any = super().dispatch(request, *args, **kwargs)
        return response  # type: ignore[no-any-return]


def empty(status: int, **headers: str) -> HttpResponse:
    """An answer without a body, and so without a type of one."""
    response = HttpResponse(status=status, headers=headers)
    del response["Content-Type"]
    return response


def answered(written: str, told: Iterable[IntensityPoints], *, now: datetime) -> HttpResponse:
    """An answer with what it rests on."""
    response = HttpResponse(written, content_type=JSON)
    say_provenance(response, told, now=now)
    return response


def say_provenance(response: HttpResponse, told: Iterable[IntensityPoints], *, now: datetime) -> None:
    """Sources, signal, and when the oldest part of it was fetched: Carbon-Source, -Signal, -As-Of and Age."""
    if not (told := list(told)):
        return
    as_of = min(points.as_of for points in told)
    response["Carbon-Source"] = ", ".join(dict.fromkeys(points.source for points in told))
    response["Carbon-Signal"] = ", ".join(dict.fromkeys(points.signal for points in told))
    response["Carbon-As-Of"] = str(ClientTime.of(as_of))
    response["Age"] = str(max(int((now - as_of).total_seconds()), 0))
    response["Cache-Control"] = "private, no-cache"


def say_warnings(response: HttpResponse, sentences: Iterable[str]) -> None:
    """What the caller should know, one Warning each (RFC 7234: 299, miscellaneous), beside those said already."""
    said = [response["Warning"]] if response.has_header("Warning") else []
    said += [f'299 - "{_quotable(sentence)}"' for sentence in sentences]
    if said:
        response["Warning"] = ", ".join(said)


def _quotable(sentence: str) -> str:
    """Text that may stand between quotation marks in a header."""
    plain = sentence.encode("ascii", "replace").decode().replace("\\", "/").replace('"', "'")
    return "".join(character if character.isprintable() else "?" for character in plain)
