"""A zone's page shows what each source forecasts, with its band, and how good the built-in forecast was."""

import re
from datetime import timedelta

import pytest

from accounts.selectors.scope import scope_of
from carbon.estimators.series import microseconds
from carbon.models import ForecastBackTest
from carbon.selectors.zone_forecasts import zone_forecasts
from tests.conftest import NOW
from tests.factories import CarbonForecastFactory, ZoneFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

NOON = NOW.replace(minute=0)


def a_forecast(values, *, minutes=60, **more):
    step = minutes * 60 * 10**6
    rows = [(microseconds(NOON) + n * step, step, value) for n, value in enumerate(values)]
    return CarbonForecastFactory.create(zone__key="DE", generated_at=NOON, points=rows, **more)


def seen_by(user, **more):
    return zone_forecasts(scope_of(user), key="DE", now=NOW, **more)


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_each_source_stands_for_itself_by_hour(alice):
    a_forecast((300, 200), band=[(250, 350), (150, 260)])
    a_forecast([100] * 6 + [160] * 6 + [80] * 12, minutes=5, source="built_in")

    told = seen_by(alice)

    by_label = {each.label: each.hours[:3] for each in told.forecasts}
    hours = {
        label: [hour and (hour.gco2e_per_kwh, hour.low, hour.high) for hour in each] for label, each in by_label.items()
    }
    # half an hour at 100 and half at 160: 130
    assert hours == {
        "Electricity Maps": [(300, 250, 350), (200, 150, 260), None],
        "Built-in estimate": [(130, None, None), (80, None, None), None],
    }


def test_a_forecast_that_is_over_is_not_shown(alice):
    a_forecast((300,), minutes=30)

    assert seen_by(alice).forecasts == ()


def test_a_licensed_forecast_is_shown_to_its_team_alone(alice, charlie, team):
    a_forecast((300, 200), licensee=team)

    assert [each.label for each in seen_by(alice).forecasts] == ["Electricity Maps (Alice's team)"]
    assert seen_by(charlie).forecasts == ()


def test_the_page_draws_and_tells_the_same(alice_client):
    a_forecast((300, 200), band=[(250, 350), (150, 260)])

    page = alice_client.get("/grid/DE/")

    drawn = page.context["forecast_charts"]["average"]["series"]
    assert [(line["label"], line["values"][:2]) for line in drawn] == [
        ("Electricity Maps", [300, 200]),
        ("Electricity Maps, low", [250, 150]),
        ("Electricity Maps, high", [350, 260]),
    ]
    assert "300 250 to 350" in text_of(page)


@pytest.mark.parametrize(("lost_share", "verdict"), [(0.31, "weak"), (0.12, "usable")])
def test_a_back_test_says_whether_following_it_pays(alice_client, lost_share, verdict):
    ForecastBackTest.objects.create(
        zone=ZoneFactory.create(), source="electricity_maps", computed_at=NOW, starts_at=NOON - timedelta(days=30),
        ends_at=NOON, issues=140, mape_day_1=0.152, mape_day_2=0.2, captured_share=0.66, lost_share=lost_share,
    )  # fmt: skip

    text = text_of(alice_client.get("/grid/DE/"))

    assert "15.2 % 20.0 % 66.0 %" in text
    assert f"140 {'▲ ' if verdict == 'weak' else ''}{verdict}" in text


def test_two_queries_for_any_number_of_sources(alice, django_assert_num_queries):
    for source in ("electricity_maps", "built_in", "neso"):
        a_forecast((300, 200), source=source)
    scope = scope_of(alice)

    with django_assert_num_queries(2):
        zone_forecasts(scope, key="DE", now=NOW)
