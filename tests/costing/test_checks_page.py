import re
from datetime import date
from decimal import Decimal

import pytest

from accounts.selectors.scope import scope_of
from costing.estimators.window import Window
from costing.selectors.checks import checks
from tests.conftest import NOW
from tests.costing.rows import an_account, days_ago
from tests.factories import BilledCostFactory, DailyTotalFactory, SourceStatusFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

PAGE = "/checks/"
# NOW is 18 March 12:30. A bill is complete 48 hours after its day: that of 15 March is the last one.
COMPLETE, ALSO_COMPLETE, STILL_GROWING = days_ago(3), days_ago(4), days_ago(2)


def checks_of(user, *, days=30):
    return checks(scope_of(user), Window.of_last_days(days, now=NOW))


def a_bill(account, usd, *, day=COMPLETE, amortized=None, **values):
    return BilledCostFactory.create(
        aws_account=account,
        day=day,
        unblended_cost=Decimal(usd),
        amortized_cost=Decimal(amortized or usd),
        **values,
    )


def a_model(account, usd, *, day=COMPLETE, **values):
    cost = None if usd is None else Decimal(usd)
    return DailyTotalFactory.create(aws_account=account, day=day, list_cost_usd=cost, **values)


def page_of(client, query=""):
    return client.get(f"{PAGE}{query}").content.decode()


def words(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_page_and_api_say_the_same(alice_client, team):
    account = an_account(team)
    a_model(account, "90", day=ALSO_COMPLETE, hours_aligned=7)
    a_model(account, "60")
    a_bill(account, "50", day=ALSO_COMPLETE)
    a_bill(account, "50", amortized="49.5")
    a_bill(account, "-20.005", record_type="Credit", service="")

    api = alice_client.get("/api/v1/checks").json()
    page = page_of(alice_client)

    [result] = api["results"]
    [month] = result["months"]
    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*data-factor.*?</tr>", page, re.DOTALL)[0]
    assert float(re.search(r'data-factor[^>]*><data value="([^"]*)"', row)[1]) == month["compared"]["factor"]
    assert "Mar 2026 2 150.00 100.00 99.50 0.67 ◐ moderate" in words(row)
    told = {line["name"]: Decimal(line["amount"]) for line in month["bridge"]}
    shown = re.findall(r'data-step="(\w+)".*?<data value="([^"]*)"', page, re.DOTALL)
    assert {name: Decimal(amount) for name, amount in shown} == told
    assert (told["discounted"], told["credits"], told["billed"]) == (-50, Decimal("-20.005"), 80)
    share = result["trust"]["aligned_share"]
    assert float(re.search(r'data-figure="alignment"><data value="([^"]*)"', page)[1]) == share == 31 / 48
    assert [day["aligned_share"] for day in result["days"]] == [7 / 24, 1.0]
    assert api["trust"] == result["trust"]


def test_the_page_says_why_there_is_no_factor(alice_client, team):
    a_model(an_account(team), "100")

    page = page_of(alice_client)

    assert page.count("No bill is known for these days yet.") > 1


def test_the_bridge_leads_from_the_model_to_the_whole_bill_of_the_same_days(alice, team):
    account = an_account(team)
    a_model(account, "100")
    a_model(account, "10", day=ALSO_COMPLETE)
    a_bill(account, "90")
    a_bill(account, "15", day=ALSO_COMPLETE)
    a_bill(account, "-30", record_type="SavingsPlanNegation", service="")
    a_bill(account, "-4", record_type="PrivateRateDiscount")
    a_bill(account, "-1", record_type="Refund")
    a_bill(account, "19.004", record_type="Tax", service="Tax")
    a_bill(account, "7", service="Amazon Simple Storage Service")
    a_bill(account, "29", record_type="Support", service="")
    a_bill(account, "900", record_type="Tax", service="Tax", day=days_ago(5))  # no ledger on that day
    a_bill(account, "900", record_type="Tax", service="Tax", day=STILL_GROWING)

    [check] = checks_of(alice).accounts
    [month] = check.months

    # 10 → 15 is 5 above the model, 100 → 90 is 10 below it; 110 + 5 - 10 = 105.
    assert {line.name: line.amount for line in month.lines} == {
        "modelled": 110,
        "missing": 5,
        "discounted": -10,
        "billed_usage": 105,
        "commitments": -30,
        "discounts": -4,
        "credits": -1,
        "tax": Decimal("19.004"),
        "other_services": 7,
        "other": 29,
        "rounding": Decimal("-0.004"),
        "billed": 125,
    }


def test_each_month_has_its_own_factor_and_bridge(alice, alice_client, team):
    account = an_account(team)
    for day, bill in ((COMPLETE, "120"), (date(2026, 2, 20), "300")):
        a_model(account, "100", day=day)
        a_bill(account, bill, day=day)

    [check] = checks_of(alice).accounts

    assert [(month.month, month.compared.factor) for month in check.months] == [
        (date(2026, 2, 1), 3.0),
        (date(2026, 3, 1), 1.2),
    ]
    assert f"{account.name}, March 2026: 1 day" in page_of(alice_client)
    chosen = page_of(alice_client, f"?account={account.account_id}&bridge=2026-02")
    assert f"{account.name}, February 2026: 1 day" in chosen


def test_a_bill_in_another_currency_has_no_bridge_and_says_so(alice, alice_client, team):
    account = an_account(team)
    a_model(account, "100")
    a_bill(account, "120", currency="EUR")

    [check] = checks_of(alice).accounts
    [month] = check.months

    assert (month.bridge, month.lines) == (None, [])
    assert month.reason == "The bill is in EUR and the model in USD; no step leads across."
    assert "There is no bridge" in page_of(alice_client)


def test_advice_says_how_much_a_denied_source_could_lift_at_most(alice, alice_client, team):
    denied, whole = an_account(team, name="a denied"), an_account(team, name="b whole")
    a_model(denied, "20", cost_grade="C", hours_aligned=0)
    a_model(denied, "10", instance_type="t3.micro")
    a_model(whole, "70")
    SourceStatusFactory.create(
        aws_account=denied,
        source="aws_cloudtrail",
        state="denied",
        last_error="cloudtrail:LookupEvents is not permitted.",
        fix="Allow the action cloudtrail:LookupEvents.",
    )

    [advice] = checks_of(alice).advice

    # 20 of 100 USD rest on C; 24 of 72 running hours are not aligned.
    assert [(lift.share, lift.of, lift.to) for lift in advice.lifts] == [
        (0.2, "list cost", "grade A"),
        (24 / 72, "running hours", "aligned"),
    ]
    page = page_of(alice_client)
    assert "Allow the action cloudtrail:LookupEvents." in page
    assert f"/data-health/#account-{denied.pk}" in page


def test_advice_names_the_types_without_price_or_power(alice, team):
    account = an_account(team)
    a_model(account, "30", instance_count=3)
    a_model(account, None, instance_type="mac2.metal", cost_grade="D", instances_without_price=1)

    [advice] = checks_of(alice).advice

    assert (advice.title, advice.query) == ("Price mac2.metal", "?type=mac2.metal")
    assert [(lift.share, lift.of) for lift in advice.lifts] == [(0.25, "instance-days")]


def test_without_trouble_there_is_no_advice_and_no_praise(alice_client, team):
    a_model(an_account(team), "30")

    assert "No source is in trouble and no type lacks a price" in page_of(alice_client)


def test_a_day_on_which_nothing_ran_and_one_without_ledger_look_different(alice, alice_client, team):
    account = an_account(team)
    a_model(account, "30", day=days_ago(2), hours_aligned=12)
    a_model(account, "0", day=days_ago(1), hours_with_runtime=0, hours_aligned=0)

    [check] = checks_of(alice, days=3).accounts

    assert [day and (day.percent, day.level) for day in check.days] == [None, ("50", 2), ("–", 0)]
    cells = re.findall(r'<td(?: class="(h\d)" title="[^"]*")?>([^<]*)</td>', page_of(alice_client, "?days=3"))
    assert cells[-3:] == [("", ""), ("h2", "50"), ("h0", "–")]


def test_a_stranger_sees_no_bridge_of_others(charlie, client, team):
    account = an_account(team, name="Alice's own")
    a_model(account, "100")
    a_bill(account, "120")
    client.force_login(charlie)

    page = page_of(client, f"?account={account.account_id}&bridge=2026-03")

    assert "Alice" not in page
    assert client.get(f"{PAGE}?team={team.slug}").status_code == 404


@pytest.mark.parametrize("query", ["?bridge=march", "?account=1", "?days=0", "?month=2026-13"])
def test_a_parameter_that_cannot_be_used_is_named(alice_client, query):
    response = alice_client.get(f"{PAGE}{query}")

    assert response.status_code == 400
    assert query[1:].split("=")[0] in response.content.decode()


def test_the_page_asks_the_database_as_often_for_many_accounts(alice_client, team, django_assert_max_num_queries):
    counts = []
    for more in (1, 20):
        for number in range(more):
            account = an_account(team)
            for day in range(3, 4 + number % 5):
                a_model(account, "100", day=days_ago(day))
                a_bill(account, "120", day=days_ago(day))
        with django_assert_max_num_queries(12) as queries:
            page_of(alice_client)
        counts.append(len(queries))

    assert counts[0] == counts[1]
