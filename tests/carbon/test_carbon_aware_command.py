"""`manage.py carbon_aware` answers as the SDK's own command line does, from the same data as the API."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from carbon.estimators.series import microseconds
from tests.conftest import NOW
from tests.factories import CarbonForecastFactory, CarbonReadingFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

FRANKFURT, PARIS = "eu-central-1", "eu-west-3"
NINE = datetime(2026, 3, 18, 9, tzinfo=UTC)


@pytest.fixture
def readings():
    """From nine to eleven: Germany 300, 200, 100 g/kWh, France 90, 80, 70."""
    for hour in range(3):
        starts_at = NINE + timedelta(hours=hour)
        CarbonReadingFactory.create(zone__key="DE", starts_at=starts_at, gco2e_per_kwh=300 - 100 * hour)
        CarbonReadingFactory.create(zone__key="FR", starts_at=starts_at, gco2e_per_kwh=90 - 10 * hour)


@pytest.fixture
def forecast():
    """Six hours of Germany from 12:00 on; the lowest two are from 15:00 to 17:00."""
    values = (300, 280, 260, 100, 120, 250)
    noon = NOW.replace(minute=0)
    rows = [(microseconds(noon + timedelta(hours=hour)), 3600 * 10**6, value) for hour, value in enumerate(values)]
    return CarbonForecastFactory.create(zone__key="DE", generated_at=noon, points=rows)


@pytest.fixture
def ask(capsys):
    def answer(*arguments):
        call_command("carbon_aware", *arguments)
        return json.loads(capsys.readouterr().out)

    return answer


@pytest.mark.usefixtures("readings")
def test_emissions_are_told_in_the_sdks_words(ask):
    told = ask("emissions", "-l", FRANKFURT, "-s", "2026-03-18T09:30Z", "-e", "2026-03-18T10:30Z")

    assert told == [
        {"Location": FRANKFURT, "Time": "2026-03-18T09:00:00+00:00", "Rating": 300.0, "Duration": "01:00:00"},
        {"Location": FRANKFURT, "Time": "2026-03-18T10:00:00+00:00", "Rating": 200.0, "Duration": "01:00:00"},
    ]


@pytest.mark.usefixtures("readings")
def test_the_best_of_several_locations_is_the_lowest_of_all(ask):
    told = ask("emissions", "-l", FRANKFURT, PARIS, "-s", "2026-03-18T09:00Z", "-e", "2026-03-18T12:00Z", "--best")

    assert [(point["Location"], point["Rating"]) for point in told] == [(PARIS, 70.0)]


@pytest.mark.usefixtures("readings")
def test_the_average_weighs_by_time(ask):
    told = ask("emissions", "-l", FRANKFURT, "-l", PARIS, "-s", "2026-03-18T09:30Z", "-e", "2026-03-18T11:00Z", "-a")

    # half an hour of 300 and an hour of 200: 350 / 1.5
    assert [(point["Location"], point["Duration"]) for point in told] == [
        (FRANKFURT, "01:30:00"),
        (PARIS, "01:30:00"),
    ]
    assert told[0]["Rating"] == pytest.approx(350 / 1.5)


@pytest.mark.usefixtures("forecast")
@pytest.mark.parametrize("name", ["forecasts", "emissions-forecasts"])
def test_forecasts_name_their_best_window(ask, name):
    (told,) = ask(name, "-l", FRANKFURT, "-w", "120")

    assert [(point["Time"], point["Rating"]) for point in told["OptimalDataPoints"]] == [
        ("2026-03-18T15:00:00+00:00", 110.0)
    ]
    assert (told["WindowSize"], len(told["ForecastData"])) == (120, 5)
    assert told["GeneratedAt"] == "2026-03-18T12:00:00+00:00"


@pytest.mark.usefixtures("forecast")
def test_a_forecast_is_told_as_it_was_at_a_time_gone_by(ask, capsys):
    (told,) = ask("forecasts", "-l", FRANKFURT, "-r", "2026-03-18T12:15Z")
    assert told["RequestedAt"] == "2026-03-18T12:15:00+00:00"

    with pytest.raises(SystemExit) as ended:
        call_command("carbon_aware", "forecasts", "-l", FRANKFURT, "-r", "2026-03-18T11:00Z")
    assert (ended.value.code, "No forecast of eu-central-1" in capsys.readouterr().err) == (2, True)


def test_locations_are_told_with_coordinates(ask):
    told = ask("locations")

    assert told[FRANKFURT]["Latitude"] == pytest.approx(50.11, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["emissions", "-l", "nowhere"], "Unknown Location: 'nowhere' not found"),
        (["emissions", "-l", FRANKFURT, "-s", "2026-03-18", "-e", "2026-03-17", "-a"], "Start must be before End"),
        (["emissions", "-l", FRANKFURT, "-s", "2020-01-01", "-e", "2020-01-02", "-a"], "No carbon intensity is known"),
        (["forecasts", "-l", FRANKFURT], "No forecast of eu-central-1"),
    ],
)
def test_what_has_no_answer_ends_with_two_and_a_sentence(capsys, arguments, sentence):
    with pytest.raises(SystemExit) as ended:
        call_command("carbon_aware", *arguments)

    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert sentence in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["emissions"],
        ["emissions", "-l", FRANKFURT, "-s", "yesterday"],
        ["emissions", "-l", FRANKFURT, "-a", "-b"],
        ["forecasts", "-l", FRANKFURT, "-w", "long"],
        [],
    ],
)
def test_an_option_that_cannot_be_read_is_refused(arguments):
    with pytest.raises(CommandError):
        call_command("carbon_aware", *arguments)


def test_what_is_licensed_to_a_team_is_told_its_members_alone(ask, alice, charlie, team):
    CarbonReadingFactory.create(zone__key="DE", starts_at=NINE, licensee=team)
    question = ("emissions", "-l", FRANKFURT, "-s", "2026-03-18T09:10Z")

    told = {
        user: ask("--user", user, *question) if user else ask(*question) for user in (alice.email, charlie.email, "")
    }

    assert [len(points) for points in told.values()] == [1, 0, 0]


# Waiting ----------------------------------------------------------------------------------------------------------


class Sleeper:
    """Sleeps pass at once and are noted; `meanwhile` happens during the one of that number."""

    def __init__(self, clock):
        self.clock = clock
        self.seconds = []
        self.meanwhile = {}

    def sleep(self, seconds):
        self.seconds.append(seconds)
        self.clock.shift(seconds)
        self.meanwhile.get(len(self.seconds), bool)()


@pytest.fixture
def sleeper(monkeypatch):
    with time_machine.travel(NOW, tick=False) as clock:
        sleeper = Sleeper(clock)
        monkeypatch.setattr(time, "sleep", sleeper.sleep)
        yield sleeper


@pytest.mark.usefixtures("forecast")
def test_waiting_ends_when_the_best_window_opens(sleeper, capsys):
    call_command("carbon_aware", "forecasts", "-l", FRANKFURT, "-w", "60", "--wait-until-best")

    # From 12:30 on windows begin on the half hour, and the one at 15:30 has (100 + 120) / 2 g/kWh,
    # the one at 14:30 (260 + 100) / 2.
    assert sum(sleeper.seconds) == pytest.approx(3 * 3600)
    assert max(sleeper.seconds) == 300
    assert "Best at 2026-03-18 15:30 UTC, 110.0 g/kWh" in capsys.readouterr().err


def test_a_newer_forecast_moves_the_window(sleeper, forecast):
    later = NOW + timedelta(minutes=10)
    rows = [(microseconds(later + timedelta(minutes=30 * n)), 1800 * 10**6, value) for n, value in enumerate((70, 50))]

    def arrive():
        type(forecast).objects.update(is_latest=False)
        CarbonForecastFactory.create(zone__key="DE", generated_at=later, points=rows)

    sleeper.meanwhile[2] = arrive
    call_command("carbon_aware", "forecasts", "-l", FRANKFURT, "-w", "30", "--wait-until-best")

    assert sum(sleeper.seconds) == pytest.approx(40 * 60)


@pytest.mark.usefixtures("forecast")
def test_a_window_that_is_open_already_ends_the_wait_at_once(sleeper):
    until = ("-e", "2026-03-18T13:00Z")
    call_command("carbon_aware", "forecasts", "-l", FRANKFURT, *until, "-w", "30", "--wait-until-best")

    assert sleeper.seconds == []


def test_without_a_forecast_nobody_waits(sleeper):
    with pytest.raises(SystemExit) as ended:
        call_command("carbon_aware", "forecasts", "-l", FRANKFURT, "--wait-until-best")

    assert (ended.value.code, sleeper.seconds) == (2, [])
