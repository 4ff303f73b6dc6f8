from datetime import timedelta
from decimal import Decimal

import pytest

from tests.conftest import NOW
from tests.costing.rows import an_account, an_instance, expected, sum_up
from tests.factories import SourceStatusFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

API = "/api/v1"


@pytest.fixture
def server(team):
    instance = an_instance(an_account(team), days=(0, 1, 2))
    sum_up()
    return instance


@pytest.mark.usefixtures("server")
def test_a_figure_says_how_far_to_trust_it(alice_client):
    figure = alice_client.get(f"{API}/overview").json()["figures"]["operational"]

    assert set(figure) >= {"value", "unit", "as_of", "sources", "coverage", "grade", "grade_shares", "reason"}
    assert (figure["unit"], figure["grade"], figure["coverage"]) == ("gCO2e", "B", 1.0)
    assert "electricity_maps" in figure["sources"]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("group_by", ["day", "account", "region", "type"])
def test_groups_add_up_to_the_total(alice_client, server, group_by):
    totals = alice_client.get(f"{API}/totals?group_by={group_by}").json()

    rows = expected({server.aws_account_id})
    assert Decimal(totals["figures"]["list_cost"]["value"]) == rows["list_cost"]
    assert sum(Decimal(group["amounts"]["list_cost"]) for group in totals["results"]) == rows["list_cost"]
    assert sum(group["amounts"]["energy_kwh"] for group in totals["results"]) == pytest.approx(rows["energy"])


def test_the_ledger_is_told_row_by_row(alice_client, server):
    page = alice_client.get(f"{API}/snapshots?from=2026-03-16&to=2026-03-18&instance={server.pk}").json()

    assert page["count"] == 3
    assert [(row["day"], row["is_complete"]) for row in page["results"]] == [
        ("2026-03-16", True),
        ("2026-03-17", True),
        ("2026-03-18", False),
    ]
    assert page["results"][0]["list_cost_usd"] == "2.76000000"


def test_pages_link_to_their_neighbours(alice_client, server):
    assert server
    first = alice_client.get(f"{API}/snapshots?page_size=1").json()
    second = alice_client.get(first["next"]).json()

    again = alice_client.get(second["previous"]).json()
    assert (first["page"], first["pages"], first["previous"]) == (1, 3, None)
    assert second["page"] is None
    assert (again["results"], again["previous"]) == (first["results"], None)
    assert first["results"] != second["results"]


def test_hours_say_what_share_of_them_is_there(alice_client, server):
    hours = alice_client.get(
        f"{API}/instances/{server.pk}/hours?from=2026-03-15T00:00:00%2B00:00&to=2026-03-17T00:00:00Z"
    ).json()

    # Of the 48 hours of 15 and 16 March, the 16th alone has a ledger.
    assert (hours["count"], hours["coverage"]) == (24, 0.5)
    assert hours["results"][0]["starts_at"] == "2026-03-16T00:00:00Z"


def test_hours_of_today_are_covered_up_to_now(alice_client, server):
    hours = alice_client.get(f"{API}/instances/{server.pk}/hours?from=2026-03-18T00:00:00Z").json()

    assert (hours["count"], hours["coverage"]) == (13, 1.0)


def test_accounts_tell_what_their_reader_may_do(alice_client, server):
    account = alice_client.get(f"{API}/accounts").json()["results"][0]

    assert account["account_id"] == server.aws_account.account_id
    assert account["can_operate"]
    assert account["instance_count"] == 1


def test_health_tells_state_error_and_fix(alice_client, server):
    SourceStatusFactory.create(
        aws_account=server.aws_account,
        state="login_needed",
        last_success_at=NOW - timedelta(days=2),
        last_error="The sign-in has expired.",
        fix="aws sso login --profile shop",
    )

    health = alice_client.get(f"{API}/health").json()

    source = next(s for s in health["accounts"][1]["sources"] if s["name"] == "aws_ec2")
    assert (source["state"], source["freshness"]) == ("login_needed", "stale")
    assert source["fix"] == "aws sso login --profile shop"
    assert health["accounts"][0]["account"] is None


@pytest.mark.parametrize(
    ("path", "parameter", "code"),
    [
        ("/overview?days=0", "days", "min_value"),
        ("/overview?days=9999999999999999999999", "days", "max_value"),
        ("/overview?days=1&month=2026-03", "days", "ambiguous"),
        ("/overview?month=2030-01", "month", "future"),
        ("/overview?moth=2026-03", "moth", "unknown"),
        ("/instances?page=0", "page", "min_value"),
        ("/instances?page=-1", "page", "min_value"),
        ("/instances?page_size=1000000000", "page_size", "max_value"),
        ("/instances?ordering=team__members__password", "ordering", "invalid_choice"),
        (
            "/instances?account=\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0661\u0662",
            "account",
            "invalid_account",
        ),
        ("/instances?q=%00", "q", "null_characters_not_allowed"),
        ("/snapshots?from=2026-02-30", "from", "invalid"),
        ("/snapshots?from=2026-03-02&to=2026-03-01", "to", "backwards"),
        ("/snapshots?from=1926-03-02&to=2026-03-01", "to", "too_long"),
        ("/snapshots?instance=x", "instance", "invalid"),
        ("/totals?group_by=password", "group_by", "invalid_choice"),
        ("/instances/{pk}/hours?from=2026-03-01", "from", "naive"),
        ("/instances/{pk}/hours?from=yesterday", "from", "invalid"),
        ("/instances/{pk}/hours?from=0001-01-01T00:00:00Z", "from", "range"),
        ("/instances/{pk}/hours?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "to", "backwards"),
        ("/instances/{pk}/hours?from=2025-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "to", "too_long"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named_with_a_code(alice_client, server, path, parameter, code):
    response = alice_client.get(API + path.format(pk=server.pk))

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert {"parameter": parameter, "code": code}.items() <= response.json()["errors"][0].items()
    assert response.json()["status"] == 400


@pytest.mark.parametrize(
    "path",
    [
        "/instances/999999",
        "/instances/99999999999999999999999999",
        "/instances/999999/hours",
        "/runs/999999",
        "/overview?team=no-such-team",
        "/instances?page=99",
        "/nothing-here",
    ],
)
@pytest.mark.usefixtures("server")
def test_what_is_not_there_is_a_problem_too(alice_client, path):
    response = alice_client.get(API + path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


def test_who_is_not_signed_in_is_refused_with_a_problem(client):
    response = client.get(f"{API}/overview")

    assert response.status_code in {401, 403}
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_reading_addresses_do_not_write(alice_client, server, method):
    response = getattr(alice_client, method)(f"{API}/instances/{server.pk}")

    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"


def test_queries_of_the_ledger_do_not_grow_with_rows(alice_client, team, django_assert_max_num_queries):
    counts = []
    for more in (3, 60):
        an_instance(an_account(team), days=range(1, 1 + more // 3))
        with django_assert_max_num_queries(8) as queries:
            alice_client.get(f"{API}/snapshots?page_size=500")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_schema_describes_every_address_without_a_warning(alice_client):
    schema = alice_client.get(f"{API}/schema/").json()

    assert set(schema["paths"]) >= {
        f"{API}/overview",
        f"{API}/instances/{{id}}/hours",
        f"{API}/accounts/{{id}}/refresh",
    }
    parameters = schema["paths"][f"{API}/instances"]["get"]["parameters"]
    sort = next(parameter for parameter in parameters if parameter["name"] == "ordering")
    assert "-cost" in sort["schema"]["enum"]
    assert schema["paths"][f"{API}/snapshots"]["get"]["parameters"][0]["name"]


def test_the_documentation_is_served_without_inline_code(alice_client):
    page = alice_client.get(f"{API}/docs/").content.decode()

    assert "swagger-ui-bundle.js" in page
    assert "<style" not in page
    assert "script=" in page
