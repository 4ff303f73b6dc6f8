"""What the OpenAPI document says beyond what the views say: units, examples, refusals; and what it leaves out."""

import re
from collections.abc import Iterator
from typing import Any

from finops.core.problems import CONTENT_TYPE, PROBLEMS

Schema = dict[str, Any]

# How a field's name ends or begins, its unit, and an example of it. The first that fits counts.
_UNITS: tuple[tuple[str, str, Any], ...] = (
    (r"gco2e_per_kwh$|^high_above$|^optimal_below$", "gCO2e/kWh", 312.5),
    (r"gco2e$", "gCO2e", 72.4),
    (r"kwh$", "kWh", 0.24),
    (r"_usd(_this_month)?$", "US dollars", "2.76"),
    (r"^list_cost$|_cost$|^amount$", "money, in the currency named beside it", "2.76"),
    (r"_seconds$|^running_seconds$", "seconds", 3600),
    (r"_minutes$", "minutes", 60),
    (r"^hours_by_type$|hours(_lower|_upper)?$", "hours", 24),
    (r"shares?$|^coverage$|^cpu_utilization$", "a share, 0 to 1", 0.97),
    (r"^factor$", "a ratio, no unit", 1.04),
    (r"^pue$", "a ratio, no unit", 1.15),
    (r"^instance_days", "days of one instance each", 30),
    (r"^days_|_days$", "days", 30),
    (r"^hours_", "hours, counted", 24),
    (r"_year$", "a calendar year", 2025),
    (r"^page$|^pages$", "pages", 1),
    (r"^method_version$", "a version, no unit", 1),
    (r"^(id|account|instance|team|user)$|_id$", "an id, no unit", 42),
    (r"count$|^page_size$|^attempts$|^done$|^total$|^rows$|^calls", "a count", 3),
    (r"^refused_values$|^events_ignored$|^readings_|^groups_", "a count", 3),
    (r"^status$", "an HTTP status, no unit", 400),
)  # fmt: skip

_BY_NAME: Schema = {
    "account": "123456789012", "account_id": "123456789012", "account_name": "shop", "actor": "deploy", "api": "v1",
    "availability_zone": "eu-central-1a", "currency": "USD", "cursor": "eyJ…", "detail": "There is no such instance.",
    "fix": "aws sso login --profile shop", "group": "2026-11-20", "instance_id": "i-0123456789abcdef0",
    "instance_type": "m5.large", "lifecycle": "on-demand", "name": "web-1", "platform": "Linux/UNIX",
    "power_model": "load_curve", "region": "eu-central-1", "state": "running", "team": "platform", "tenancy": "default",
    "sources": "aws_ec2", "accounts": "shop",
    "unit": "gCO2e", "usage_operation": "RunInstances", "zone": "DE", "month": "2026-11", "type": "m5.large",
    "title": "Operational carbon", "message": "Give a month as 2026-03.", "parameter": "month", "code": "invalid",
    "days": 30, "hours": "48", "page": 1, "page_size": 50, "q": "web", "value": 72.4,
}  # fmt: skip
_BY_FORMAT: Schema = {
    "date": "2026-11-20",
    "date-time": "2026-11-20T06:00:00Z",
    "decimal": "2.76",
    "uri": "https://finops.example.com/api/v1/instances?cursor=eyJ",
    "email": "somebody@example.com",
}
_NUMBERS = {"number", "integer"}
_DEEPEST = 12


def without_trailing_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Each endpoint once: those with a slash at the end answer the same and are there for the clients' sake."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def with_units(result: Schema, **_: Any) -> Schema:
    """Every number says its unit, in words and as `x-unit`."""
    for name, field in _fields(result):
        unit = _unit_of(name, field)
        if unit and "x-unit" not in field:
            field["x-unit"] = unit
            field["description"] = f"{field.get('description', '')} Unit: {unit}.".strip()
    return result


def with_refusals(result: Schema, **_: Any) -> Schema:
    """Every operation says how it refuses, each time with the same kind of body; what is read may be unchanged."""
    components = result.setdefault("components", {}).setdefault("schemas", {})
    components["Problem"] = _PROBLEM
    for path, method, operation in _operations(result):
        answers = operation.setdefault("responses", {})
        for status, (words, applies) in PROBLEMS.items():
            if applies(method, path):
                answers.setdefault(str(status), {"description": words})
                answers[str(status)].setdefault(
                    "content", {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
                )
        for answer in answers.values():
            if "text/csv" in answer.get("content", {}):
                answer["content"]["text/csv"] = {"schema": {"type": "string"}}
                answer["description"] = answer["description"] or "All rows that match, in CSV without pages."
        if method == "get" and "200" in answers:
            answers["200"].setdefault("headers", {})["ETag"] = {
                "schema": {"type": "string"},
                "description": "Send it back as If-None-Match.",
            }
            answers["304"] = {"description": "Nothing of it has changed since the answer with that ETag."}
    return result


def with_examples(result: Schema, **_: Any) -> Schema:
    """Every parameter and every JSON answer comes with an example that fits it."""
    components = result.get("components", {}).get("schemas", {})
    for _path, _method, operation in _operations(result):
        for parameter in operation.get("parameters", []):
            if "example" not in parameter and "examples" not in parameter and parameter["name"] in _BY_NAME:
                value = _BY_NAME[parameter["name"]]
                if parameter["in"] == "query" and "enum" not in parameter["schema"]:
                    parameter["example"] = value
        for answer in operation.get("responses", {}).values():
            for media_type, content in answer.get("content", {}).items():
                if media_type.endswith("json") and not {"example", "examples"} & set(content):
                    content["example"] = _example("", content["schema"], components, 0)
    return result


def _operations(result: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in result.get("paths", {}).items():
        for method, operation in methods.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield path, method, operation


def _fields(result: Schema) -> Iterator[tuple[str, Schema]]:
    for component in result.get("components", {}).get("schemas", {}).values():
        for name, field in component.get("properties", {}).items():
            yield name, field
            if isinstance(inner := field.get("additionalProperties"), dict):
                yield name, inner


def _unit_of(name: str, field: Schema) -> str | None:
    if not (_NUMBERS & _types(field) or field.get("format") == "decimal"):
        return None
    return next((unit for pattern, unit, _ in _UNITS if re.search(pattern, name)), None)


def _types(schema: Schema) -> set[str]:
    kinds = schema.get("type", [])
    return set(kinds) if isinstance(kinds, list) else {kinds}


def _example(name: str, schema: Schema, components: Schema, depth: int) -> Any:  # noqa: PLR0911 (one kind a line)
    """A value that fits `schema`."""
    if "$ref" in schema:
        return _example(name, components[schema["$ref"].rsplit("/", 1)[-1]], components, depth + 1)
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            return _example(name, schema[key][0], components, depth + 1)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    kinds = _types(schema)
    if "array" in kinds:
        return [_example(name, schema.get("items", {}), components, depth + 1)] if depth < _DEEPEST else []
    if "object" in kinds or "properties" in schema:
        fields = {
            each: _example(each, field, components, depth + 1) for each, field in schema.get("properties", {}).items()
        }
        inner = schema.get("additionalProperties")
        if isinstance(inner, dict) and inner and depth < _DEEPEST:
            fields["example"] = _example(name, inner, components, depth + 1)
        return fields
    return _scalar(name, schema, kinds)


def _scalar(name: str, schema: Schema, kinds: set[str]) -> Any:
    if "boolean" in kinds:
        return True
    if _NUMBERS & kinds:
        value = next((example for pattern, _, example in _UNITS if re.search(pattern, name)), 1)
        number = float(value)
        return int(number) if "integer" in kinds else number
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    return str(_BY_NAME.get(name, "")) if "string" in kinds else None


_PROBLEM: Schema = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do, in a sentence."},
        "code": {"type": "string", "description": "The same for the same trouble, for programs."},
        "errors": {
            "type": "array",
            "description": "Each wrong parameter or field.",
            "items": {
                "type": "object",
                "required": ["parameter", "code", "message"],
                "properties": {
                    "parameter": {"type": "string", "description": "Its name; empty for several together."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
