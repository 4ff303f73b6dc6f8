from collections import Counter
from datetime import timedelta

import pytest

from finops.sandbox.people import DEMO_ACCOUNTS, PEOPLE, TEAMS
from finops.sandbox.scenario import Scenario
from finops.sandbox.scenario.accounts import ACCOUNTS, SHOP
from finops.sandbox.scenario.instance_types import INSTANCE_TYPES
from finops.sandbox.scenario.scenario import DAYS
from tests.sandbox_fixtures import SANDBOX_NOW


@pytest.fixture(scope="module")
def demo():
    return Scenario.demo(now=SANDBOX_NOW)


def test_the_demo_has_enough_of_everything(demo):
    listed = [item for item in demo.all_machines if item.timeline.is_listed(SANDBOX_NOW)]

    assert len(listed) >= 150
    assert len({group.instance_type for group in demo.groups}) >= 25
    assert len({group.region for group in demo.groups}) >= 6
    assert {item.account_id for item in listed} == {account.account_id for account in ACCOUNTS}
    assert demo.window.origin <= SANDBOX_NOW - timedelta(days=DAYS)
    assert demo.window.end >= SANDBOX_NOW + timedelta(days=14)


def test_every_group_lies_in_a_region_that_its_account_has_enabled(demo):
    for group in demo.groups:
        assert group.region in demo.account(group.account_id).enabled_regions
        assert group.instance_type in INSTANCE_TYPES


def test_ids_are_never_given_twice(demo):
    counts = Counter(item.instance_id for item in demo.all_machines)

    assert counts.most_common(1)[0][1] == 1


def test_the_same_instant_makes_the_same_world(demo):
    again = Scenario.demo(now=SANDBOX_NOW)

    assert [item.instance_id for item in again.all_machines] == [item.instance_id for item in demo.all_machines]
    assert [item.timeline for item in again.all_machines] == [item.timeline for item in demo.all_machines]


def test_a_restart_within_the_week_tells_the_same_history(demo):
    later = Scenario.demo(now=SANDBOX_NOW + timedelta(days=3, hours=5))

    assert [item.timeline for item in later.all_machines] == [item.timeline for item in demo.all_machines]


def test_the_large_scenario_has_the_size_asked_for():
    large = Scenario.large(instances=310, regions=["eu-west-1", "us-east-1"], now=SANDBOX_NOW)

    assert len(large.all_machines) == 310
    assert {item.region for item in large.all_machines} == {"eu-west-1", "us-east-1"}


def test_people_and_accounts_belong_to_teams():
    assert {place.team for person in PEOPLE for place in person.memberships} == set(TEAMS)
    assert {account.team for account in DEMO_ACCOUNTS} == set(TEAMS)
    assert [account.account_id for account in DEMO_ACCOUNTS] == [account.account_id for account in ACCOUNTS]
    assert all(person.email.endswith(".example") for person in PEOPLE)
    owners = {place.team for person in PEOPLE for place in person.memberships if place.role == "owner"}
    assert owners == set(TEAMS)


def test_the_payer_link_leads_to_an_account_of_the_same_team():
    by_id = {account.account_id: account for account in DEMO_ACCOUNTS}

    links = [account for account in DEMO_ACCOUNTS if account.payer_account_id]

    assert links
    assert all(by_id[account.payer_account_id].team == account.team for account in links)


def test_nothing_that_looks_like_a_key_stands_in_a_file():
    assert SHOP.access_key_id.startswith("AKIA")
    assert len(SHOP.access_key_id) == 20
