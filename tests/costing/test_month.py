"""The month so far, what moved, and the grids now, as the overview shows them."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.selectors.scope import scope_of
from carbon.selectors.now import zones_now
from costing.estimators.window import Window
from costing.models import ExchangeRate
from costing.selectors.overview import overview
from tests.conftest import NOW
from tests.costing.rows import an_account, days_ago, figure_on
from tests.factories import (
    CarbonReadingFactory,
    CloudRegionFactory,
    DailyTotalFactory,
    InstanceFactory,
    SourceStatusFactory,
    TeamFactory,
    ZoneFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

WINDOW = Window.of_last_days(30, now=NOW)  # 18 March: 17 complete days of it


def seen_by(user, window=WINDOW, **scope):
    return overview(scope_of(user, **scope), window)


def a_ledger(account, first, last, **values):
    for number in range((last - first).days + 1):
        DailyTotalFactory.create(aws_account=account, day=first + timedelta(days=number), **values)


def usd(amount):
    return {"list_cost_usd": Decimal(amount)}


# The month so far ------------------------------------------------------------------------------------------------


def test_the_month_is_held_against_the_same_days_of_the_last(alice, team):
    account = an_account(team)
    a_ledger(account, date(2026, 2, 1), date(2026, 2, 28), **usd(2))
    a_ledger(account, date(2026, 3, 1), date(2026, 3, 18), **usd(3))

    month = seen_by(alice).month

    assert month.list_cost.figure.value == 17 * 3  # today counts in nothing
    assert month.list_cost.change.share == pytest.approx(0.5)  # 17 × 3 against 17 × 2
    assert month.list_cost.change.label == "1–17 Mar against 1–17 Feb"
    assert month.operational.change.share == 0


def test_a_young_ledger_is_compared_by_the_week(alice, team):
    account = an_account(team)
    a_ledger(account, date(2026, 3, 4), date(2026, 3, 10), **usd(2))
    a_ledger(account, date(2026, 3, 11), date(2026, 3, 17), **usd(1))

    change = seen_by(alice).month.list_cost.change

    assert (change.share, change.label) == (-0.5, "11–17 Mar against 4–10 Mar")


def test_too_little_history_says_how_much_there_is(alice, alice_client, team):
    a_ledger(an_account(team), days_ago(5), days_ago(1))

    answer = seen_by(alice)
    page = alice_client.get("/").content.decode()

    assert answer.month.list_cost.change.share is None
    assert "5 of 34 days have a ledger" in answer.month.list_cost.change.reason
    assert answer.month.list_cost.outlook.reason == "A forecast needs 14 days of ledger; there are 5."
    assert answer.movers is None
    assert 'data-empty="not_enough_history"' in page
    assert figure_on(page, "month_list_cost_end") is None
    assert "A forecast needs 14 days of ledger; there are 5." in page


def test_an_account_that_came_later_is_no_growth(alice, team):
    a_ledger(an_account(team), date(2026, 2, 1), date(2026, 3, 17))
    a_ledger(an_account(team, name="late one"), date(2026, 3, 12), date(2026, 3, 17))

    change = seen_by(alice).month.list_cost.change

    assert change.share is None
    assert change.reason == "Not compared with 1–17 Feb: of late one no ledger is as old."


def test_the_month_will_come_to_what_its_days_tell(alice, team):
    account = an_account(team)
    a_ledger(account, date(2026, 3, 1), date(2026, 3, 18), **usd(3))

    outlook = seen_by(alice).month.list_cost.outlook

    # 31 days of 3, each the same as the one before.
    assert (outlook.low, outlook.value, outlook.high) == (93, 93, 93)
    assert (outlook.unit, outlook.band_share, outlook.days_known) == ("USD", 0.8, 17)


def test_the_forecast_is_told_in_the_teams_currency(alice, team):
    ExchangeRate.objects.create(currency="EUR", day=days_ago(2), per_usd=Decimal("0.5"), source="ECB")
    team.display_currency = "EUR"
    team.save()
    a_ledger(an_account(team), date(2026, 3, 1), date(2026, 3, 17), **usd(3))

    month = seen_by(alice, team_slug=team.slug).month

    assert (month.list_cost.outlook.unit, month.list_cost.outlook.value) == ("EUR", Decimal("46.5"))


def test_on_its_first_day_nothing_of_a_month_is_known(alice, team):
    a_ledger(an_account(team), date(2026, 2, 1), date(2026, 3, 1), **usd(3))
    first = NOW.replace(day=1)

    month = seen_by(alice, Window.of_last_days(30, now=first)).month

    assert month.last_complete is None
    assert month.list_cost.figure.value is None
    assert month.list_cost.figure.reason == "No day of March is complete yet."
    assert month.list_cost.outlook.value == 93


def test_a_month_that_is_over_has_no_forecast(alice, alice_client, team):
    a_ledger(an_account(team), date(2026, 1, 1), date(2026, 3, 17))

    month = seen_by(alice, Window.of_month(date(2026, 2, 1), now=NOW)).month

    assert month.is_over
    assert month.list_cost.change.label == "1–28 Feb against 1–28 Jan"
    assert (month.list_cost.outlook.value, month.list_cost.outlook.reason) == (None, "February is over.")
    assert "At the end of" not in alice_client.get("/?month=2026-02").content.decode()


def test_page_and_api_tell_the_same_month(alice_client, team):
    a_ledger(an_account(team), date(2026, 2, 1), date(2026, 3, 17), **usd("1.23456789"))

    page = alice_client.get("/").content.decode()
    month = alice_client.get("/api/v1/overview").json()["month"]

    for name, figure in (("list_cost", month["list_cost"]), ("operational", month["operational"])):
        assert figure_on(page, f"month_{name}") == str(figure["figure"]["value"])
        assert figure_on(page, f"month_{name}_end") == str(figure["outlook"]["value"])
        assert figure["change"]["label"] in page
    assert month["last_complete_day"] == "2026-03-17"


# What moved ------------------------------------------------------------------------------------------------------


def test_what_moved_most_comes_first_in_each_unit(alice, team):
    account = an_account(team)
    for kind, before, after in (("m5.large", 5, 6), ("c5.large", 9, 1)):
        a_ledger(account, days_ago(14), days_ago(8), instance_type=kind, **usd(before))
        a_ledger(account, days_ago(7), days_ago(1), instance_type=kind, operational_gco2e=100.0, **usd(after))

    movers = seen_by(alice).movers

    assert [(each.instance_type, each.difference) for each in movers.cost] == [("c5.large", -56), ("m5.large", 7)]
    assert movers.cost[0].share == pytest.approx(-8 / 9)
    assert {each.difference for each in movers.carbon} == {7 * 28.0}


def test_what_was_not_there_before_is_new_and_what_has_no_price_is_counted(alice, alice_client, team):
    account = an_account(team)
    a_ledger(account, days_ago(14), days_ago(1))
    a_ledger(account, days_ago(3), days_ago(1), instance_type="c7g.large", **usd(4))
    a_ledger(
        account, days_ago(14), days_ago(1), instance_type="mac2.metal", list_cost_usd=None, instances_without_price=1
    )

    movers = seen_by(alice).movers
    page = alice_client.get("/").content.decode()

    assert [(each.instance_type, each.previous, each.share) for each in movers.cost] == [("c7g.large", 0, None)]
    assert (movers.groups_without_price, movers.groups_without_carbon) == (1, 0)
    assert "1 group without a price" in page


# The grids now -----------------------------------------------------------------------------------------------------


def test_a_grid_in_use_shows_its_latest_hour_and_class(alice, alice_client, team):
    CloudRegionFactory.create()
    account = an_account(team)
    InstanceFactory.create(aws_account=account)
    a_ledger(account, days_ago(1), days_ago(1))
    CarbonReadingFactory.create(starts_at=NOW - timedelta(hours=3), gco2e_per_kwh=90.0)
    CarbonReadingFactory.create(starts_at=NOW - timedelta(hours=2), gco2e_per_kwh=310.0, is_estimated=True)
    CarbonReadingFactory.create(starts_at=NOW - timedelta(hours=1), gco2e_per_kwh=20.0, source="simulated")

    [zone] = seen_by(alice).zones
    page = alice_client.get("/").content.decode()

    assert (zone.zone, zone.gco2e_per_kwh, zone.intensity_class) == ("DE", 310.0, "high")
    assert (zone.starts_at, zone.is_estimated) == (NOW - timedelta(hours=2), True)
    assert "1 grid in use is above the upper threshold" in page


def test_a_teams_own_thresholds_class_its_grids(alice, team):
    CloudRegionFactory.create()
    InstanceFactory.create(aws_account=an_account(team))
    CarbonReadingFactory.create(starts_at=NOW - timedelta(hours=1), gco2e_per_kwh=310.0)
    team.optimal_below_gco2e_per_kwh, team.high_above_gco2e_per_kwh = 350, 500
    team.save()

    [zone] = zones_now(scope_of(alice, team_slug=team.slug), now=NOW)

    assert (zone.intensity_class, zone.high_above) == ("optimal", 500)


def test_a_grid_nobody_told_of_in_two_days_is_unknown(alice, team):
    CloudRegionFactory.create()
    InstanceFactory.create(aws_account=an_account(team))
    CarbonReadingFactory.create(starts_at=NOW - timedelta(hours=49))
    CarbonReadingFactory.create(starts_at=NOW - timedelta(hours=1), licensee=TeamFactory.create(), gco2e_per_kwh=1.0)

    [zone] = zones_now(scope_of(alice), now=NOW)

    assert (zone.gco2e_per_kwh, zone.intensity_class, zone.starts_at) == (None, None, None)


def test_a_grid_without_instances_is_not_shown(alice, team):
    CloudRegionFactory.create()
    CloudRegionFactory.create(region="eu-west-1", zone=ZoneFactory.create(key="IE", name="Ireland"))
    InstanceFactory.create(aws_account=an_account(team), region="eu-west-1", gone_at=NOW)
    InstanceFactory.create(region="eu-central-1")  # somebody else's

    assert zones_now(scope_of(alice), now=NOW) == []


# The accounts ---------------------------------------------------------------------------------------------------


def test_an_accounts_days_are_drawn_and_a_day_without_ledger_is_a_dot(alice, alice_client, team):
    account = an_account(team)
    SourceStatusFactory.create(aws_account=account)
    a_ledger(account, days_ago(2), days_ago(1), **usd(3))

    [line] = seen_by(alice).accounts
    page = alice_client.get("/").content.decode()

    assert [day.list_cost_usd for day in line.spark] == [None] * 28 + [3, 3]
    bars, gaps = re.search(r'<path class="bars" d="([^"]*)"/><path class="gaps" d="([^"]*)"/>', page).groups()
    assert (bars.count("M"), gaps.count("M")) == (2, 28)
    assert "List cost of 2 days, from USD 3.00 to USD 3.00 a day." in page


# What is kept between two reads ------------------------------------------------------------------------------------


def test_a_newly_derived_ledger_is_seen_at_once(alice, team):
    account = an_account(team)
    a_ledger(account, days_ago(1), days_ago(1), **usd(3))
    status = SourceStatusFactory.create(aws_account=account, source="ledger", last_success_at=NOW - timedelta(hours=1))
    assert seen_by(alice).figures.list_cost.value == 3

    a_ledger(account, days_ago(2), days_ago(2), **usd(4))
    status.last_success_at = NOW
    status.save()

    assert seen_by(alice).figures.list_cost.value == 7


def test_what_is_kept_for_one_team_is_not_told_to_another(alice, charlie, team):
    a_ledger(an_account(team), days_ago(1), days_ago(1), **usd(3))
    assert seen_by(alice).figures.list_cost.value == 3

    assert seen_by(charlie).figures.list_cost.value is None


def test_a_second_read_asks_for_no_sum_again(alice, team, django_assert_max_num_queries):
    a_ledger(an_account(team), days_ago(20), days_ago(1), **usd(3))
    first = seen_by(alice)

    with django_assert_max_num_queries(6):
        second = seen_by(alice)

    assert second == first
