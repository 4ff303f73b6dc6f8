"""The OpenAPI document of the Carbon Aware API: it fits the SDK's, and the server does what it says."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
import schemathesis
import yaml
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from schemathesis import checks

from tests.conftest import NOW
from tests.factories import CarbonForecastFactory

SDK = Path(settings.BASE_DIR).parent / "shared" / "data" / "carbon_aware" / "sdk_openapi.yaml"
CHECKS = [
    checks.not_a_server_error,
    *(
        check
        for check in checks.CHECKS.get_all()
        if check.__name__ in {"status_code_conformance", "content_type_conformance", "response_schema_conformance"}
    ),
]
DOCUMENT = "/api/v1/swagger.yaml"
PLACES = ("eu-central-1", "DE", "nowhere")

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("anonymous", "clock_at_now")]


@pytest.fixture
def connections_stay():
    """A request through WSGI would close the connection that the test's transaction is in."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def document(client):
    response = client.get(DOCUMENT)
    assert response["Content-Type"] == "application/x-yaml"
    return yaml.safe_load(response.content)


def operations(document):
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_of_the_sdk_is_there_with_its_name_and_parameters(document):
    ours, theirs = operations(document), operations(yaml.safe_load(SDK.read_text()))

    for name, (method, path, operation) in theirs.items():
        assert ours[name][:2] == (method, path)
        named = {parameter["name"]: parameter.get("required", False) for parameter in operation.get("parameters", [])}
        resolved = [
            document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
            if "$ref" in parameter
            else parameter
            for parameter in ours[name][2].get("parameters", [])
        ]
        known = {parameter["name"]: parameter.get("required", False) for parameter in resolved}
        assert {parameter: known.get(parameter) for parameter in named} == named


def test_every_shape_of_the_sdk_is_there_member_by_member(document):
    def kinds(schema):
        return {
            name: (member.get("type"), member.get("format"), member.get("nullable", False))
            for name, member in schema["properties"].items()
        }

    ours, theirs = (each["components"]["schemas"] for each in (document, yaml.safe_load(SDK.read_text())))

    for name, schema in theirs.items():
        known = kinds(ours[name])
        assert {member: known.get(member) for member in kinds(schema)} == kinds(schema), name


def test_the_same_document_is_there_as_json_and_below_the_prefix(client, document):
    assert client.get("/swagger/v1/swagger.json").json() == document
    assert yaml.safe_load(client.get("/carbon-aware/api/v1/swagger.yaml").content) == document


def test_the_page_shows_the_document_without_code_of_its_own(client):
    page = client.get("/swagger").content.decode()
    script = client.get("/swagger?script=").content.decode()

    assert "<script>" not in page
    assert DOCUMENT in script


@pytest.mark.usefixtures("connections_stay")
def test_the_server_does_what_the_document_says(observe):
    observe("DE", NOW, [300.0])
    CarbonForecastFactory.create()
    django = get_wsgi_application()

    def local(environ, start_response):
        return django(environ | {"HTTP_HOST": "localhost"}, start_response)

    schema = schemathesis.openapi.from_wsgi(DOCUMENT, local)
    failures = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if not operation.path.startswith("/sci-scores"):
            try:
                ask(operation)
            except BaseExceptionGroup as group:
                failures.extend(f"{operation.label}: {error}" for error in group.exceptions)
            except AssertionError as error:
                failures.append(f"{operation.label}: {error}")

    assert not failures, "\n\n".join(failures)


def ask(operation):
    """Some requests as the document allows them, every other one about a place that is known."""
    turns = iter(range(10_000))

    @hypothesis.settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy())
    def asked(case):
        turn = next(turns)
        if turn % 2 and case.query and "location" in case.query:
            place = PLACES[turn % len(PLACES)]
            case.query["location"] = [place] if isinstance(case.query["location"], list) else place
        case.call_and_validate(checks=CHECKS)

    asked()
