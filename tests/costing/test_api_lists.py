"""Lists of the API: walked with cursors, kept by their ETags, taken away as CSV, refused with a problem."""

import csv
import io

import pytest

from tests.costing.rows import an_account, an_instance, sum_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

API = "/api/v1"


@pytest.fixture
def account(team):
    return an_account(team, name="shop")


@pytest.fixture
def fleet(account):
    """Five instances; two without a ledger, so without a cost."""
    instances = [an_instance(account, name=f"web-{n}", days=range(1, n)) for n in range(1, 6)]
    instances[1].launched_at = None
    instances[1].save()
    sum_up()
    return instances


def walked(client, path):
    """Every row from the first page to the last, and back again."""
    pages, there = [], []
    while path:
        page = client.get(path).json()
        pages.append(page)
        there += page["results"]
        path = page["next"]
    back, path = pages[-1]["results"], pages[-1]["previous"]
    while path:
        page = client.get(path).json()
        back = page["results"] + back
        path = page["previous"]
    return there, back


def body_of(response):
    return b"".join(response.streaming_content).decode()


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("ordering", ["name", "-name", "cost", "-cost", "launched", "-launched", "account", "energy"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_cursors_meet_every_row_once_there_and_back(alice_client, ordering, size):
    whole = alice_client.get(f"{API}/instances?ordering={ordering}").json()["results"]

    there, back = walked(alice_client, f"{API}/instances?ordering={ordering}&page_size={size}")

    assert there == back == whole
    assert len(whole) == 5


def test_rows_that_come_meanwhile_shift_nothing(alice_client, account, fleet):
    first = alice_client.get(f"{API}/instances?ordering=name&page_size=2").json()
    an_instance(account, name="aaa-first-of-all", days=())

    second = alice_client.get(first["next"]).json()

    assert [row["name"] for row in second["results"]] == ["web-3", "web-4"]
    assert second["count"] == len(fleet) + 1


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("cursor=forged", "cursor", "invalid"),
        ("cursor=eyJhIjoxfQ:1:forged", "cursor", "invalid"),
        ("{next}&page=2", "page", "ambiguous"),
        ("{next}&ordering=name", "cursor", "mismatch"),
        ("page=1&page=2", "page", "repeated"),
        ("format=xml", "format", "invalid_choice"),
        ("colour=red", "colour", "unknown"),
    ],
)
def test_a_place_that_cannot_be_found_is_refused(alice_client, query, parameter, code):
    cursor = alice_client.get(f"{API}/instances?page_size=1").json()["next"].split("cursor=")[1]

    response = alice_client.get(f"{API}/instances?{query.format(next=f'cursor={cursor}')}")

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert {"parameter": parameter, "code": code}.items() <= response.json()["errors"][0].items()


@pytest.mark.usefixtures("fleet")
def test_a_cursor_of_another_list_is_refused(alice_client):
    cursor = alice_client.get(f"{API}/snapshots?page_size=1").json()["next"].split("cursor=")[1]

    response = alice_client.get(f"{API}/instances?cursor={cursor}")

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "mismatch")


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("path", ["instances", "snapshots", "overview", "checks", "totals", "accounts", "runs"])
def test_who_has_the_answer_already_is_told_so_and_who_has_not_gets_it(alice_client, account, path):
    first = alice_client.get(f"{API}/{path}")

    again = alice_client.get(f"{API}/{path}", headers={"If-None-Match": first["ETag"]})
    an_instance(account, name="new", days=(1,))
    account.name = "renamed"
    account.save()
    sum_up()
    changed = alice_client.get(f"{API}/{path}", headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert changed.status_code == 200 or path == "runs"
    assert first["Cache-Control"] == "private, no-cache"


def test_the_moment_of_the_answer_is_no_change(alice_client, time_machine, now, account):
    from datetime import timedelta  # noqa: PLC0415

    an_instance(account, days=(1,))
    first = alice_client.get(f"{API}/instances")

    time_machine.move_to(now + timedelta(seconds=7))
    again = alice_client.get(f"{API}/instances", headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 304


@pytest.mark.parametrize("how", [{"headers": {"Accept": "text/csv"}}, {"query_params": {"format": "csv"}}])
def test_csv_has_the_same_numbers_as_json_and_all_rows(alice_client, fleet, how):
    results = alice_client.get(f"{API}/instances").json()["results"]

    response = alice_client.get(f"{API}/instances", **({"query_params": {}} | how))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.streaming
    rows = list(csv.DictReader(io.StringIO(body_of(response))))
    assert len(rows) == len(fleet)
    for row, result in zip(rows, results, strict=True):
        assert row["name"] == result["name"]
        assert row["amounts.list_cost"] == (result["amounts"]["list_cost"] or "")
        assert row["amounts.energy_kwh"] == ("" if (kwh := result["amounts"]["energy_kwh"]) is None else repr(kwh))
        assert row["currency"] == "USD"


def test_a_name_that_a_spreadsheet_would_compute_stays_text(alice_client, account):
    an_instance(account, name='=HYPERLINK("http://evil")', days=())

    rows = list(csv.DictReader(io.StringIO(body_of(alice_client.get(f"{API}/instances?format=csv")))))

    assert rows[0]["name"] == '\'=HYPERLINK("http://evil")'


@pytest.mark.parametrize("path", ["snapshots", "totals", "checks", "accounts", "runs", "instances/{pk}/hours"])
def test_every_list_can_be_had_as_csv(alice_client, fleet, path):
    response = alice_client.get(f"{API}/{path.format(pk=fleet[-1].pk)}?format=csv")

    header, *lines = body_of(response).splitlines()
    assert len(header.split(",")) > 4
    assert lines or path == "runs"


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("path", "accept", "status", "code"),
    [
        ("overview", "text/csv", 406, "not_acceptable"),
        ("instances", "image/png", 406, "not_acceptable"),
        ("instances?cursor=forged", "text/csv", 400, "invalid"),
        ("instances?team=nobodys", "text/csv", 404, "not_found"),
    ],
)
def test_a_refusal_is_a_problem_whatever_was_asked_for(alice_client, path, accept, status, code):
    response = alice_client.get(f"{API}/{path}", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["code"] == code


def test_charlie_takes_none_of_it_away(client, charlie, fleet):
    client.force_login(charlie)

    body = body_of(client.get(f"{API}/instances?format=csv")) + body_of(client.get(f"{API}/snapshots?format=csv"))

    assert not [each for each in fleet if each.instance_id in body]
    assert len(body.splitlines()) == 2
