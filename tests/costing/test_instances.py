from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.selectors.scope import scope_of
from costing.estimators.window import Window
from costing.selectors.emptiness import Emptiness
from costing.selectors.instance_filter import ORDERINGS, Wanted
from costing.selectors.instances import instance_list
from finops.core.pages import Position
from tests.conftest import NOW
from tests.costing.rows import an_account, an_instance, expected, figure_on, sum_up
from tests.factories import MembershipFactory, SourceStatusFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

WINDOW = Window.of_last_days(30, now=NOW)


@pytest.fixture
def fleet(team):
    """Six instances in two accounts and regions, of two types; two stopped, one gone."""
    shop, lab = an_account(team, name="shop"), an_account(team, name="lab")
    instances = {
        "web-1": an_instance(shop, name="web-1", days=(1, 2)),
        "web-2": an_instance(shop, name="web-2", region="eu-north-1", ledger={"list_cost_usd": Decimal("9.99")}),
        "db-1": an_instance(shop, name="db-1", instance_type="r6i.xlarge", state="stopped"),
        "gone-1": an_instance(shop, name="gone-1", gone_at=NOW - timedelta(days=1), days=(3,)),
        "lab-1": an_instance(lab, name="lab-1", ledger={"list_cost_usd": None, "cost_grade": "D"}),
        "new-1": an_instance(lab, name="new-1", state="stopped", days=()),
    }
    sum_up()
    return instances


def listed(user, *, page=1, page_size=50, **wanted):
    position = Position(size=page_size, number=page)
    return instance_list(scope_of(user), WINDOW, Wanted(**wanted, position=position))


def names(answer):
    return [line.name for line in answer.lines]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, {"web-1", "web-2", "db-1", "gone-1", "lab-1", "new-1"}),
        ({"search": "WEB"}, {"web-1", "web-2"}),
        ({"search": "r6i"}, {"db-1"}),
        ({"search": "100%"}, set()),
        ({"region": "eu-north-1"}, {"web-2"}),
        ({"instance_type": "r6i.xlarge"}, {"db-1"}),
        ({"state": "stopped"}, {"db-1", "new-1"}),
        ({"state": "gone"}, {"gone-1"}),
        ({"state": "running"}, {"web-1", "web-2", "lab-1"}),
    ],
)
@pytest.mark.usefixtures("fleet")
def test_a_filter_lets_through_what_it_names_and_totals_equal_it(alice, wanted, found):
    answer = listed(alice, **wanted)

    assert set(names(answer)) == found
    assert answer.count == len(found)
    costs = [line.amounts.list_cost for line in answer.lines if line.amounts.list_cost is not None]
    energies = [line.amounts.energy_kwh for line in answer.lines if line.amounts.energy_kwh is not None]
    assert answer.figures.list_cost.value == (sum(costs, Decimal(0)) if costs else None)
    assert answer.figures.energy.value == (pytest.approx(sum(energies)) if energies else None)


def test_an_account_is_chosen_by_its_id(alice, fleet):
    lab = fleet["lab-1"].aws_account

    answer = listed(alice, account=lab.account_id)

    assert set(names(answer)) == {"lab-1", "new-1"}
    assert answer.figures.list_cost.value is None
    assert answer.figures.energy.value == pytest.approx(3 * 0.24)


@pytest.mark.usefixtures("fleet")
def test_the_dearest_come_first_and_unknown_costs_last(alice):
    # 3 × 9.99, 3 × 2.76, 2 × 2.76, 2.76, and two whose cost nobody knows.
    assert names(listed(alice))[:4] == ["web-2", "db-1", "web-1", "gone-1"]
    assert set(names(listed(alice))[4:]) == {"lab-1", "new-1"}
    assert names(listed(alice, ordering="cost"))[:4] == ["gone-1", "web-1", "db-1", "web-2"]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("ordering", ORDERINGS)
def test_every_way_of_sorting_is_stable_over_pages(alice, ordering):
    pages = [names(listed(alice, ordering=ordering, page=page, page_size=2)) for page in (1, 2, 3, 4)]

    assert [name for page in pages for name in page] == names(listed(alice, ordering=ordering))
    assert pages[3] == []


@pytest.mark.usefixtures("fleet")
def test_totals_are_of_the_filter_and_not_of_the_page(alice):
    whole = listed(alice).figures
    page = listed(alice, page=2, page_size=1).figures

    assert page.list_cost.value == whole.list_cost.value == Decimal("46.53")  # 29.97 + 8.28 + 5.52 + 2.76


def test_daily_totals_and_single_rows_give_the_same_sums(alice, fleet):
    by_totals = listed(alice, region="eu-central-1").figures
    # A search that all names match goes over the single rows instead.
    by_rows = listed(alice, region="eu-central-1", search="-").figures

    assert fleet
    assert by_totals.list_cost.value == by_rows.list_cost.value
    assert by_totals.energy.value == pytest.approx(by_rows.energy.value)
    assert by_totals.list_cost.grade_shares == pytest.approx(by_rows.list_cost.grade_shares)
    assert by_totals.list_cost.coverage == pytest.approx(by_rows.list_cost.coverage)


def test_unknown_amounts_say_why(alice, fleet):
    lines = {line.name: line.amounts for line in listed(alice).lines}

    assert fleet
    assert lines["lab-1"].list_cost_reason == "No price is known for what ran."
    assert "No ledger yet" in lines["new-1"].list_cost_reason


def test_page_and_api_agree_with_the_rows(alice_client, fleet):
    rows = expected({instance.aws_account_id for instance in fleet.values()})

    page = alice_client.get("/instances/").content.decode()
    api = alice_client.get("/api/v1/instances").json()

    assert Decimal(figure_on(page, "list_cost")) == Decimal(api["figures"]["list_cost"]["value"]) == rows["list_cost"]
    for name in ("energy", "operational", "embodied"):
        assert float(figure_on(page, name)) == api["figures"][name]["value"] == pytest.approx(rows[name])
    assert api["count"] == 6
    total = sum(Decimal(each["amounts"]["list_cost"] or 0) for each in api["results"])
    assert total == rows["list_cost"]
    for each in api["results"]:
        assert each["name"] in page


def test_a_stranger_finds_none_of_them(client, charlie, fleet):
    client.force_login(charlie)

    page = client.get("/instances/").content.decode()

    assert not [name for name in fleet if name in page]
    assert client.get("/api/v1/instances").json()["count"] == 0
    one = fleet["web-1"]
    assert client.get(f"/instances/{one.pk}/").status_code == 404
    by_account = client.get(f"/api/v1/instances?account={one.aws_account.account_id}").json()
    assert (by_account["count"], by_account["figures"]["list_cost"]["value"]) == (0, None)


def test_queries_do_not_grow_with_instances(alice, alice_client, team, django_assert_max_num_queries):
    account = an_account(team)
    counts = []
    for more in (3, 60):
        for _ in range(more):
            an_instance(account, days=(1,))
        sum_up()
        with django_assert_max_num_queries(20) as queries:
            answer = alice_client.get("/instances/?page_size=200")
        assert answer.status_code == 200
        counts.append(len(queries))

    assert listed(alice).count == 63
    assert counts[0] == counts[1]


def test_a_filter_that_nothing_fits_is_not_an_empty_account(alice, alice_client, fleet):
    assert fleet
    assert listed(alice, search="nothing-like-it").emptiness is Emptiness.FILTERED
    page = alice_client.get("/instances/?q=nothing-like-it").content.decode()
    assert "No instance matches this filter" in page
    assert "Clear the filter" in page


def test_an_account_without_instances_says_so(alice_client, team):
    SourceStatusFactory.create(aws_account=an_account(team))

    assert "There are no instances, and that is complete" in alice_client.get("/instances/").content.decode()


def test_names_from_aws_are_text_and_never_markup(alice_client, team):
    an_instance(an_account(team, name='"><img src=x onerror=alert(1)>'), name="</script><script>alert(1)</script>")
    sum_up()

    page = alice_client.get("/instances/").content.decode()

    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    "query",
    ["page=99", "page=0", "ordering=password", "ordering=aws_account__team", "account=12", "page_size=501", "q=%00"],
)
def test_what_cannot_be_asked_is_refused(alice_client, query):
    assert alice_client.get(f"/instances/?{query}").status_code in {400, 404}
    assert alice_client.get(f"/api/v1/instances?{query}").status_code in {400, 404}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tag_key=owner", {"web-1", "web-2"}),
        ("tag_key=owner&tag_value=jane", {"web-1"}),
        ("tag_key=Owner", set()),
        ("tag_key=a__b%20%27.%24", {"db-1"}),
        ("tag_key=a__b%20%27.%24&tag_value=x", {"db-1"}),
        ("tag_key=owner&tag_value=%25", set()),
    ],
)
def test_tags_are_found_by_their_very_key_and_value(alice_client, fleet, query, found):
    for name, tags in (("web-1", {"owner": "jane"}), ("web-2", {"owner": "bob"}), ("db-1", {"a__b '.$": "x"})):
        fleet[name].tags = tags
        fleet[name].save()

    api = alice_client.get(f"/api/v1/instances?{query}").json()

    assert {row["name"] for row in api["results"]} == found
    assert api["count"] == len(found)


@pytest.mark.usefixtures("fleet")
def test_a_tag_value_without_a_key_is_refused(alice_client):
    assert alice_client.get("/instances/?tag_value=x").status_code == 400
    assert alice_client.get("/api/v1/instances?tag_value=x").json()["errors"][0]["parameter"] == "tag_value"


@pytest.mark.usefixtures("fleet")
def test_columns_are_kept_for_who_chose_them(alice_client, client, team):
    answer = alice_client.post("/instances/columns", {"columns": ["cost", "tags"], "query": "q=web&days=7"})

    page = alice_client.get(answer["Location"]).content.decode()
    assert answer["Location"] == "/instances/?q=web&days=7"
    assert "List cost, USD" in page
    assert '<th scope="col">Tags</th>' in " ".join(page.split()).replace(" >", ">")
    assert "Energy, kWh</a>" not in page
    bob = UserFactory.create(email="bob@example.com")
    MembershipFactory.create(team=team, user=bob, role="viewer")
    client.force_login(bob)
    assert "Energy, kWh</a>" in client.get("/instances/").content.decode()


@pytest.mark.usefixtures("fleet")
def test_the_usual_columns_come_back(alice_client):
    alice_client.post("/instances/columns", {"columns": ["cost"]})
    alice_client.post("/instances/columns", {"usual": "1", "query": ""})

    assert "Energy, kWh</a>" in alice_client.get("/instances/").content.decode()


@pytest.mark.parametrize("columns", [[], ["password"], ["cost", "password"]])
def test_columns_that_are_none_are_refused(alice_client, columns):
    assert alice_client.post("/instances/columns", {"columns": columns}).status_code == 400


def test_an_account_that_could_not_be_listed_is_named(alice_client, fleet):
    SourceStatusFactory.create(
        aws_account=fleet["web-1"].aws_account, state="denied", last_error="AWS denies ec2:DescribeInstances."
    )

    page = alice_client.get("/instances/").content.decode()

    assert 'data-note="unlisted"' in page
    assert "AWS denies ec2:DescribeInstances." in page


@pytest.mark.usefixtures("fleet")
def test_the_same_filter_can_be_taken_away(alice_client):
    page = alice_client.get("/instances/?q=web&page_size=1&page=2&ordering=name").content.decode()

    assert 'href="/api/v1/instances?q=web&amp;ordering=name&amp;format=csv"' in page
    assert "page=1" in page


@pytest.mark.usefixtures("fleet")
def test_the_list_asks_few_questions(alice_client, django_assert_max_num_queries):
    for query in ("", "?q=web&state=running&tag_key=owner", "?ordering=name&page=2&page_size=2", "?days=5"):
        with django_assert_max_num_queries(12):
            assert alice_client.get(f"/instances/{query}").status_code == 200
