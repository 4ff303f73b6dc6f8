"""The OpenAPI document: it says all there is to say, and the API does what it says."""

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck
from jsonschema import Draft202012Validator
from schemathesis import checks

from tests.costing.rows import an_account, an_instance, sum_up

pytestmark = [pytest.mark.django_db, pytest.mark.once]

API = "/api/v1"
NUMBERS = {"number", "integer"}
CHECKS = [
    checks.not_a_server_error,
    *(
        check
        for check in checks.CHECKS.get_all()
        if check.__name__
        in {
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
            "negative_data_rejection",
        }
    ),
]


@pytest.fixture
def document(alice_client):
    return alice_client.get(f"{API}/schema/").json()


@pytest.fixture
def connections_stay():
    """A request through WSGI would close the connection that the test's transaction is in."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations(document):
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]


def test_every_number_says_its_unit(document):
    silent = [
        f"{component}.{name}"
        for component, schema in document["components"]["schemas"].items()
        for name, field in schema.get("properties", {}).items()
        if is_number(field) and "x-unit" not in field and "description" not in field
    ]

    assert not silent, f"name the unit of {silent}, in help_text or by the field's name (finops/core/schema.py)"


def is_number(field):
    kinds = field.get("type", [])
    return bool(NUMBERS & set([kinds] if isinstance(kinds, str) else kinds)) or field.get("format") == "decimal"


def test_every_answer_has_an_example_that_fits_it(document):
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                if "example" in content:
                    schema = content["schema"] | {"components": document["components"]}
                    problems = list(Draft202012Validator(schema).iter_errors(content["example"]))
                    assert not problems, f"{name} {status}: {problems[0].message}"


def test_every_operation_says_how_it_refuses(document):
    for name, operation in operations(document):
        assert {"400", "401", "403", "404", "429", "500"} <= set(operation["responses"]), name


@pytest.mark.usefixtures("connections_stay")
def test_the_api_does_what_its_document_says(alice_client, team):
    instance = an_instance(an_account(team), days=(0, 1, 2))
    sum_up()
    there = {"instances": instance.pk}
    django = get_wsgi_application()
    cookie = f"sessionid={alice_client.cookies['sessionid'].value}"

    def as_alice(environ, start_response):
        return django(environ | {"HTTP_COOKIE": cookie, "HTTP_HOST": "localhost"}, start_response)

    schema = schemathesis.openapi.from_wsgi(f"{API}/schema/", as_alice)
    failures, answered = [], set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.startswith(API) and operation.method.upper() == "GET":
            try:
                ask(operation, there, answered)
            except BaseExceptionGroup as group:
                failures.extend(f"{operation.label}: {error}" for error in group.exceptions)
            except AssertionError as error:
                failures.append(f"{operation.label}: {error}")

    assert not failures, "\n\n".join(failures)
    assert len(answered) > 8, "too few requests were answered to tell anything"


def ask(operation, there, answered):
    """Some requests that the document allows and some that it does not, each answer checked against it."""
    kind = operation.path.removeprefix(f"{API}/").split("/")[0]

    @hypothesis.settings(
        max_examples=5,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy())
    def asked(case):
        if "id" in case.path_parameters and kind in there and case.query:
            case.path_parameters["id"] = there[kind]
        response = case.call_and_validate(checks=CHECKS)
        if response.status_code == 200:
            answered.add(operation.label)

    asked()
