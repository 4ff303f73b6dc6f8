"""The clock that a team chose."""

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from django.utils import timezone

from accounts.selectors.scope import Scope
from finops.core.display import instant
from finops.core.time_zones import ShowTimesInUtcAtFirst, known_zones, show_in
from tests.factories import MembershipFactory, TeamFactory

WINTER, SUMMER = datetime(2026, 1, 15, 23, 30, tzinfo=UTC), datetime(2026, 7, 15, 23, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _utc_afterwards():
    yield
    show_in("UTC")


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("UTC", "15 Jan 2026 23:30 UTC", "15 Jul 2026 23:30 UTC"),
        ("Europe/Berlin", "16 Jan 2026 00:30 UTC+1", "16 Jul 2026 01:30 UTC+2"),
        ("America/St_Johns", "15 Jan 2026 20:00 UTC−3:30", "15 Jul 2026 21:00 UTC−2:30"),
        ("Asia/Kolkata", "16 Jan 2026 05:00 UTC+5:30", "16 Jul 2026 05:00 UTC+5:30"),
        ("Nowhere/Atlantis", "15 Jan 2026 23:30 UTC", "15 Jul 2026 23:30 UTC"),
        ("../../etc/passwd", "15 Jan 2026 23:30 UTC", "15 Jul 2026 23:30 UTC"),
    ],
)
def test_an_instant_is_shown_on_that_clock_with_its_distance_from_utc(zone, winter, summer):
    show_in(zone)

    assert (instant(WINTER), instant(SUMMER)) == (winter, summer)


def test_no_request_inherits_the_clock_of_the_one_before():
    shown = []

    def answer(_request):
        shown.append(instant(WINTER))
        show_in("Asia/Tokyo")

    requests = ShowTimesInUtcAtFirst(answer)
    requests(RequestFactory().get("/")), requests(RequestFactory().get("/"))

    assert shown == ["15 Jan 2026 23:30 UTC"] * 2
    assert instant(WINTER) == "15 Jan 2026 23:30 UTC"


def test_djangos_own_time_zone_stays_utc_for_days_are_utc_days():
    show_in("Asia/Tokyo")

    assert timezone.get_current_timezone_name() == "UTC"


def test_all_teams_at_once_are_shown_on_a_clock_only_if_they_share_it():
    berlin, tokyo = (TeamFactory.build(time_zone=zone) for zone in ("Europe/Berlin", "Asia/Tokyo"))

    assert Scope(None, (berlin, tokyo)).time_zone == "UTC"
    assert Scope(None, (berlin, tokyo), tokyo).time_zone == "Asia/Tokyo"
    assert Scope(None, (berlin, berlin)).time_zone == "Europe/Berlin"
    assert Scope(None, ()).time_zone == "UTC"


def test_zones_of_one_place_can_be_chosen():
    assert known_zones()[0] == "UTC"
    assert "Europe/Berlin" in known_zones()
    assert not [zone for zone in known_zones() if zone.startswith("Etc/")]


@pytest.mark.django_db
def test_a_page_speaks_on_the_teams_clock(client, alice, team):
    team.time_zone = "Asia/Kolkata"
    team.save()
    MembershipFactory.create(user=alice)  # another team, in UTC
    client.force_login(alice)

    assert "UTC+5:30" in client.get(f"/settings/members/?team={team.slug}").content.decode()
