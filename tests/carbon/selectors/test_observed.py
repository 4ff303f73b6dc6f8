from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from carbon.estimators.series import IntensityPoints, Place, instant_of, microseconds
from carbon.models import CarbonReading, Zone
from carbon.selectors.observed import observed_points
from carbon.services.reading_months import note_readings
from tests.factories import (
    CarbonReadingFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
GERMANY = Place("DE")


def length(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


def ask(*places: Place, start: datetime = NOON, end: datetime = NOON, user: Any = None) -> list[Any]:
    return observed_points(places, start, end, user or AnonymousUser())


def told(points: IntensityPoints | None) -> list[tuple[datetime, float]]:
    assert points is not None
    return [
        (instant_of(int(start)), float(value))
        for start, value in zip(points.starts_at, points.gco2e_per_kwh, strict=True)
    ]


def test_points_that_touch_the_period_come_by_time_with_their_source_and_age():
    for hours in (2, 1, 0, -1, -2):
        CarbonReadingFactory.create(starts_at=NOON + hours * HOUR, gco2e_per_kwh=100.0 + hours)

    [points] = ask(GERMANY, start=NOON, end=NOON + HOUR)

    # 11:00 ends with the start and 13:00 begins with the end: both are there for whoever wants them.
    assert told(points) == [(NOON - HOUR, 99.0), (NOON, 100.0), (NOON + HOUR, 101.0)]
    assert (points.source, points.signal, points.as_of) == (
        "electricity_maps",
        "average",
        datetime(2026, 3, 18, 12, 30, tzinfo=UTC),
    )
    assert set(points.duration) == {length(HOUR)}


@pytest.mark.parametrize("days_before", [2, 40])
def test_a_long_point_that_began_long_before_is_found(days_before: int):
    begins = NOON - days_before * DAY
    CarbonReadingFactory.create(starts_at=begins, duration_microseconds=length((days_before + 1) * DAY))

    assert [told(points) for points in ask(GERMANY)] == [[(begins, 300.0)]]


def test_lengths_and_figures_come_back_as_they_were_told():
    start = datetime(2021, 10, 25, 3, 59, 5, 477765, tzinfo=UTC)
    CarbonReadingFactory.create(starts_at=start, duration_microseconds=0, gco2e_per_kwh=0.1 + 0.2)

    [points] = ask(GERMANY, start=start, end=start)

    assert (int(points.starts_at[0]), int(points.duration[0])) == (microseconds(start), 0)
    assert float(points.gco2e_per_kwh[0]) == 0.30000000000000004


def test_a_place_without_points_has_none():
    CarbonReadingFactory.create(starts_at=NOON - 3 * HOUR)

    assert ask(GERMANY, Place("FR")) == [None, None]


def test_the_first_source_of_the_order_that_told_anything_answers():
    CarbonReadingFactory.create(source="neso", starts_at=NOON, gco2e_per_kwh=1.0)
    CarbonReadingFactory.create(source="electricity_maps", starts_at=NOON, gco2e_per_kwh=2.0)
    CarbonReadingFactory.create(source="neso", starts_at=NOON + 5 * HOUR, gco2e_per_kwh=3.0)

    usual, chosen, later = (
        *ask(GERMANY, Place("DE", sources=("neso", "electricity_maps"))),
        *ask(GERMANY, start=NOON + 5 * HOUR, end=NOON + 6 * HOUR),
    )

    assert [told(points)[0][1] for points in (usual, chosen, later)] == [2.0, 1.0, 3.0]


def test_the_zone_may_choose_its_sources():
    Zone.objects.filter(key="DE").update(sources=["neso"])
    CarbonReadingFactory.create(source="neso", starts_at=NOON, gco2e_per_kwh=1.0)
    CarbonReadingFactory.create(source="electricity_maps", starts_at=NOON, gco2e_per_kwh=2.0)

    assert [told(points)[0][1] for points in ask(GERMANY)] == [1.0]


def test_the_two_signals_never_answer_for_each_other():
    CarbonReadingFactory.create(starts_at=NOON, gco2e_per_kwh=1.0)
    CarbonReadingFactory.create(starts_at=NOON, gco2e_per_kwh=2.0, signal="marginal", source="watttime")

    average, marginal = ask(GERMANY, Place("DE", "marginal"))

    assert (told(average), told(marginal)) == ([(NOON, 1.0)], [(NOON, 2.0)])


def test_what_changes_is_read_again():
    reading = CarbonReadingFactory.create(starts_at=NOON, gco2e_per_kwh=1.0)
    [before] = ask(GERMANY)

    CarbonReading.objects.filter(pk=reading.pk).update(gco2e_per_kwh=2.0)
    note_readings([(NOON, length(HOUR))], zone="DE", source="electricity_maps", now=NOON)
    [after] = ask(GERMANY)

    assert (told(before), told(after)) == ([(NOON, 1.0)], [(NOON, 2.0)])


def test_points_bought_with_a_teams_key_answer_that_team_only():
    team = TeamFactory.create()
    alice: User = MembershipFactory.create(team=team).user
    charlie: User = UserFactory.create()
    CarbonReadingFactory.create(starts_at=NOON, gco2e_per_kwh=1.0, licensee=team)
    CarbonReadingFactory.create(starts_at=NOON, gco2e_per_kwh=2.0)

    seen = [told(*ask(GERMANY, user=user)) for user in (alice, charlie, AnonymousUser())]

    assert seen == [[(NOON, 1.0)], [(NOON, 2.0)], [(NOON, 2.0)]]


def test_queries_do_not_grow_with_places_and_a_second_answer_reads_no_points(
    django_assert_max_num_queries: Any,
):
    places = []
    for n in range(12):
        zone = ZoneFactory.create(key=f"Z{n}")
        places.append(Place(zone.key))
        for hour in range(4):
            CarbonReadingFactory.create(zone=zone, starts_at=NOON + hour * HOUR)

    with django_assert_max_num_queries(2):
        first = ask(*places, end=NOON + DAY)
    with django_assert_max_num_queries(1) as again:
        second = ask(*places, end=NOON + DAY)

    assert [told(a) for a in first] == [told(b) for b in second]
    assert isinstance(again, CaptureQueriesContext)
    assert not any("carbon_carbonreading" in query["sql"] for query in again.captured_queries)
