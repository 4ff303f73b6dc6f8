"""In which format the API answers."""

from collections.abc import Iterable

from rest_framework.exceptions import ErrorDetail
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

FORMAT = "format"


class Negotiation(DefaultContentNegotiation):
    """As Django REST framework does it, but an unknown ?format= is a wrong parameter, not a missing page."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer that ?format= or else Accept names."""
        from finops.core.problems import ParameterProblem  # noqa: PLC0415 (it needs views, which need this module)

        renderers = list(renderers)
        wanted = request.query_params.get(FORMAT)
        formats = [renderer.format for renderer in renderers]
        if wanted is not None and wanted not in formats:
            words = f"This address answers as {' or '.join(formats)}."
            raise ParameterProblem({FORMAT: [ErrorDetail(words, code="invalid_choice")]})
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen
