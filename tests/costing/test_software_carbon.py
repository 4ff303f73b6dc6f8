"""E and M of a team's SCI score: its ledger at one location, over any interval."""

from datetime import UTC, date, datetime, timedelta

import pytest

from costing.models import FunctionalUnit, Per
from costing.selectors.software_carbon import software_carbon
from finops.core.periods import Period
from tests.factories import CostSnapshotFactory, InstanceFactory, MembershipFactory

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2026, 3, 10, tzinfo=UTC)


def hours(first, last, *, day=MIDNIGHT):
    return Period(day + timedelta(hours=first), day + timedelta(hours=last))


@pytest.fixture
def instance(team):
    return InstanceFactory.create(aws_account__team=team)


def test_whole_days_and_parts_of_hours_add_up(alice, team, instance):
    for day in (9, 10, 11):
        CostSnapshotFactory.create(instance=instance, day=date(2026, 3, day))

    told = software_carbon(user=alice, team=team, regions=["eu-central-1"], period=hours(-1.5, 24.25))

    # 1.5 h of the 9th, 24 h of the 10th, 0.25 h of the 11th at 10 Wh an hour: 257.5 Wh; 11 g embodied a day of 24 h
    assert told.energy_kwh == pytest.approx(0.2575)
    assert told.embodied_gco2e == pytest.approx(11 * 25.75 / 24)
    assert (told.instance_days, told.worst_grade) == (3, "B")


def test_embodied_emissions_follow_the_running_time_within_a_day(alice, team, instance):
    running = [3600.0] * 6 + [0.0] * 18
    CostSnapshotFactory.create(
        instance=instance, running_seconds_by_hour=running, energy_kwh_by_hour=[0.01] * 6 + [0.0] * 18
    )

    told = software_carbon(user=alice, team=team, regions=["eu-central-1"], period=hours(0, 12))

    assert (told.energy_kwh, told.embodied_gco2e) == (pytest.approx(0.06), pytest.approx(11.0))


def test_what_nobody_knows_is_counted_and_not_in_the_sum(alice, team, instance):
    CostSnapshotFactory.create(instance=instance)
    other = InstanceFactory.create(aws_account=instance.aws_account)
    nothing = [float("nan")] * 24
    CostSnapshotFactory.create(
        instance=other, energy_kwh=None, embodied_gco2e=None, energy_kwh_by_hour=nothing, carbon_grade="D"
    )

    whole = software_carbon(user=alice, team=team, regions=["eu-central-1"], period=hours(0, 24))
    part = software_carbon(user=alice, team=team, regions=["eu-central-1"], period=hours(0, 1))

    assert (whole.energy_kwh, part.energy_kwh) == (pytest.approx(0.24), pytest.approx(0.01))
    for told in (whole, part):
        assert (told.instance_days_without_energy, told.instance_days_without_embodied) == (1, 1)
        assert told.worst_grade == "D"


def test_only_the_location_that_was_asked_for_counts(alice, team, instance):
    CostSnapshotFactory.create(instance=instance)
    elsewhere = InstanceFactory.create(aws_account=instance.aws_account, region="eu-west-1")
    CostSnapshotFactory.create(instance=elsewhere, zone_key="IE")

    by_region = software_carbon(user=alice, team=team, regions=["eu-west-1"], period=hours(0, 24))
    by_zone = software_carbon(user=alice, team=team, zone_key="IE", period=hours(0, 24))

    assert by_region == by_zone
    assert by_region.instance_days == 1


def test_nothing_there_and_then_is_none(alice, team, instance):
    CostSnapshotFactory.create(instance=instance)

    assert software_carbon(user=alice, team=team, regions=["us-east-1"], period=hours(0, 24)) is None
    assert software_carbon(user=alice, team=team, regions=["eu-central-1"], period=hours(24, 48)) is None


def test_charlie_is_told_nothing_of_alices_team(charlie, team, instance):
    CostSnapshotFactory.create(instance=instance)

    assert software_carbon(user=charlie, team=team, regions=["eu-central-1"], period=hours(0, 24)) is None


def test_one_team_at_a_time(alice, team, instance):
    CostSnapshotFactory.create(instance=instance)
    other = MembershipFactory.create(user=alice).team
    CostSnapshotFactory.create(instance__aws_account__team=other, energy_kwh=5.0)

    told = software_carbon(user=alice, team=team, regions=["eu-central-1"], period=hours(0, 24))

    assert told.energy_kwh == pytest.approx(0.24)


def test_two_queries_whatever_the_length(alice, team, instance, django_assert_num_queries):
    for day in range(1, 11):
        CostSnapshotFactory.create(instance=instance, day=date(2026, 3, day))

    with django_assert_num_queries(2):
        software_carbon(
            user=alice, team=team, regions=["eu-central-1"],
            period=Period(datetime(2026, 3, 1, 7, tzinfo=UTC), datetime(2026, 3, 10, 7, tzinfo=UTC)),
        )  # fmt: skip


@pytest.mark.parametrize("cut_minutes", [1, 59, 60, 24 * 60, 24 * 60 + 1, 47 * 60 + 59, 72 * 60 - 1])
def test_two_parts_of_an_interval_are_the_whole(alice, team, instance, cut_minutes):
    for day in (9, 10, 11):
        CostSnapshotFactory.create(instance=instance, day=date(2026, 3, day))
    start, end = MIDNIGHT - timedelta(days=1), MIDNIGHT + timedelta(days=2)
    cut = start + timedelta(minutes=cut_minutes)

    first, second, whole = (
        software_carbon(user=alice, team=team, regions=["eu-central-1"], period=Period(*bounds))
        for bounds in ((start, cut), (cut, end), (start, end))
    )

    assert first.energy_kwh + second.energy_kwh == pytest.approx(whole.energy_kwh)
    assert first.embodied_gco2e + second.embodied_gco2e == pytest.approx(whole.embodied_gco2e)


# Functional units -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per", "length", "served"),
    [
        (Per.HOUR, timedelta(hours=36), 36_000),
        (Per.DAY, timedelta(hours=36), 1500),
        (Per.MONTH, timedelta(days=365.25), 12_000),
    ],
)
def test_functional_units_follow_the_length_of_the_interval(per, length, served):
    unit = FunctionalUnit(name="API request", count=1000, per=per)

    assert unit.served_in(length) == pytest.approx(served)
