"""The explorer's page, its file and its API: one question, one answer; saved views; what no data can answer."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Membership
from costing.models import BilledSplit, SavedView
from costing.services.saved_views import MOST_VIEWS
from tests.conftest import NOW
from tests.costing.rows import an_account, an_instance, days_ago, sum_up
from tests.factories import BilledCostFactory, SourceStatusFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

API = "/api/v1/explore"
EC2, S3 = "Amazon Elastic Compute Cloud - Compute", "Amazon Simple Storage Service"


@pytest.fixture
def account(team):
    return an_account(team, name="shop", account_id="111122223333")


@pytest.fixture
def bill(account):
    """On each of three complete days 10 USD of EC2, 4 of S3, a tax of 1; and 3 EUR of support on one."""
    for age in (3, 4, 5):
        day = days_ago(age)
        BilledCostFactory.create(aws_account=account, day=day, service=EC2, unblended_cost=10, amortized_cost=7)
        BilledCostFactory.create(aws_account=account, day=day, service=S3, unblended_cost=4, amortized_cost=4)
        BilledCostFactory.create(
            aws_account=account, day=day, service="Tax", record_type="Tax", unblended_cost=1, amortized_cost=1
        )
        for region, service, cost in (("eu-central-1", EC2, 6), ("us-east-1", EC2, 4), ("us-east-1", S3, 4)):
            split(account, day, "region", region, service, cost)
    BilledCostFactory.create(aws_account=account, day=days_ago(3), service="Support", currency="EUR", unblended_cost=3)
    # Yesterday's bill still grows.
    BilledCostFactory.create(aws_account=account, day=days_ago(1), service=EC2, unblended_cost=500)
    SourceStatusFactory.create(aws_account=account, source="aws_cost_explorer")


def split(account, day, dimension, value, service, cost, **more):  # noqa: PLR0917 (a row, read like one)
    BilledSplit.objects.create(
        aws_account=account, day=day, dimension=dimension, value=value, service=service, currency="USD",
        unblended_cost=cost, amortized_cost=cost, retrieved_at=NOW, **more,
    )  # fmt: skip


def lines(answer, unit="USD"):
    block = next(block for block in answer["blocks"] if block["unit"] == unit)
    return {" · ".join(line["labels"]): line["value"] for line in (*block["lines"], block["total"])}


def explored(client, **parameters):
    response = client.get(API, parameters)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.mark.usefixtures("bill")
def test_the_bill_is_told_by_service_in_each_currency_and_a_growing_day_counts_in_none(alice_client):
    answer = explored(alice_client)

    assert [block["unit"] for block in answer["blocks"]] == ["EUR", "USD"]
    assert {name: Decimal(value) for name, value in lines(answer).items()} == {EC2: 30, S3: 12, "Tax": 3, "Total": 45}
    assert {name: Decimal(value) for name, value in lines(answer, "EUR").items()} == {"Support": 3, "Total": 3}
    assert (answer["title"], answer["last_day"]) == ("Billed cost", str(days_ago(3)))


@pytest.mark.usefixtures("bill")
def test_what_has_no_line_of_its_own_is_in_other(alice_client):
    answer = explored(alice_client, top=1)

    assert {name: Decimal(value) for name, value in lines(answer).items()} == {EC2: 30, "Other (2)": 15, "Total": 45}


@pytest.mark.usefixtures("bill")
def test_usage_by_region_and_what_has_none_add_up_to_the_bill(alice_client):
    answer = explored(alice_client, group_by="region")

    assert {name: Decimal(value) for name, value in lines(answer).items()} == {
        "us-east-1": 24,
        "eu-central-1": 18,
        "Not told by region: tax, credits, fees, and days not split yet": 3,
        "Total": 45,
    }


@pytest.mark.usefixtures("bill")
def test_two_groupings_and_a_filter(alice_client):
    by_both = explored(alice_client, group_by="service", then_by="region", measure="amortized")
    narrowed = explored(alice_client, group_by="service", region="us-east-1")

    assert Decimal(lines(by_both)[f"{EC2} · eu-central-1"]) == 18
    assert {name: Decimal(value) for name, value in lines(narrowed).items()} == {EC2: 12, S3: 12, "Total": 24}


@pytest.mark.usefixtures("bill")
def test_the_period_before_is_as_long_and_ends_where_this_begins(alice_client):
    # 14 and 15 March against 12 and 13 March, of which the bill has 13 March alone; it is known from 13 March on
    two_days = explored(alice_client, **{"from": days_ago(4), "to": days_ago(3)})
    one_day = explored(alice_client, **{"from": days_ago(4), "to": days_ago(4)})

    def ec2(answer):
        return next(line for block in answer["blocks"] for line in block["lines"] if line["labels"] == [EC2])

    assert (Decimal(ec2(two_days)["value"]), ec2(two_days)["previous"], ec2(two_days)["change"]) == (20, None, None)
    assert (Decimal(ec2(one_day)["previous"]), ec2(one_day)["change"]) == (10, 0.0)


@pytest.mark.usefixtures("bill")
@pytest.mark.parametrize(("every", "buckets"), [("day", 28), ("week", 4), ("month", 2)])
def test_the_stretches_add_up_to_the_whole(alice_client, every, buckets):
    answer = explored(alice_client, every=every)
    block = answer["blocks"][1]

    assert len(answer["buckets"]) == buckets
    for line in (*block["lines"], block["total"]):
        assert sum(Decimal(value or 0) for value in line["values"]) == Decimal(line["value"])


def test_the_ledger_is_told_by_instance_by_tag_and_as_grams_for_money(alice_client, account):
    one = an_instance(account, name="web-1", tags={"owner": "ana"})
    two = an_instance(account, name="batch-1", days=(1,), ledger={"list_cost_usd": None, "cost_grade": "D"})
    sum_up()

    by_instance = explored(alice_client, measure="carbon", group_by="instance")
    by_tag = explored(alice_client, measure="energy", group_by="tag", tag="owner")
    for_money = explored(alice_client, measure="intensity", group_by="account")

    # Each day 72 g operational and 11 g embodied, 0.24 kWh, 2.76 USD
    assert lines(by_instance, "gCO2e") == pytest.approx(
        {f"web-1 ({one.instance_id})": 249.0, f"batch-1 ({two.instance_id})": 83.0, "Total": 332.0}
    )
    assert lines(by_tag, "kWh") == pytest.approx({"ana": 0.72, "Without this tag": 0.24, "Total": 0.96})
    assert lines(for_money, "gCO2e/USD")["Total"] == pytest.approx(
        249 / 8.28
    )  # the day without a price counts in neither


def test_what_is_unknown_is_no_zero_and_is_counted(alice_client, account):
    an_instance(account, days=(1,), ledger={"list_cost_usd": None})
    sum_up()

    (block,) = explored(alice_client, measure="list", group_by="type")["blocks"]

    assert (block["total"]["value"], block["total"]["instance_days_unknown"]) == (None, 1)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"measure": "energy", "group_by": "usage_type"}, "Energy is not known by usage type"),
        ({"measure": "billed", "group_by": "instance"}, "Billed cost is not known by instance"),
        ({"group_by": "region", "then_by": "usage_type"}, "Region and usage type are not known together"),
        ({"group_by": "region", "record_type": "Tax"}, "Only usage is told by region"),
        ({"measure": "list", "group_by": "tag"}, "Say which tag"),
    ],
)
@pytest.mark.usefixtures("bill")
def test_what_no_data_can_answer_is_refused_with_a_sentence(alice_client, parameters, words):
    page = alice_client.get("/explorer/", parameters)
    api = alice_client.get(API, parameters)

    assert (page.status_code, api.status_code) == (400, 400)
    assert words in page.content.decode()
    assert api.json()["errors"][0]["parameter"] == "measure"
    assert words in api.json()["errors"][0]["message"]


def test_a_payers_bill_is_not_told_by_three_things(alice_client, account, bill):  # noqa: ARG001 (a fixture)
    member = an_account(account.team, payer=account)
    split(member, days_ago(3), "region", "eu-central-1", "", 2)

    response = alice_client.get(API, {"group_by": "service", "then_by": "region", "account": member.account_id})

    assert response.status_code == 400
    assert "two things at a time" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "query",
    [
        "every=day&days=200",
        "from=2026-03-10&to=2026-03-01",
        "from=2026-03-01&days=3",
        "top=0",
        "group_by=colour",
        "group_by=service&then_by=service",
        "account=12",
    ],
)
def test_parameters_that_make_no_sense_are_named(alice_client, query):
    page, api = alice_client.get(f"/explorer/?{query}"), alice_client.get(f"{API}?{query}")

    assert (page.status_code, api.status_code) == (400, 400)
    assert api.json()["errors"][0]["parameter"] in query


@pytest.mark.usefixtures("bill")
def test_a_row_leads_to_the_same_question_narrowed_until_nothing_is_finer(alice_client):
    page = alice_client.get("/explorer/?days=30").content.decode()
    (first,) = re.findall(r'<th scope="row"[^>]*><a href="(\?[^"]*Compute)&amp;group_by', page) or [None]

    assert first is not None
    narrowed = alice_client.get(
        "/explorer/?days=30&service=" + EC2.replace(" ", "+") + "&group_by=region"
    ).content.decode()
    assert "us-east-1" in narrowed
    assert f"Service: {EC2}" in narrowed


def test_the_last_level_opens_the_instance(alice_client, account):
    instance = an_instance(account)
    sum_up()

    page = alice_client.get("/explorer/?measure=energy&group_by=instance").content.decode()

    assert f'href="/instances/{instance.pk}/"' in page


@pytest.mark.usefixtures("bill")
def test_page_file_and_api_have_the_same_rows(alice_client):
    parameters = {"group_by": "service", "every": "month"}
    api = explored(alice_client, **parameters)
    file = b"".join(alice_client.get(API, parameters | {"format": "csv"}).streaming_content).decode()
    page = alice_client.get("/explorer/", parameters).content.decode()

    rows = list(csv.DictReader(io.StringIO(file)))
    told = {(block["unit"], line["labels"][0]): line["values"] for block in api["blocks"] for line in block["lines"]}
    assert {(row["unit"], row["group"]) for row in rows} == set(told)
    assert [row["value"] for row in rows if row["group"] == EC2] == [value or "" for value in told["USD", EC2]]
    for value in (line["value"] for block in api["blocks"] for line in block["lines"]):
        assert f'<data value="{value}"' in page


def test_each_reason_for_nothing_has_its_own_words(alice_client, account):
    nothing = alice_client.get("/explorer/").content.decode()
    SourceStatusFactory.create(aws_account=account, source="aws_cost_explorer", state="denied", last_success_at=None)
    denied = alice_client.get("/explorer/").content.decode()
    filtered = alice_client.get("/explorer/?service=none-such").content.decode()

    assert "The bill has not been fetched yet." in nothing
    assert "We are not allowed to ask Cost Explorer for the bill." in denied
    assert "Nothing matches these filters" in filtered


def test_queries_do_not_grow_with_accounts_or_days(alice_client, team, django_assert_max_num_queries):
    counts = []
    for _ in range(2):
        for _ in range(3):
            account = an_account(team)
            for age in range(3, 20):
                BilledCostFactory.create(aws_account=account, day=days_ago(age))
        with django_assert_max_num_queries(16) as queries:
            alice_client.get("/explorer/?group_by=account")
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.usefixtures("bill")
def test_charlie_explores_nothing_of_alices(client, charlie):
    client.force_login(charlie)

    assert explored(client)["blocks"] == []


# ── Saved views ──────────────────────────────────────────────────────────────────────────────────────────────────


def save(client, **fields):
    return client.post("/explorer/save", {"name": "By region", "query": "group_by=region&days=90&every=week"} | fields)


@pytest.mark.usefixtures("bill")
def test_a_view_is_saved_for_oneself_found_again_and_forgotten(alice_client, alice, client):
    answer = save(alice_client)
    view = SavedView.objects.get()

    assert answer["Location"] == "/explorer/?group_by=region&days=90&every=week"
    assert (view.user, view.team, view.query) == (alice, None, "group_by=region&days=90&every=week")
    assert "?group_by=region&amp;days=90&amp;every=week" in alice_client.get("/explorer/").content.decode()

    save(alice_client, query="group_by=account")
    assert SavedView.objects.get().query == "group_by=account"

    client.force_login(alice)
    client.post(f"/explorer/views/{view.pk}/forget")
    assert not SavedView.objects.exists()


def test_a_view_of_a_team_is_for_all_of_it_and_no_one_else(alice_client, client, team, charlie):
    save(alice_client, share_with=team.slug)

    assert "By region" in alice_client.get("/explorer/").content.decode()
    client.force_login(charlie)
    assert "By region" not in client.get("/explorer/").content.decode()
    assert client.post(f"/explorer/views/{SavedView.objects.get().pk}/forget").status_code == 404
    assert save(client, share_with=team.slug).status_code == 404


def test_a_viewer_saves_for_themselves_alone(alice_client, alice, team):
    Membership.objects.filter(user=alice).update(role="viewer")

    save(alice_client, share_with=team.slug)

    assert not SavedView.objects.exists()


def test_a_view_of_a_question_that_cannot_be_asked_is_not_saved(alice_client):
    assert save(alice_client, query="group_by=colour").status_code == 400
    assert not SavedView.objects.exists()


def test_there_are_no_more_views_than_anybody_reads(alice_client, alice):
    SavedView.objects.bulk_create(
        SavedView(user=alice, name=f"view {n}", query="", created_at=NOW) for n in range(MOST_VIEWS)
    )

    save(alice_client)

    assert SavedView.objects.count() == MOST_VIEWS


# ── The customer's route ─────────────────────────────────────────────────────────────────────────────────────────


def test_costs_have_the_shape_of_the_customers_document(alice_client, account):
    for day, service, cost in (("10", EC2, "15.43"), ("10", S3, "2.15"), ("11", EC2, "15.00")):
        BilledCostFactory.create(
            aws_account=account, day=date(2026, 3, int(day)), service=service, unblended_cost=Decimal(cost)
        )

    told = alice_client.get("/api/costs?days=30").json()

    assert told["success"] is True
    assert told["data"]["total_cost"] == 32.58
    assert told["data"]["costs_by_service"] == {EC2: 30.43, S3: 2.15}
    assert told["data"]["daily"][0] == {
        "date": "2026-03-10",
        "total_cost": 17.58,
        "costs_by_service": {EC2: 15.43, S3: 2.15},
    }


@pytest.mark.usefixtures("bill")
def test_costs_in_two_currencies_are_not_added(alice_client):
    data = alice_client.get("/api/costs").json()["data"]

    assert (data["total_cost"], data["currency"]) == (None, None)
    assert {each["currency"]: each["total_cost"] for each in data["currencies"]} == {"USD": 45.0, "EUR": 3.0}


def test_costs_that_nobody_fetched_say_so(alice_client, account):  # noqa: ARG001 (an account without a bill)
    data = alice_client.get("/api/costs").json()["data"]

    assert (data["total_cost"], data["reason"]) == (None, "The bill has not been fetched yet.")


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("?days=0", 400, "days"),
        ("?day=3", 400, "no such parameter"),
        ("?team=none-such", 404, "no team with that slug"),
    ],
)
def test_a_refusal_of_the_customers_route_has_its_shape_and_a_right_status(alice_client, query, status, words):
    response = alice_client.get(f"/api/costs{query}")

    assert response.status_code == status
    assert response.json()["success"] is False
    assert words in response.json()["error"]


def test_who_is_not_signed_in_is_refused_in_the_same_shape(client):
    response = client.get("/api/costs")

    assert response.status_code == 401
    assert response.json()["success"] is False


def test_a_month_of_which_no_day_is_complete_says_so(alice_client, account):  # noqa: ARG001
    answer = explored(alice_client, **{"from": days_ago(1)})

    assert answer["last_day"] is None
    assert "No day of this period has a complete bill" in answer["reason"]
