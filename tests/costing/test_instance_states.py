"""Every state of an instance in words, the lanes of its hours with their gaps, and its neighbours."""

from datetime import timedelta

import pytest

from costing.estimators.window import Window
from costing.selectors.instance import instance_between_neighbours, instance_detail
from tests.conftest import NOW
from tests.costing.rows import an_account, an_instance
from tests.factories import CloudRegionFactory, PowerProfileFactory, PriceFactory, SourceStatusFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

WINDOW = Window.of_last_days(30, now=NOW)
NAN = float("nan")
STILL = {
    "running_hours": 0.0, "list_cost_usd": 0, "energy_kwh": 0.0, "operational_gco2e": 0.0, "embodied_gco2e": 0.0,
    "hours_with_runtime": 0, "hours_aligned": 0, "running_seconds_by_hour": [0.0] * 24, "quality_by_hour": [0] * 24,
    "cpu_utilization_by_hour": [NAN] * 24,
}  # fmt: skip


def quality(*, runtime=1, cpu=1, intensity=1, power=1, price=1):
    return [runtime | cpu << 2 | intensity << 4 | power << 7 | price << 9] * 24


@pytest.fixture
def account(team):
    CloudRegionFactory.create()
    PowerProfileFactory.create()
    PriceFactory.create()
    return an_account(team, name="shop")


def kinds(user, instance):
    return [note.kind for note in instance_detail(user, instance=instance, window=WINDOW, hours=48).notes]


def test_of_an_instance_that_is_well_known_nothing_has_to_be_said_first(alice, account):
    assert kinds(alice, an_instance(account, days=(1, 2))) == []


@pytest.mark.parametrize(
    ("values", "ledger", "kind", "words"),
    [
        ({"gone_at": NOW - timedelta(hours=30)}, {}, "ended", "EC2 lists it no more."),
        ({"state": "terminated"}, {}, "ended", "EC2 says it is terminated."),
        ({"state": "stopped"}, STILL, "never_ran", "really zero"),
        ({}, {"quality_by_hour": quality(cpu=2), "carbon_grade": "C"}, "no_cpu", "50 % was taken"),
        (
            {"usage_operation": "RunInstances:0800"},
            {"quality_by_hour": quality(price=0), "list_cost_usd": None},
            "no_price",
            "unknown, which is not zero",
        ),
        (
            {"instance_type": "x9.huge"},
            {"quality_by_hour": quality(power=0), "energy_kwh": None},
            "no_power",
            "has not been asked for this type yet",
        ),
        ({}, {"quality_by_hour": quality(intensity=5)}, "no_reading", "The yearly mean of the zone was taken"),
        ({}, {"quality_by_hour": quality(intensity=0)}, "no_reading", "unknown, which is not zero"),
        ({"region": "xx-nowhere-1"}, {}, "no_zone", "A platform admin can enter"),
    ],
)
def test_each_state_is_said_in_words(alice, alice_client, account, values, ledger, kind, words):  # noqa: PLR0917
    instance = an_instance(account, days=(1, 2), ledger=ledger, **values)

    assert kinds(alice, instance) == [kind]
    page = " ".join(alice_client.get(f"/instances/{instance.pk}/").content.decode().split())
    note = page[page.index(f'data-note="{kind}"') :].split("</li>")[0]
    assert words in note


def test_a_denied_cloudtrail_is_told_with_its_fix(alice, account):
    SourceStatusFactory.create(
        aws_account=account, source="aws_cloudtrail", state="denied", last_error="AWS denies it.", fix="Allow it."
    )
    notes = instance_detail(alice, instance=an_instance(account), window=WINDOW, hours=48).notes

    assert [(note.kind, note.fix) for note in notes] == [("events_denied", "Allow it.")]
    assert notes[0].text.startswith("AWS denies it.")


def test_lanes_hold_every_hour_and_say_why_one_has_no_value(alice, account):
    ledger = {"quality_by_hour": quality(cpu=2), "cpu_utilization_by_hour": [NAN] * 24}
    instance = an_instance(account, days=(1,), ledger=ledger)

    lanes = {lane.key: lane for lane in instance_detail(alice, instance=instance, window=WINDOW, hours=48).lanes}

    # 48 h up to 13:00: 11 h of the 16th and 13 h of the 18th have no ledger, the 24 h of the 17th have.
    assert {key: len(lane.hours) for key, lane in lanes.items()} == dict.fromkeys(lanes, 48)
    assert lanes["running"].says == [("no ledger yet", 24)]
    assert dict(lanes["cpu"].says) == {"no ledger yet": 24, "unknown, so 50 % was taken": 24}
    assert all(hour.is_gap for hour in lanes["cpu"].hours)
    assert [hour.value for hour in lanes["running"].hours if not hour.is_gap] == [60.0] * 24


def test_an_hour_in_which_it_stood_still_is_no_gap(alice, account):
    instance = an_instance(account, days=(1,), ledger=STILL)

    lanes = {lane.key: lane for lane in instance_detail(alice, instance=instance, window=WINDOW, hours=48).lanes}

    assert sum(hour.is_gap for hour in lanes["cpu"].hours) == 24
    assert {hour.value for hour in lanes["running"].hours if not hour.is_gap} == {0.0}


def test_hours_before_its_first_start_are_told_apart_from_those_without_ledger(alice, account):
    instance = an_instance(account, days=(1,), first_launched_at=NOW - timedelta(hours=36))

    running = instance_detail(alice, instance=instance, window=WINDOW, hours=48).lanes[0]

    assert {"it did not exist yet", "no ledger yet"} <= {why for why, _ in running.says}


def test_neighbours_are_the_next_by_name_in_the_same_account(alice, charlie, account, team):
    second, first, third = (an_instance(account, name=name, days=()) for name in ("b", "a", "c"))
    an_instance(an_account(team), name="bb", days=())

    assert instance_between_neighbours(alice, pk=second.pk)[1:] == (first.pk, third.pk)
    assert instance_between_neighbours(alice, pk=first.pk)[1:] == (None, second.pk)
    assert instance_between_neighbours(charlie, pk=second.pk) is None


def test_a_page_asks_few_questions_however_long_the_period(alice_client, account, django_assert_max_num_queries):
    instance = an_instance(account, days=range(60))

    for query in ("", "?days=90&hours=840", "?month=2026-02"):
        with django_assert_max_num_queries(12):
            assert alice_client.get(f"/instances/{instance.pk}/{query}").status_code == 200


def test_hours_that_are_left_out_are_told_by_their_share(alice, account):
    quarter = quality(price=0)[:6] + quality()[6:]
    notes = instance_detail(
        alice, instance=an_instance(account, days=(1,), ledger={"quality_by_hour": quarter}), window=WINDOW, hours=48
    ).notes

    assert [note.kind for note in notes] == ["partly_unknown"]
    assert notes[0].text.startswith("Its price is unknown in 25 % of its hours.")


def test_each_part_has_the_grade_of_its_worst_hour_and_an_age(alice, account):
    SourceStatusFactory.create(aws_account=account, source="aws_cloudwatch", last_success_at=NOW - timedelta(hours=2))
    mixed = quality(cpu=2, intensity=3)[:1] + quality()[1:]
    instance = an_instance(account, days=(1,), ledger={"quality_by_hour": mixed})

    grounds = {
        ground.part: ground for ground in instance_detail(alice, instance=instance, window=WINDOW, hours=48).grounds
    }

    # CPU: one hour at the default; intensity: one hour carried on.
    assert {part: ground.grade for part, ground in grounds.items()} == {
        "runtime": "A", "cpu": "C", "power": "B", "intensity": "B", "price": "A",
    }  # fmt: skip
    assert grounds["cpu"].retrieved_at == NOW - timedelta(hours=2)
