"""The page that says when and where a job would run cleanest."""

import re
from datetime import timedelta

import pytest

from carbon.estimators.series import microseconds
from carbon.models import Signal, Zone
from tests.conftest import NOW
from tests.factories import CarbonForecastFactory, InstanceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

NOON = NOW.replace(minute=0)
PAGE = "/when-and-where/"


def a_forecast(zone, values, **more):
    rows = [(microseconds(NOON + timedelta(hours=n)), 3600 * 10**6, value) for n, value in enumerate(values)]
    return CarbonForecastFactory.create(zone__key=zone, generated_at=NOON, points=rows, **more)


@pytest.fixture
def germany():
    """From 12:00 on; the best hours are 15:00 and 16:00."""
    return a_forecast("DE", (300, 280, 260, 100, 120, 250, 300, 310))


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.usefixtures("germany")
def test_the_best_window_is_named_with_what_it_saves(alice_client):
    answer = alice_client.get(PAGE, {"location": "eu-central-1", "minutes": 60, "hours": 6})

    # Now, from 12:30: (300 + 280) / 2 = 290; from 15:30: (100 + 120) / 2 = 110; 1 − 110/290 = 62 %
    (choice,) = answer.context["answer"].choices
    assert (choice.now_gco2e_per_kwh, choice.best_gco2e_per_kwh) == (290, 110)
    assert choice.best_starts_at == NOON + timedelta(hours=3, minutes=30)
    assert choice.saving_share == pytest.approx(1 - 110 / 290)
    assert "waiting saves 62 %" in text_of(answer)


@pytest.mark.usefixtures("germany")
def test_the_cleanest_of_several_locations_is_the_best(alice_client):
    a_forecast("FR", (90, 80, 70, 60, 50, 40))

    answer = alice_client.get(PAGE, {"location": ["eu-central-1 eu-west-3"], "minutes": 60, "hours": 4})

    assert [choice.location for choice in answer.context["answer"].choices] == ["eu-central-1", "eu-west-3"]
    assert [choice.location for choice in answer.context["answer"].best] == ["eu-west-3"]


@pytest.mark.usefixtures("germany")
def test_average_and_marginal_are_never_ranked_together(alice_client):
    a_forecast("FR", (9,) * 8, signal=Signal.MARGINAL, source="watttime")
    Zone.objects.filter(key="FR").update(signal=Signal.MARGINAL)

    answer = alice_client.get(PAGE, {"location": ["eu-central-1", "eu-west-3"]})

    best = {choice.signal: choice.location for choice in answer.context["answer"].best}
    assert best == {"average": "eu-central-1", "marginal": "eu-west-3"}
    assert set(answer.context["charts"]) == {"average", "marginal"}


@pytest.mark.usefixtures("germany")
def test_regions_in_use_are_compared_unless_others_are_named(alice_client, team):
    InstanceFactory.create(aws_account__team=team, region="eu-central-1")

    assert [choice.location for choice in alice_client.get(PAGE).context["answer"].choices] == ["eu-central-1"]


def test_charlies_page_does_not_tell_where_alices_instances_stand(client, charlie, team):
    InstanceFactory.create(aws_account__team=team, region="eu-central-1")
    client.force_login(charlie)

    answer = client.get(PAGE)

    assert answer.context["answer"].choices == ()
    assert "No location to compare yet" in text_of(answer)


def test_a_forecast_licensed_to_alices_team_is_not_charlies(client, charlie, team):
    a_forecast("DE", (300, 100), licensee=team)
    client.force_login(charlie)

    (choice,) = client.get(PAGE, {"location": "eu-central-1"}).context["answer"].choices

    assert choice.silence == "No source tells a forecast of it at present."


@pytest.mark.usefixtures("germany")
def test_a_job_that_reaches_beyond_the_forecast_has_no_window(alice_client):
    answer = alice_client.get(PAGE, {"location": "eu-central-1", "minutes": 600, "hours": 48})

    assert "Its forecast reaches to 18 Mar 20:00 UTC; no window of that length fits." in text_of(answer)
    assert answer.context["answer"].best == ()


def test_where_waiting_saves_nothing_it_says_so(alice_client):
    a_forecast("DE", (100, 100, 200, 300))

    answer = alice_client.get(PAGE, {"location": "eu-central-1", "minutes": 60, "hours": 3})

    assert "Best: eu-central-1, now" in text_of(answer)


@pytest.mark.usefixtures("germany")
def test_the_table_beside_the_chart_has_the_same_numbers(alice_client):
    answer = alice_client.get(PAGE, {"location": "eu-central-1", "hours": 3})

    drawn = answer.context["charts"]["average"]["series"][0]
    rows = [cells[0] for _, cells in answer.context["answer"].rows]
    assert drawn["values"] == [value for value, _ in rows] == [300, 280, 260, 100]
    assert drawn["hatched"] == [is_best for _, is_best in rows]


@pytest.mark.usefixtures("germany")
def test_the_line_for_a_scheduler_finds_a_window_of_that_length(alice_client):
    page = alice_client.get(PAGE, {"location": "eu-central-1", "minutes": 120, "hours": 8})

    told = alice_client.get(page.context["address"]).json()

    # The line is good tomorrow too, so it names no start: its windows lie on the forecast's points, from 15:00 on.
    # The page's begin now, at half past: 14:30 to 16:30 has (130 + 100 + 60) / 2.
    assert (told[0]["windowSize"], told[0]["optimalDataPoints"][0]["value"]) == (120, 110)
    assert page.context["answer"].choices[0].best_gco2e_per_kwh == 145


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"location": "atlantis"}, "location"),
        ({"location": [f"eu-central-{n}" for n in range(9)]}, "location"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "soon"}, "minutes"),
        ({"hours": "169"}, "hours"),
        ({"minutes": "121", "hours": "2"}, "minutes"),
    ],
)
def test_a_job_that_cannot_be_meant_is_refused_by_name(alice_client, query, name):
    answer = alice_client.get(PAGE, query)

    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [name])


def test_queries_do_not_grow_with_locations(alice_client, django_assert_max_num_queries):
    for zone in ("DE", "FR", "SE-SE3"):
        a_forecast(zone, (100, 90, 80))

    with django_assert_max_num_queries(12):
        alice_client.get(PAGE, {"location": ["eu-central-1", "eu-west-3", "eu-north-1"]})
