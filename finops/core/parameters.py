"""Parameters of an address: one form checks them for the page and for the API, and describes them in the schema."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from finops.core.problems import ParameterProblem

FormType = TypeVar("FormType", bound=forms.Form)

_NO_FIELD = {"__all__": ""}  # of the parameters together
_KNOWN_TO_ALL = {"format"}  # finops.core.answers looks at it before anyone else


class NoParameters(forms.Form):
    """Of an address that takes none."""


class InstantField(forms.Field):
    """An ISO 8601 instant with its offset; a time of day without one would mean a different hour to each reader."""

    default_error_messages = {
        "invalid": "Give an ISO 8601 instant, such as 2026-03-01T12:00:00Z.",
        "naive": "Give the offset too, such as 2026-03-01T12:00:00Z. A + in an address is written %2B.",
        "range": "Give an instant in the years 2000 to 2100.",
    }

    def to_python(self, value: Any) -> datetime | None:
        """The instant in UTC, or None where nothing was given."""
        if value in self.empty_values:
            return None
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        if instant.tzinfo is None:
            raise ValidationError(self.error_messages["naive"], code="naive")
        if not 2000 <= instant.year <= 2100:  # noqa: PLR2004 (far from what any ledger holds, and from overflow)
            raise ValidationError(self.error_messages["range"], code="range")
        return instant.astimezone(UTC)


def checked(form_class: type[FormType], request: Request) -> FormType:
    """The parameters of an API request in their form; raises ParameterProblem, which names each wrong one.

    A field whose name ends in an underscore stands for the parameter without it, such as `from_` for `from`.

    A parameter nobody knows is an error too: a misspelt filter would silently answer for everything.
    """
    names = {name.removesuffix("_"): name for name in form_class.base_fields}
    data = QueryDict(mutable=True)
    for name, values in request.query_params.lists():
        data.setlist(names.get(name, name), values)
    form = form_class(data)
    errors: dict[str, list[ErrorDetail]] = {
        name: [ErrorDetail("There is no such parameter.", code="unknown")]
        for name in sorted(set(request.query_params) - set(names) - _KNOWN_TO_ALL)
    }
    errors |= {
        name: [ErrorDetail("Give this parameter once.", code="repeated")]
        for name, values in request.query_params.lists()
        if name in names and len(values) > 1 and not _takes_many(form_class.base_fields[names[name]])
    }
    if not form.is_valid():
        for name, problems in form.errors.as_data().items():
            errors[_NO_FIELD.get(name, name).removesuffix("_")] = [
                ErrorDetail(message, code=problem.code or "invalid")
                for problem in problems
                for message in problem.messages
            ]
    if errors:
        raise ParameterProblem(errors)
    return form


def described(form_class: type[forms.Form]) -> list[OpenApiParameter]:
    """The parameters of a form as the OpenAPI schema describes them."""
    return [
        OpenApiParameter(
            name.removesuffix("_"),
            type=_schema_of(field),
            required=field.required,
            description=str(field.help_text),
            many=_takes_many(field),
        )
        for name, field in form_class.base_fields.items()
    ]


def _takes_many(field: forms.Field) -> bool:
    return getattr(field.widget, "allow_multiple_selected", False)


def _schema_of(field: forms.Field) -> dict[str, Any]:
    """What the field accepts, in JSON Schema."""
    if isinstance(field, forms.IntegerField):
        limits = {"minimum": field.min_value, "maximum": field.max_value}
        return {"type": "integer"} | {key: value for key, value in limits.items() if value is not None}
    if isinstance(field, forms.DateField):
        return {"type": "string", "format": "date"}
    if isinstance(field, InstantField):
        return {"type": "string", "format": "date-time"}
    if isinstance(field, forms.BooleanField):
        return {"type": "boolean"}
    schema: dict[str, Any] = {"type": "string"}
    choices: Any = getattr(field, "choices", None)
    if choices:
        schema["enum"] = [str(value) for value, _ in choices if value]
    if getattr(field, "max_length", None):
        schema["maxLength"] = field.max_length  # type: ignore[attr-defined]
    return schema
