from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.selectors.scope import scope_of
from costing.estimators.window import Window
from costing.selectors.checks import checks
from costing.selectors.compared import NO_COMMON_DAY, NO_COMPUTE
from costing.selectors.figures import NO_LEDGER, NOTHING_RAN
from tests.conftest import NOW
from tests.costing.rows import an_account, days_ago
from tests.factories import BilledCostFactory, DailyTotalFactory, SourceStatusFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

WINDOW = Window.of_last_days(30, now=NOW)
API = "/api/v1/checks/"
# NOW is 18 March 12:30. A bill is complete 48 hours after its day: that of 15 March is the last one.
COMPLETE, ALSO_COMPLETE, STILL_GROWING = days_ago(3), days_ago(4), days_ago(2)


def checks_of(user, window=WINDOW, **scope):
    return checks(scope_of(user, **scope), window)


def the_check(user, window=WINDOW):
    [check] = checks_of(user, window).accounts
    return check


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


# The factor ------------------------------------------------------------------------------------------------


def test_a_bill_a_fifth_above_the_model_is_excellent(alice, team):
    account = an_account(team)
    a_model(account, "60", day=ALSO_COMPLETE)
    a_model(account, "40")
    a_bill(account, "70", day=ALSO_COMPLETE, amortized="65")
    a_bill(account, "50", amortized="45.5")

    compared = the_check(alice).compared

    # (70 + 50) / (60 + 40) = 1.2, and 1.2 < 1.5; amortized 65 + 45.5 stands beside it.
    assert (compared.factor, compared.quality, compared.reason) == (1.2, "excellent", "")
    assert compared.modelled_usd == 100
    assert [(each.currency, each.unblended_cost, each.amortized_cost) for each in compared.billed] == [
        ("USD", 120, Decimal("110.5"))
    ]
    assert compared.days == (date(2026, 3, 14), date(2026, 3, 15))


def test_usage_counts_however_it_was_paid_for_and_nothing_else_does(alice, team):
    account = an_account(team)
    a_model(account, "100")
    a_bill(account, "90")
    a_bill(account, "20", record_type="DiscountedUsage")
    a_bill(account, "10", record_type="SavingsPlanCoveredUsage")
    a_bill(account, "-50", record_type="Credit")
    a_bill(account, "23", record_type="Tax")
    a_bill(account, "19", record_type="Tax", service="")
    a_bill(account, "-10", record_type="SavingsPlanNegation")
    a_bill(account, "35", service="EC2 - Other")
    a_bill(account, "7", service="Amazon Simple Storage Service")

    # Usage of all three kinds, 90 + 20 + 10 = 120, over 100.
    assert the_check(alice).compared.factor == 1.2


def test_days_whose_bill_still_grows_are_left_out_of_both_sides(alice, team):
    account = an_account(team)
    for day, usd in ((COMPLETE, "100"), (STILL_GROWING, "1000"), (days_ago(1), "1000"), (days_ago(0), "1000")):
        a_model(account, usd, day=day)
    a_bill(account, "120")
    a_bill(account, "3", day=STILL_GROWING)
    a_bill(account, "1", day=days_ago(0))

    compared = the_check(alice).compared

    assert (compared.days, compared.modelled_usd, compared.factor) == ((COMPLETE,), 100, 1.2)


def test_a_day_of_bill_or_ledger_alone_is_left_out_of_both_sides(alice, team):
    account = an_account(team)
    a_model(account, "100")
    a_bill(account, "120")
    a_model(account, "900", day=days_ago(5))
    a_bill(account, "900", day=days_ago(6))

    compared = the_check(alice).compared

    assert (compared.days, compared.modelled_usd, compared.factor) == ((COMPLETE,), 100, 1.2)


def test_a_day_billed_for_something_else_only_was_free_of_compute_and_counts(alice, team):
    account = an_account(team)
    for day in (COMPLETE, ALSO_COMPLETE):
        a_model(account, "50", day=day)
    a_bill(account, "120")
    a_bill(account, "4", day=ALSO_COMPLETE, service="EC2 - Other")

    compared = the_check(alice).compared

    # 120 / (50 + 50): the bill of the other day is known, and has no compute.
    assert (len(compared.days), compared.factor) == (2, 1.2)


def test_a_payer_and_its_member_are_compared_each_with_its_own_bill(alice, team):
    payer = an_account(team, name="a payer")
    member = an_account(team, name="b member", payer=payer)
    a_model(payer, "100")
    a_model(member, "10")
    a_bill(payer, "120")
    a_bill(member, "20")

    factors = [(check.account.name, check.compared.factor) for check in checks_of(alice).accounts]

    assert factors == [("a payer", 1.2), ("b member", 2.0)]


@pytest.mark.parametrize(
    ("billed", "quality"),
    [("149.99", "excellent"), ("150", "moderate"), ("500", "moderate"), ("501", "limited"), ("19", "limited")],
)
def test_the_quality_follows_from_the_deviation(alice, team, billed, quality):
    account = an_account(team)
    a_model(account, "100")
    a_bill(account, billed)

    assert the_check(alice).compared.quality == quality


# No factor -------------------------------------------------------------------------------------------------


def test_a_bill_in_another_currency_is_shown_and_not_compared(alice, team):
    account = an_account(team)
    a_model(account, "100")
    a_bill(account, "120", currency="EUR")

    compared = the_check(alice).compared

    assert (compared.factor, compared.quality) == (None, None)
    assert compared.reason == "The bill is in EUR and the model in USD; they are not compared."
    assert [(each.currency, each.unblended_cost) for each in compared.billed] == [("EUR", 120)]


def test_a_bill_in_two_currencies_stays_two_sums_without_factor(alice, team):
    account = an_account(team)
    a_model(account, "100")
    a_bill(account, "120")
    a_bill(account, "30", currency="EUR")

    compared = the_check(alice).compared

    assert [(each.currency, each.unblended_cost) for each in compared.billed] == [("EUR", 30), ("USD", 120)]
    assert compared.factor is None
    assert compared.reason == "The bill is in EUR and USD; it is not compared as a whole."


def test_every_lack_has_a_reason_of_its_own(alice, team):
    lacks = {
        name: an_account(team, name=name)
        for name in ("a nothing", "b ledger only", "c bill only", "d apart", "e no compute", "f no price", "g zero")
    }
    for name in ("b ledger only", "d apart", "e no compute"):
        a_model(lacks[name], "100")
    a_model(lacks["f no price"], None, cost_grade="D", instances_without_price=1)
    a_model(lacks["g zero"], "100")
    for name in ("c bill only", "f no price"):
        a_bill(lacks[name], "120")
    a_bill(lacks["d apart"], "120", day=ALSO_COMPLETE)
    a_bill(lacks["e no compute"], "5", service="EC2 - Other")
    a_bill(lacks["g zero"], "0")

    compared = [check.compared for check in checks_of(alice).accounts]

    assert [each.reason for each in compared] == [
        "No bill is known for these days yet.",
        "No bill is known for these days yet.",
        NO_LEDGER,
        NO_COMMON_DAY,
        NO_COMPUTE,
        "No cost could be modelled for these days.",
        "The bill is zero, so there is nothing to compare the model with.",
    ]
    assert {(each.factor, each.quality) for each in compared} == {(None, None)}


def test_a_window_without_complete_bill_says_so(alice, team):
    account = an_account(team)
    a_model(account, "100", day=days_ago(1))
    a_bill(account, "120", day=days_ago(1))

    compared = the_check(alice, Window.of_last_days(1, now=NOW)).compared

    assert compared.factor is None
    assert compared.reason == (
        "No day of this period has a complete bill: it goes on growing for 48 hours after the day."
    )


def test_what_the_model_leaves_out_is_counted_beside_the_factor(alice, team):
    account = an_account(team)
    a_model(account, "100", instance_count=3)
    a_model(account, None, cost_grade="D", instance_count=2, instances_without_price=2)
    a_bill(account, "120")

    compared = the_check(alice).compared

    assert (compared.factor, compared.instance_days, compared.instance_days_without_price) == (1.2, 5, 2)


# Aligned hours and grades ----------------------------------------------------------------------------------


def test_aligned_hours_and_shares_are_of_every_complete_day(alice, team):
    account = an_account(team)
    a_model(account, "30", day=days_ago(1), energy_kwh=0.25, hours_with_runtime=24, hours_aligned=18)
    a_model(account, "10", cost_grade="C", carbon_grade="C", energy_kwh=0.75, hours_with_runtime=24, hours_aligned=0)
    a_model(account, "999", day=days_ago(0), hours_with_runtime=12, hours_aligned=12)

    check = the_check(alice).trust

    # 18 / (24 + 24); 30 and 10 of 40 USD; 0.25 and 0.75 of 1 kWh. Today counts in none.
    assert (check.hours_aligned, check.hours_with_runtime, check.aligned_share) == (18, 48, 0.375)
    assert check.cost_shares == {"A": 0.75, "C": 0.25}
    assert check.energy_shares == {"B": 0.25, "C": 0.75}


def test_where_nothing_ran_or_nothing_is_derived_there_is_no_share(alice, team):
    an_account(team, name="a underived")
    a_model(an_account(team, name="b idle"), "0", energy_kwh=0.0, hours_with_runtime=0, hours_aligned=0)

    underived, idle = (check.trust for check in checks_of(alice).accounts)

    assert (underived.aligned_share, underived.aligned_reason) == (None, NO_LEDGER)
    assert (idle.aligned_share, idle.aligned_reason) == (None, NOTHING_RAN)
    assert idle.cost_shares == underived.cost_shares == {}


def test_shares_say_what_is_in_none_of_them(alice, team):
    account = an_account(team)
    a_model(account, "30", instance_count=3)
    a_model(
        account,
        None,
        cost_grade="D",
        carbon_grade="D",
        energy_kwh=None,
        instance_count=2,
        instances_without_price=2,
        instances_without_power=2,
    )

    check = the_check(alice).trust

    assert check.cost_shares == {"A": 1.0}
    assert (check.instance_days, check.instance_days_without_price, check.instance_days_without_power) == (5, 2, 2)


# Doors -----------------------------------------------------------------------------------------------------


def test_api_and_selector_say_the_same(alice, alice_client, team):
    account = an_account(team)
    SourceStatusFactory.create(
        aws_account=account, source="aws_cost_explorer", last_success_at=NOW - timedelta(hours=5)
    )
    a_model(account, "90", day=ALSO_COMPLETE, hours_aligned=7)
    a_model(account, "60")
    a_bill(account, "50", day=ALSO_COMPLETE)
    a_bill(account, "50", amortized="49.5")

    check = the_check(alice)
    api = alice_client.get(API).json()
    of_overview = alice_client.get("/api/v1/overview").json()["accounts"][0]

    [result] = api["results"]
    factor = check.compared.factor
    assert factor == pytest.approx(100 / 150)
    assert result["compared"]["factor"] == factor
    assert result["compared"]["quality"] == "moderate"
    assert result["compared"]["days"] == ["2026-03-14", "2026-03-15"]
    assert Decimal(result["compared"]["modelled_usd"]) == 150
    assert Decimal(result["compared"]["billed"][0]["amortized_cost"]) == Decimal("99.5")
    trust = result["trust"]
    assert trust["aligned_share"] == of_overview["figures"]["alignment"]["value"] == check.trust.aligned_share
    assert trust["cost_shares"] == of_overview["figures"]["list_cost"]["grade_shares"]
    assert trust["energy_shares"] == of_overview["figures"]["energy"]["grade_shares"]
    assert (api["count"], api["as_of"], api["team"]) == (1, "2026-03-18T07:30:00Z", None)
    assert "aws_cost_explorer" in api["sources"]
    assert "aws_ec2" in [silent["name"] for silent in api["silent_sources"]]


def test_a_stranger_sees_no_check_and_no_bill_of_others(charlie, client, team):
    account = an_account(team)
    a_model(account, "100")
    a_bill(account, "120")
    client.force_login(charlie)

    api = client.get(API)

    assert checks_of(charlie).accounts == ()
    assert (api.status_code, api.json()["results"]) == (200, [])
    assert client.get(f"{API}?team={team.slug}").status_code == 404


def test_a_parameter_that_cannot_be_used_is_named(alice_client):
    response = alice_client.get(f"{API}?days=0")

    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "days"


def test_queries_do_not_grow_with_accounts_or_days(alice, team, django_assert_max_num_queries):
    counts = []
    for more in (1, 40):
        for number in range(more):
            account = an_account(team)
            for day in range(3, 3 + 1 + number % 5):
                a_model(account, "100", day=days_ago(day))
                a_bill(account, "120", day=days_ago(day))
        with django_assert_max_num_queries(8) as queries:
            answer = checks_of(alice)
        counts.append(len(queries))

    assert len(answer.accounts) == 41
    assert {check.compared.factor for check in answer.accounts} == {1.2}
    assert counts[0] == counts[1]
