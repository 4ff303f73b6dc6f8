"""Window totals: the ledger added up by instance, read only while they are as fresh as the ledger."""

from dataclasses import asdict
from datetime import timedelta

import pytest

from accounts.selectors.scope import scope_of
from accounts.services.touched_days import touch_days
from costing.estimators.window import Window
from costing.models import CostSnapshot, WindowStand, WindowTotal
from costing.selectors.instance_filter import Wanted
from costing.selectors.instances import instance_list
from costing.services.ledger import derive_touched_days
from costing.services.ledger.windows import add_up_windows
from tests.conftest import NOW
from tests.costing.rows import YESTERDAY, an_account, an_instance, sum_up
from tests.factories import CostSnapshotFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]


@pytest.fixture
def account(team):
    return an_account(team)


@pytest.fixture
def fleet(account):
    """A ledger of two grades, of days beyond the shorter windows, of no price, and none at all."""
    instances = [
        an_instance(account, name="long", days=range(1, 60)),
        an_instance(account, name="short", days=(0, 1, 8), ledger={"list_cost_usd": "9.99", "cost_grade": "C"}),
        an_instance(account, name="priceless", days=(2,), ledger={"list_cost_usd": None, "cost_grade": "D"}),
        an_instance(account, name="new", days=()),
    ]
    CostSnapshotFactory.create(instance=instances[0], day=NOW.date() - timedelta(days=60), carbon_grade="D")
    sum_up()
    return instances


def listed(user, days, **wanted):
    return instance_list(scope_of(user), Window.of_last_days(days, now=NOW), Wanted(**wanted))


def rounded(answer):
    """Every line and figure; sums of floats differ in their last digits by the order they were added in."""
    lines = [asdict(line.amounts) | {"name": line.name} for line in answer.lines]
    figures = [{"value": figure.value, "grade": figure.grade, "coverage": figure.coverage} for figure in answer.figures]
    return [
        {name: round(value, 9) if isinstance(value, float) else value for name, value in each.items()}
        for each in (*lines, *figures)
    ]


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("days", [7, 30, 90])
@pytest.mark.parametrize("wanted", [{}, {"search": "o"}, {"state": "running", "ordering": "energy"}])
def test_window_totals_give_what_the_ledger_gives(alice, account, days, wanted):
    from_rows = listed(alice, days, **wanted)
    add_up_windows(account=account, now=NOW)
    CostSnapshot.objects.update(list_cost_usd=1, energy_kwh=1)  # nobody may look at the rows any more

    from_totals = listed(alice, days, **wanted)

    assert rounded(from_totals) == rounded(from_rows)


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("days", [5, 29])
def test_another_window_is_read_from_the_ledger(alice, account, days):
    add_up_windows(account=account, now=NOW)
    CostSnapshot.objects.filter(instance__name="long").update(list_cost_usd=1)

    line = next(line for line in listed(alice, days).lines if line.name == "long")

    assert line.amounts.list_cost == days


@pytest.mark.usefixtures("fleet")
def test_totals_that_end_before_yesterday_do_not_count(alice, account):
    add_up_windows(account=account, now=NOW - timedelta(days=1))
    CostSnapshot.objects.filter(instance__name="long").update(list_cost_usd=1)

    line = next(line for line in listed(alice, 7).lines if line.name == "long")

    assert line.amounts.list_cost == 7


@pytest.mark.usefixtures("fleet")
def test_adding_up_again_writes_nothing_until_a_day_changes(account):
    first = add_up_windows(account=account, now=NOW)

    assert add_up_windows(account=account, now=NOW) == 0
    # long: 7 and 30 days of one kind, 90 days of two; short and priceless: one kind each in each window; and wholes.
    assert first == WindowTotal.objects.count() == (4 + 3) + (3 + 3) + (3 + 3)


@pytest.mark.usefixtures("fleet")
def test_a_derive_that_changes_a_complete_day_adds_up_anew(account):
    add_up_windows(account=account, now=NOW)
    touch_days(account_ids=[account.pk], days=[YESTERDAY])

    derive_touched_days(account=account, now=NOW)
    assert not WindowStand.objects.exists()
    add_up_windows(account=account, now=NOW)

    assert WindowStand.objects.get().last_day == YESTERDAY
    # Without a price the derived day has no cost any more, so the day beyond it is all there is in seven days.
    totals = WindowTotal.objects.filter(days=7, instance__name="short")
    assert sum(each.list_cost_usd or 0 for each in totals) == 0


def test_queries_stay_few(alice, account, fleet, django_assert_max_num_queries):
    assert fleet
    add_up_windows(account=account, now=NOW)
    with django_assert_max_num_queries(15):
        listed(alice, 30, search="o")
