from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from carbon.estimators.series import IntensityPoints, Place, microseconds
from carbon.selectors.forecasts import current_forecasts, forecasts_as_of
from tests.factories import CarbonForecastFactory, MembershipFactory, TeamFactory, UserFactory, ZoneFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GERMANY = Place("DE")
ANYBODY = AnonymousUser()


def issue(at: datetime, value: float, **more: Any) -> None:
    start = microseconds(at)
    CarbonForecastFactory.create(
        generated_at=at, points=[(start + n * 3600 * 10**6, 3600 * 10**6, value + n) for n in range(4)], **more
    )


def values(points: IntensityPoints | None) -> list[float]:
    return [] if points is None else points.gco2e_per_kwh.tolist()


def test_the_current_forecast_comes_as_it_was_issued():
    CarbonForecastFactory.create(
        generated_at=NOON, points=[(1, 2, 0.1 + 0.2), (3, 4, 5.0)], band=[(0.0, 1.0), (4.0, 6.0)], ends_at=NOON + HOUR
    )

    [forecast] = current_forecasts([GERMANY], NOON, ANYBODY)

    assert forecast is not None
    assert forecast.starts_at.tolist() == [1, 3]
    assert forecast.duration.tolist() == [2, 4]
    assert values(forecast) == [0.30000000000000004, 5.0]
    assert (forecast.low.tolist(), forecast.high.tolist()) == ([0.0, 4.0], [1.0, 6.0])  # type: ignore[union-attr]
    assert (forecast.source, forecast.generated_at) == ("electricity_maps", NOON)


def test_a_source_whose_forecast_has_run_out_makes_way_for_the_next():
    issue(NOON - 5 * HOUR, 1.0)
    issue(NOON, 2.0, source="built_in")

    current, before = (current_forecasts([GERMANY], at, ANYBODY)[0] for at in (NOON, NOON - 4 * HOUR))

    assert (values(current)[0], values(before)[0]) == (2.0, 1.0)


def test_a_forecast_of_a_file_answers_however_old_it_is():
    issue(NOON - timedelta(days=1500), 1.0, source="file")

    assert values(*current_forecasts([GERMANY], NOON, ANYBODY)) == [1.0, 2.0, 3.0, 4.0]


def test_the_issue_of_a_time_gone_by_is_the_youngest_of_then():
    for n in range(3):
        issue(NOON + n * HOUR, float(n), is_latest=n == 2)

    told = forecasts_as_of(
        [(GERMANY, NOON + timedelta(minutes=m)) for m in (-1, 0, 59, 60, 600)] + [(Place("FR"), NOON)], ANYBODY
    )

    # Ten hours later the last issue has run out.
    assert [values(points)[:1] for points in told] == [[], [0.0], [0.0], [1.0], [], []]


def test_forecasts_bought_with_a_teams_key_answer_that_team_only():
    team = TeamFactory.create()
    alice = MembershipFactory.create(team=team).user
    issue(NOON, 1.0, licensee=team)

    now = [values(*current_forecasts([GERMANY], NOON, user)) for user in (alice, UserFactory.create(), ANYBODY)]
    then = [values(*forecasts_as_of([(GERMANY, NOON)], user)) for user in (alice, UserFactory.create(), ANYBODY)]

    assert now == then == [[1.0, 2.0, 3.0, 4.0], [], []]


def test_the_two_signals_never_answer_for_each_other():
    issue(NOON, 1.0, source="watttime", signal="marginal")

    assert current_forecasts([GERMANY], NOON, ANYBODY) == [None]
    assert values(*current_forecasts([Place("DE", "marginal")], NOON, ANYBODY))[0] == 1.0


def test_queries_do_not_grow_with_what_is_asked(django_assert_max_num_queries: Any):
    places = [Place(ZoneFactory.create(key=f"Z{n}").key) for n in range(8)]
    for n, place in enumerate(places):
        issue(NOON - n * HOUR, 1.0, zone=ZoneFactory.create(key=place.zone))

    with django_assert_max_num_queries(1):
        current = current_forecasts(places, NOON, ANYBODY)
    with django_assert_max_num_queries(3):
        earlier = forecasts_as_of([(place, NOON) for place in places], ANYBODY)

    # Each lasts four hours, so the four youngest still answer.
    assert (
        [points is not None for points in current]
        == [points is not None for points in earlier]
        == [True] * 4 + [False] * 4
    )
