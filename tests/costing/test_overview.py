from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import RefreshRun, SourceStatus
from accounts.selectors.scope import scope_of
from costing.estimators.window import Window
from costing.selectors.emptiness import Emptiness
from costing.selectors.overview import overview
from tests.conftest import NOW
from tests.costing.rows import TODAY, YESTERDAY, an_account, an_instance, days_ago, expected, figure_on, sum_up
from tests.factories import (
    BilledCostFactory,
    CarbonReadingFactory,
    CloudRegionFactory,
    DailyTotalFactory,
    MembershipFactory,
    SourceStatusFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

WINDOW = Window.of_last_days(30, now=NOW)


def seen_by(user, window=WINDOW, **scope):
    return overview(scope_of(user, **scope), window)


def a_run(account, **values):
    return RefreshRun.objects.create(
        **{
            "aws_account": account,
            "steps": ["inventory", "events"],
            "period_start": NOW - timedelta(days=35),
            "period_end": NOW,
            "state": "running",
            "next_try_at": NOW,
            "created_at": NOW,
        }
        | values
    )


def test_totals_are_the_sums_of_the_rows_of_complete_days(alice, team):
    account = an_account(team)
    an_instance(account, days=(0, 1, 2, 3))
    an_instance(account, days=(1, 2), ledger={"list_cost_usd": Decimal("0.33333333"), "energy_kwh": 0.1})
    sum_up()

    figures = seen_by(alice).figures

    # 3 × 2.76 + 2 × 0.33333333; today's 2.76 counts in no total.
    assert figures.list_cost.value == Decimal("8.94666666")
    assert figures.energy.value == pytest.approx(3 * 0.24 + 2 * 0.1)
    assert figures.operational.value == pytest.approx(5 * 72.0)
    assert figures.embodied.value == pytest.approx(5 * 11.0)
    assert figures.intensity.value == pytest.approx((5 * 72.0 + 5 * 11.0) / 8.94666666)
    assert figures.alignment.value == 1.0


def test_page_and_api_say_what_the_rows_add_up_to(alice_client, team):
    account = an_account(team)
    an_instance(account, days=(0, 1, 2), ledger={"list_cost_usd": Decimal("1.23456789")})
    an_instance(an_account(team), days=(1,), ledger={"operational_gco2e": 0.123456})
    sum_up()
    rows = expected({account.pk, account.pk + 1})

    page = alice_client.get("/").content.decode()
    api = alice_client.get("/api/v1/overview").json()["figures"]

    assert Decimal(figure_on(page, "list_cost")) == Decimal(api["list_cost"]["value"]) == rows["list_cost"]
    for name in ("energy", "operational", "embodied"):
        assert float(figure_on(page, name)) == api[name]["value"] == pytest.approx(rows[name], rel=1e-12)
    assert float(figure_on(page, "alignment")) == api["alignment"]["value"]
    assert float(figure_on(page, "intensity")) == api["intensity"]["value"]


def test_today_is_shown_and_marked_as_incomplete(alice, alice_client, team):
    an_instance(an_account(team), days=(0, 1))
    sum_up()

    days = {line.day: line for line in seen_by(alice).days}

    assert not days[TODAY].is_complete
    assert days[TODAY].amounts.list_cost == Decimal("2.76")
    assert days[YESTERDAY].is_complete
    assert "so far" in alice_client.get("/").content.decode()


def test_a_long_period_keeps_its_page_small_and_says_what_is_not_listed(alice_client, team):
    for day in (1, 399):
        DailyTotalFactory.create(aws_account=an_account(team), day=days_ago(day))

    page = alice_client.get("/?days=400").content.decode()

    assert "308 earlier ones count in the total" in page
    assert Decimal(figure_on(page, "list_cost")) == Decimal("5.52")
    assert len(page) < 300_000


def test_a_day_without_ledger_is_unknown_and_not_zero(alice, team):
    an_instance(an_account(team), days=(1,))
    sum_up()

    day = next(line for line in seen_by(alice).days if line.day == days_ago(5))

    assert day.amounts.list_cost is None
    assert "No ledger yet" in day.amounts.list_cost_reason


def test_a_day_on_which_nothing_ran_is_zero(alice, team):
    idle = {
        "running_hours": 0.0,
        "list_cost_usd": Decimal(0),
        "energy_kwh": 0.0,
        "operational_gco2e": 0.0,
        "embodied_gco2e": 0.0,
        "hours_with_runtime": 0,
        "hours_aligned": 0,
    }
    an_instance(an_account(team), days=(1,), ledger=idle)
    sum_up()

    figures = seen_by(alice).figures

    assert figures.list_cost.value == 0
    assert figures.operational.value == 0.0
    assert figures.alignment.value is None
    assert "Nothing ran" in figures.alignment.reason
    assert "Nothing was spent" in figures.intensity.reason


def test_an_unknown_part_says_why_and_lowers_grade_and_coverage(alice, team):
    account = an_account(team)
    an_instance(account, days=(1,))
    an_instance(
        account,
        days=(1,),
        instance_type="x9.huge",
        ledger={"list_cost_usd": None, "cost_grade": "D", "energy_kwh": None, "operational_gco2e": None,
                "embodied_gco2e": None, "carbon_grade": "D", "hours_aligned": 0},
    )  # fmt: skip
    sum_up()

    figures = seen_by(alice).figures

    assert figures.list_cost.value == Decimal("2.76")
    assert (figures.list_cost.grade, figures.list_cost.coverage) == ("D", 0.5)
    assert (figures.operational.grade, figures.operational.coverage) == ("D", 0.5)
    assert figures.energy.coverage == 0.5
    assert figures.alignment.value == 0.5
    # Carbon for each dollar rests on the days for which both are known.
    assert figures.intensity.value == pytest.approx((72.0 + 11.0) / 2.76)


def test_nothing_but_unknown_parts_is_a_dash_with_its_reason(alice_client, team):
    an_instance(an_account(team), days=(1,), ledger={"list_cost_usd": None, "cost_grade": "D"})
    sum_up()

    page = alice_client.get("/").content.decode()

    assert figure_on(page, "list_cost") is None
    assert "No price is known for what ran." in page


def test_shares_by_grade_are_of_the_value(alice, team):
    account = an_account(team)
    an_instance(account, days=(1,), ledger={"list_cost_usd": Decimal(3)})
    an_instance(account, days=(1,), ledger={"list_cost_usd": Decimal(1), "cost_grade": "C"})
    sum_up()

    assert seen_by(alice).figures.list_cost.grade_shares == {"A": 0.75, "C": 0.25}


def test_a_figure_is_as_old_as_its_oldest_source(alice, team):
    account = an_account(team)
    an_instance(account)
    sum_up()
    for source in ("aws_ec2", "aws_cloudtrail", "aws_pricing", "aws_cloudwatch", "ledger", "aws_cost_explorer"):
        SourceStatusFactory.create(aws_account=account, source=source)
    for source in ("electricity_maps", "boavizta"):
        SourceStatusFactory.create(aws_account=None, source=source)
    SourceStatus.objects.filter(source="aws_ec2").update(last_success_at=NOW - timedelta(days=3))

    cost = seen_by(alice).figures.list_cost

    assert cost.as_of == NOW - timedelta(days=3)
    assert cost.freshness == "stale"
    assert cost.silent_sources == ()


def test_a_page_says_that_a_source_is_stale(alice_client, team):
    account = an_account(team)
    an_instance(account)
    sum_up()
    for source in ("aws_ec2", "aws_cloudtrail", "aws_pricing"):
        SourceStatusFactory.create(aws_account=account, source=source, last_success_at=NOW - timedelta(days=30))

    page = alice_client.get("/").content.decode()

    assert "stale, last success 30 d ago" in page
    assert "state-stale" in page


def test_sources_that_never_answered_are_named(alice, team):
    account = an_account(team)
    an_instance(account)
    sum_up()
    SourceStatusFactory.create(aws_account=account, source="aws_ec2")

    operational = seen_by(alice).figures.operational

    assert operational.as_of == NOW
    assert {silent.source.name: silent.accounts for silent in operational.silent_sources}["electricity_maps"] == (
        "Installation",
    )


def test_bills_of_two_currencies_are_two_figures(alice, team):
    account = an_account(team)
    an_instance(account)
    sum_up()
    BilledCostFactory.create(aws_account=account, day=days_ago(5), currency="USD", unblended_cost=Decimal("10.10"))
    BilledCostFactory.create(aws_account=account, day=days_ago(6), currency="USD", unblended_cost=Decimal("0.05"))
    BilledCostFactory.create(aws_account=account, day=days_ago(5), currency="EUR", unblended_cost=Decimal("7.00"))

    billed = seen_by(alice).billed

    assert [(figure.unit, figure.value) for figure in billed] == [("EUR", Decimal(7)), ("USD", Decimal("10.15"))]


def test_a_bill_younger_than_two_days_counts_in_no_total(alice, team):
    account = an_account(team)
    an_instance(account)
    sum_up()
    BilledCostFactory.create(aws_account=account, day=days_ago(3), unblended_cost=Decimal(3))
    # 17 March ended 12.5 hours ago.
    BilledCostFactory.create(aws_account=account, day=days_ago(1), unblended_cost=Decimal(100))

    answer = seen_by(alice)

    assert answer.billed[0].value == 3
    assert next(line for line in answer.days if line.day == YESTERDAY).billed == (("USD", Decimal(100)),)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({}, "The bill has not been fetched yet."),
        ({"state": "not_enabled", "last_success_at": None}, "Cost Explorer is not enabled for these accounts."),
        ({"state": "denied", "last_success_at": None}, "We are not allowed to ask Cost Explorer for the bill."),
        ({"state": "available"}, "Cost Explorer told of no bill for these days."),
    ],
)
def test_a_bill_that_is_unknown_says_why(alice_client, team, status, reason):
    account = an_account(team)
    an_instance(account)
    sum_up()
    if status:
        SourceStatusFactory.create(aws_account=account, source="aws_cost_explorer", **status)

    page = alice_client.get("/").content.decode()
    [billed] = alice_client.get("/api/v1/overview").json()["billed"]

    assert figure_on(page, "billed_cost") is None
    assert reason in page
    assert (billed["value"], billed["reason"]) == (None, reason)


def test_list_cost_is_shown_in_the_teams_currency_by_a_dated_rate(alice, team):
    from costing.models import ExchangeRate  # noqa: PLC0415 (here only)

    ExchangeRate.objects.create(currency="EUR", day=days_ago(2), per_usd=Decimal("0.9"), source="ECB")
    team.display_currency = "EUR"
    team.save()
    an_instance(an_account(team), days=(1,))
    sum_up()

    answer = seen_by(alice, team_slug=team.slug)

    assert answer.currency == "EUR"
    assert answer.figures.list_cost.value == Decimal("2.48400000")
    assert "0.9 EUR on 2026-03-16 (ECB)" in answer.figures.list_cost.note
    assert answer.figures.intensity.unit == "gCO2e/EUR"


def test_without_a_rate_dollars_are_shown_and_the_page_says_so(alice, team):
    team.display_currency = "EUR"
    team.save()
    an_instance(an_account(team), days=(1,))
    sum_up()

    cost = seen_by(alice, team_slug=team.slug).figures.list_cost

    assert cost.unit == "USD"
    assert "No exchange rate of EUR" in cost.note


def test_accounts_add_up_to_the_total(alice, team):
    first, second = an_account(team), an_account(team)
    an_instance(first, days=(1, 2))
    an_instance(second, days=(1,))
    sum_up()

    answer = seen_by(alice)

    assert sum(line.figures.list_cost.value for line in answer.accounts) == answer.figures.list_cost.value
    assert [line.days_with_ledger for line in answer.accounts] == [2, 1]
    assert answer.days_with_ledger == 2


def test_one_team_is_shown_without_the_other(alice, team):
    other = TeamFactory.create(name="Second")
    MembershipFactory.create(team=other, user=alice)
    an_instance(an_account(team), days=(1,))
    an_instance(an_account(other), days=(1, 2))
    sum_up()

    assert seen_by(alice).figures.list_cost.value == Decimal("8.28")
    assert seen_by(alice, team_slug=team.slug).figures.list_cost.value == Decimal("2.76")


def test_a_stranger_sees_nothing_of_it(client, charlie, team):
    an_instance(an_account(team, name="Alice's account"))
    sum_up()
    client.force_login(charlie)

    page = client.get("/")

    assert page.status_code == 200
    assert "Alice" not in page.content.decode()
    assert client.get(f"/?team={team.slug}").status_code == 404


def test_queries_do_not_grow_with_instances_accounts_or_days(alice, team, django_assert_max_num_queries):
    small, large = [], []
    for count, seen in ((3, small), (300, large)):
        for number in range(count // 3):
            account = an_account(team)
            DailyTotalFactory.create(aws_account=account, day=days_ago(1 + number % 30), instance_count=3)
        with django_assert_max_num_queries(10) as queries:
            seen_by(alice)
        seen.append(len(queries))

    assert small == large


# Empty states: each has its own words ----------------------------------------------------------------------


def test_somebody_in_no_team_is_told_so(client):
    nobody = UserFactory.create()
    client.force_login(nobody)

    assert seen_by(nobody).emptiness is Emptiness.NO_TEAM
    assert "You are in no team yet" in client.get("/").content.decode()


def test_a_team_without_account_is_told_to_connect_one(alice, alice_client):
    assert seen_by(alice).emptiness is Emptiness.NO_ACCOUNT
    assert "No AWS account yet" in alice_client.get("/").content.decode()


def test_a_first_refresh_shows_its_progress_and_asks_again_by_itself(alice, alice_client, team):
    run = a_run(
        an_account(team), progress={"inventory": {"state": "running", "done": 3, "total": 17, "part": "eu-west-1"}}
    )

    page = alice_client.get("/").content.decode()

    assert seen_by(alice).emptiness is Emptiness.REFRESHING
    assert "The first refresh is under way" in page
    assert f'hx-get="/runs/{run.pk}/"' in page
    assert "3 of 17 parts · eu-west-1" in page


@pytest.mark.parametrize(
    ("state", "emptiness", "words"),
    [
        ("login_needed", Emptiness.LOGIN_NEEDED, "A sign-in to AWS is needed"),
        ("denied", Emptiness.DENIED, "AWS does not allow us to look"),
    ],
)
def test_a_closed_account_says_how_to_open_it(alice_client, team, state, emptiness, words):
    SourceStatusFactory.create(
        aws_account=an_account(team), state=state, last_success_at=None, fix="aws sso login --profile shop"
    )

    page = alice_client.get("/").content.decode()

    assert f'data-empty="{emptiness}"' in page
    assert words in page
    assert "<code>aws sso login --profile shop</code></pre>" in page


def test_an_account_never_asked_is_not_an_empty_one(alice, alice_client, team):
    an_account(team)

    assert seen_by(alice).emptiness is Emptiness.NOT_FETCHED
    assert "Nothing has been fetched yet" in alice_client.get("/").content.decode()


def test_really_nothing_is_said_with_certainty(alice, alice_client, team):
    SourceStatusFactory.create(aws_account=an_account(team))

    assert seen_by(alice).emptiness is Emptiness.REALLY_ZERO
    assert "There are no instances, and that is complete" in alice_client.get("/").content.decode()


def test_instances_without_ledger_are_not_free_of_charge(alice, alice_client, team):
    account = an_account(team)
    SourceStatusFactory.create(aws_account=account)
    an_instance(account, days=())

    assert seen_by(alice).emptiness is Emptiness.NO_LEDGER
    assert "their ledger is not derived yet" in alice_client.get("/").content.decode()


def test_a_period_before_everything_says_so(alice_client, team):
    account = an_account(team)
    SourceStatusFactory.create(aws_account=account)
    an_instance(account, days=(1,))
    sum_up()

    page = alice_client.get("/?month=2025-12").content.decode()

    assert "Nothing in this period" in page


# What is simulated, and what cannot be used -----------------------------------------------------------------


def test_simulated_readings_are_marked(alice, team, settings):
    settings.SANDBOX = False
    CloudRegionFactory.create()
    an_instance(an_account(team))
    sum_up()
    assert not seen_by(alice).is_simulated

    CarbonReadingFactory.create(source="simulated")

    assert seen_by(alice).is_simulated
    assert seen_by(alice).figures.operational.is_simulated


def test_a_sandbox_is_marked_on_every_page(alice_client, client):
    assert "Simulated" in alice_client.get("/").content.decode()
    assert "Simulated" in client.get("/data-health/").content.decode()


@pytest.mark.parametrize(
    "query",
    ["days=0", "days=401", "days=x", "month=2026-13", "month=2026-04", "month=x", "days=7&month=2026-03", "team=a b"],
)
def test_a_parameter_that_cannot_be_used_is_named(alice_client, query):
    page = alice_client.get(f"/?{query}")

    assert page.status_code == 400
    assert "cannot be used" in page.content.decode()


def test_one_trouble_of_many_sources_is_one_open_item(alice, alice_client, team):
    account = an_account(team, name="shop")
    an_instance(account)
    sum_up()
    for source in ("aws_ec2", "aws_cloudtrail", "aws_pricing"):
        SourceStatusFactory.create(
            aws_account=account, source=source, state="login_needed", last_error="Expired.", fix="aws sso login"
        )
    SourceStatusFactory.create(aws_account=account, source="aws_cost_explorer", state="denied", last_error="No.")

    items = seen_by(alice).open_items

    assert [(item.labels, item.first.state) for item in items] == [
        ("EC2, CloudTrail, Price list", "login_needed"),
        ("Cost Explorer", "denied"),
    ]
    assert "1 of 1 account to look at" in alice_client.get("/").content.decode()
