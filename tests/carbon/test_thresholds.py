"""Whose thresholds hold for a zone."""

import pytest
from django.db import IntegrityError, transaction

from carbon.selectors.thresholds import Thresholds, thresholds
from tests.factories import MembershipFactory, TeamFactory, ZoneFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _germany():
    ZoneFactory.create(key="DE")


def test_a_zone_says_its_own_where_the_team_says_nothing(team):
    assert thresholds(team, zones=["DE", "ATLANTIS"]) == {"DE": Thresholds(100, 300, "zone")}


def test_a_teams_own_hold_in_all_its_zones(team, alice):
    team.optimal_below_gco2e_per_kwh, team.high_above_gco2e_per_kwh = 50, 250
    team.save()

    assert thresholds(team, zones=["DE"]) == thresholds(alice, zones=["DE"]) == {"DE": Thresholds(50, 250, team.name)}


def test_teams_that_do_not_agree_are_shown_the_zones_own_together(team, alice):
    team.optimal_below_gco2e_per_kwh, team.high_above_gco2e_per_kwh = 50, 250
    team.save()
    MembershipFactory.create(user=alice)

    assert thresholds(alice, zones=["DE"])["DE"].set_by == "zone"


@pytest.mark.parametrize(("below", "above"), [(100, None), (None, 300), (300, 100), (-1, 100)])
def test_the_database_takes_both_in_their_order_or_none(below, above):
    with pytest.raises(IntegrityError, match="team_sets_both_thresholds"), transaction.atomic():
        TeamFactory.create(optimal_below_gco2e_per_kwh=below, high_above_gco2e_per_kwh=above)
