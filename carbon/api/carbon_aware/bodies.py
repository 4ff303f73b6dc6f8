"""The bodies of batch requests, as strict as .NET's own JSON reader and told in its words."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest

from carbon.api.carbon_aware.parameters import degrees_of, integer_of
from carbon.api.carbon_aware.problems import Errors, Problem, unreadable
from carbon.api.carbon_aware.times import ClientTime, read_in_body

_JSON_TYPES = re.compile(r"(application/json|text/json|application/[^\s;/]+\+json)", re.IGNORECASE)
_CHARSETS = {"utf-8": "utf-8-sig", "utf8": "utf-8-sig", "us-ascii": "ascii", "utf-16": "utf-16", "unicode": "utf-16"}
_MOST_ITEMS = 10_000


class Item:
    """One element of a batch. Member names are the same in upper and lower case; null was not given."""

    def __init__(self, members: Mapping[str, Any], *, index: int, errors: Errors) -> None:
        """Take the element at `index`; what cannot be read goes to `errors`."""
        self._members = {name.lower(): value for name, value in members.items()}
        self._errors = errors
        self.index = index

    def text(self, name: str) -> str | None:
        """A text, or None."""
        value = self._members.get(name.lower())
        if value is not None and not isinstance(value, str):
            self._cannot_read(name, "System.String")
            return None
        return value

    def time(self, name: str) -> ClientTime | None:
        """An instant, or None."""
        value = self._members.get(name.lower())
        if value is None:
            return None
        read = read_in_body(value) if isinstance(value, str) else None
        if read is None:
            self._cannot_read(name, "System.Nullable`1[System.DateTimeOffset]")
        return read

    def integer(self, name: str) -> int | None:
        """A 32-bit integer, also as text, or None."""
        value = self._members.get(name.lower())
        if value is None:
            return None
        is_number = isinstance(value, int) and not isinstance(value, bool)
        read = integer_of(str(value)) if is_number or isinstance(value, str) else None
        if read is None:
            self._cannot_read(name, "System.Nullable`1[System.Int32]")
        return read

    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude, or None."""
        given = [(name, self._members.get(name), limit) for name, limit in (("latitude", 90.0), ("longitude", 180.0))]
        if all(value is None for _, value, _ in given):
            return None
        values = []
        for name, value, limit in given:
            is_number = isinstance(value, int | float | str) and not isinstance(value, bool)
            read = degrees_of(str(value), limit=limit) if is_number else None
            if read is None:
                self._cannot_read(name, "System.Double")
            else:
                values.append(read)
        return (values[0], values[1]) if len(values) == 2 else None  # noqa: PLR2004 (a pair)

    def _cannot_read(self, name: str, kind: str) -> None:
        path = f"$[{self.index}].{name}"
        self._errors.setdefault(path, []).append(f"The JSON value could not be converted to {kind}. Path: {path}.")


class Batch:
    """The elements of a body. Read them all, then `check`."""

    def __init__(self, request: HttpRequest, *, parameter: str) -> None:
        """Read the body; raises the problem of one that is no array of objects. `parameter` is the SDK's word."""
        self._parameter = parameter
        self._errors: Errors = {}
        content = content_of(request, parameter)
        if not isinstance(content, list):
            raise self._unreadable({"$": ["The JSON value could not be converted to an array. Path: $."]})
        if len(content) > _MOST_ITEMS:
            raise unreadable(
                {parameter: [f"The field {parameter} has {len(content)} items; {_MOST_ITEMS} is the most."]}
            )
        self.items = []
        for index, element in enumerate(content):
            if isinstance(element, dict):
                self.items.append(Item(element, index=index, errors=self._errors))
            else:
                path = f"$[{index}]"
                self._errors[path] = [f"The JSON value could not be converted to an object. Path: {path}."]

    def check(self) -> None:
        """Raise the problem of what could not be read, all of it at once."""
        if self._errors:
            raise self._unreadable(self._errors)

    def _unreadable(self, errors: Errors) -> Problem:
        return unreadable(errors | {self._parameter: [f"The {self._parameter} field is required."]})


def content_of(request: HttpRequest, parameter: str) -> Any:
    """The body's JSON, never None; raises the problem of what cannot be read. `parameter` is the SDK's word for it."""
    """The JSON value of a body; raises the problem of one that is none. `parameter` is the SDK's word for it."""
    media_type, charset = _media_type_of(request)
    required = {parameter: [f"The {parameter} field is required."]}
    if not media_type and request.META.get("CONTENT_LENGTH") in {None, "", "0"}:
        raise unreadable({"": ["A non-empty request body is required."]} | required)
    if not _JSON_TYPES.fullmatch(media_type) or charset not in _CHARSETS:
        raise Problem(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        body = request.body.decode(_CHARSETS[charset])
    except UnicodeDecodeError:
        raise unreadable({"$": [f"The body is not {charset}."]} | required) from None
    if not body.strip():
        raise unreadable({"": ["A non-empty request body is required."]} | required)
    try:
        content = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        place = f" Line {error.lineno}, column {error.colno}." if isinstance(error, json.JSONDecodeError) else ""
        raise unreadable({"$": [f"The body is no JSON that can be read.{place}"]} | required) from None
    if content is None:
        raise unreadable({"": ["A non-empty request body is required."]} | required)
    return content


def _media_type_of(request: HttpRequest) -> tuple[str, str]:
    media_type, _, parameters = request.META.get("CONTENT_TYPE", "").partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    return media_type.strip(), charset[1].lower() if charset else "utf-8"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON.")
