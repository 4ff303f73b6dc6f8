"""How the API answers besides JSON: 304 for what the reader has already, CSV for a spreadsheet."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from finops.core.csv_cells import csv_text

_WHEN_ANSWERED = re.compile(rb'"generated_at": ?"[^"]*"')


class CsvRenderer(BaseRenderer):
    """Makes CSV something one can ask for; the rows themselves are streamed by `csv_response`."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:  # noqa: ARG002 (as its parent has it)
        """Only errors come here, and those are rendered as problem+json."""
        return JSONRenderer().render(data)


class ReadView(APIView):
    """A view that only reads. A reader that has the answer already is told so, with 304."""

    http_method_names = ["get", "head", "options"]

    def finalize_response(  # type: ignore[override]  # a file is streamed, which its parent allows
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Let the answer be kept, and be asked for again by its ETag."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        patch_cache_control(response, private=True, no_cache=True)
        if isinstance(response, Response) and request.method in {"GET", "HEAD"} and response.status_code == 200:  # noqa: PLR2004
            response.add_post_render_callback(lambda rendered: _unless_known(request, rendered))
        return response


class TableView(ReadView):
    """A list, which can be had as CSV too."""

    renderer_classes = [JSONRenderer, CsvRenderer]


def _unless_known(request: Request, response: Response) -> HttpResponseBase:
    """The answer with its ETag, or 304; when it was made is no part of what it says."""
    said = _WHEN_ANSWERED.sub(b"", response.content)
    etag = f'W/"{sha256(said).hexdigest()[:32]}"'
    response["ETag"] = etag
    answer = get_conditional_response(request._request, etag=etag, response=response)  # noqa: SLF001 (no public way)
    return answer if answer is not None else response


def wants_csv(request: Request) -> bool:
    """Whether the reader asked for CSV, by Accept or by ?format=."""
    return isinstance(request.accepted_renderer, CsvRenderer)


def csv_response(
    name: str,
    serializer_class: type[serializers.Serializer[Any]],
    rows: Iterable[Any],
    *,
    context: Mapping[str, Any] | None = None,
    **beside: Any,
) -> HttpResponseBase:
    """All `rows` as a file called `name`, written while they are read.

    Each line has the fields of the serializer, those of a serializer in it after its name and a dot; a list or an
    object is JSON. What is in `beside`, such as the currency, stands at the end of each line.
    """
    serializer = serializer_class(context=dict(context or {}))
    columns = list(_columns(serializer))

    def lines() -> Iterator[list[str]]:
        yield [*columns, *beside]
        more = [_cell(value) for value in beside.values()]
        for row in rows:
            data = serializer.to_representation(row)
            yield [*(_cell(_at(data, column)) for column in columns), *more]

    writer = csv.writer(_Echo())
    response = StreamingHttpResponse(
        (writer.writerow(line) for line in lines()), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


class _Echo:
    """What csv writes to: it gives each line back."""

    def write(self, line: str) -> str:
        return line


def _columns(serializer: serializers.Serializer[Any], prefix: str = "") -> Iterator[str]:
    for name, field in serializer.fields.items():
        if isinstance(field, serializers.Serializer):
            yield from _columns(field, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _at(data: Any, column: str) -> Any:
    for name in column.split("."):
        data = None if data is None else data[name]
    return data


def _cell(value: Any) -> str:
    """Unknown is empty; text that a spreadsheet would compute is written as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict | list | tuple):
        return csv_text(json.dumps(value, ensure_ascii=False, default=str))
    return _text(str(value))


def _text(text: str) -> str:
    # Money comes as text; a credit is negative and stays a number.
    return text if _NUMBER.fullmatch(text) else csv_text(text)


_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
