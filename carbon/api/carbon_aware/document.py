"""The OpenAPI document of the Carbon Aware API, for everybody, and a page to browse and try it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

_PATH = Path(__file__).with_name("openapi.yaml")


@cache
def document() -> dict[str, Any]:
    """The document as data."""
    loaded: dict[str, Any] = yaml.safe_load(_PATH.read_text(encoding="utf-8"))
    return loaded


@require_safe
def document_as_yaml(request: HttpRequest) -> HttpResponse:
    """As the SDK's container serves it."""
    del request
    return HttpResponse(_PATH.read_bytes(), content_type="application/x-yaml")


@require_safe
def document_as_json(request: HttpRequest) -> HttpResponse:
    """As the SDK serves it while it is developed."""
    del request
    return HttpResponse(json.dumps(document()), content_type="application/json")


class Browse(SpectacularSwaggerSplitView):
    """Swagger UI over the document."""

    schema = None
    permission_classes = [AllowAny]
    http_method_names = ["get", "head"]
    url = "/api/v1/swagger.yaml"
