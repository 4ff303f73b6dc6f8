"""`manage.py carbon_aware`: the Carbon Aware SDK's command line, answered from this installation's data."""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple, NoReturn

from django.contrib.auth.models import AnonymousUser
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from carbon.api.carbon_aware.problems import Problem
from carbon.api.carbon_aware.times import ClientTime, read_in_address
from carbon.estimators.series import instant_of
from carbon.estimators.waiting import pause_before
from carbon.management import carbon_aware_output as output
from carbon.management.carbon_aware_questions import (
    ForecastQuestion,
    averages,
    emissions,
    forecasts,
    scoped_forecasts,
)
from carbon.selectors.carbon_aware import Reader
from carbon.selectors.locations import known_locations

INVALID_ARGUMENTS, DATA_SOURCE_ERROR = 2, 3


class _Window(NamedTuple):
    issued_at: datetime | None  # the forecast it comes from
    starts_at: datetime
    gco2e_per_kwh: float


class Command(BaseCommand):
    help = """Carbon intensity as it was and as it is forecast, for locations by name.

Takes the options of the Carbon Aware SDK's `caw` and prints the same JSON. Ends with 0; with 2 where an option cannot
be read or what was asked has no answer; with 3 where a data source failed."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The SDK's three commands."""
        commands = parser.add_subparsers(dest="question", required=True, metavar="COMMAND")
        observed = commands.add_parser("emissions", help="as it was: points, the best of them, or the mean")
        _add_locations(observed)
        observed.add_argument("-s", "--start-time", type=_time, help="now unless given")
        observed.add_argument("-e", "--end-time", type=_time, help="the start unless given")
        kind = observed.add_mutually_exclusive_group()
        kind.add_argument("-b", "--best", action="store_true", help="the points with the lowest intensity alone")
        kind.add_argument("-a", "--average", action="store_true", help="the mean of each location over the time")
        forecast = commands.add_parser(
            "forecasts", aliases=["emissions-forecasts"], help="as it is forecast, with the best windows"
        )
        _add_locations(forecast)
        forecast.add_argument("-s", "--data-start-at", type=_time, help="where the forecast begins unless given")
        forecast.add_argument("-e", "--data-end-at", type=_time, help="where it ends unless given")
        forecast.add_argument("-w", "--window-size", type=int, default=0, help="minutes that a job takes")
        forecast.add_argument("-r", "--requested-at", type=_time, help="as it was forecast at that time")
        forecast.add_argument(
            "--wait-until-best",
            action="store_true",
            help="print nothing and end when the best window of the first location's forecast opens",
        )
        commands.add_parser("locations", help="every name that may be asked for")
        parser.add_argument("--user", metavar="EMAIL", help="use also what is licensed to this user's teams")

    def handle(self, *_: Any, **options: Any) -> None:
        """Answer."""
        given = Namespace(**options)
        reader = _reader(given.user)
        try:
            if given.question == "locations":
                self._print(output.locations(known_locations()))
            elif given.question == "emissions":
                self._print(_observed(given, reader, now=timezone.now()))
            elif given.wait_until_best:
                self._wait(given, reader)
            else:
                self._print(forecasts(given.location, _question(given), reader=reader, now=timezone.now()))
        except Problem as problem:
            self._refuse(problem)

    def _print(self, answer: Any) -> None:
        self.stdout.write(json.dumps(answer, ensure_ascii=False))

    def _wait(self, given: Namespace, reader: Reader) -> None:
        """Sleep until the best window opens; only a newer forecast moves it meanwhile."""
        window: _Window | None = None
        while True:
            now = timezone.now()
            found = _best_window(given, reader, now=now)
            if window is None or window.issued_at != found.issued_at:
                window = found
            pause = pause_before(window.starts_at, now=now)
            if pause is None:
                return
            self.stderr.write(
                f"Best at {window.starts_at:%Y-%m-%d %H:%M} UTC, {window.gco2e_per_kwh:.1f} g/kWh; waiting."
            )
            time.sleep(pause / timedelta(seconds=1))

    def _refuse(self, problem: Problem) -> NoReturn:
        lines = [problem.detail or "", *(f"{name}: {'; '.join(told)}" for name, told in (problem.errors or {}).items())]
        self.stderr.write("\n".join(line for line in lines if line))
        sys.exit(INVALID_ARGUMENTS if problem.status == HTTPStatus.BAD_REQUEST else DATA_SOURCE_ERROR)


def _add_locations(parser: ArgumentParser) -> None:
    parser.add_argument("-l", "--location", nargs="+", action="extend", required=True, metavar="NAME")


def _time(text: str) -> ClientTime:
    read = read_in_address(text)
    if read is None:
        raise ValueError(text)
    return read


def _reader(email: str | None) -> Reader:
    if not email:
        return AnonymousUser()
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no user {email}.")
    return user


def _observed(given: Namespace, reader: Reader, *, now: datetime) -> list[dict[str, Any]]:
    start = given.start_time or ClientTime.of(now)
    end = given.end_time or start
    if given.average:
        return averages(given.location, start, end, reader=reader)
    return emissions(given.location, start, end, is_best=given.best, reader=reader)


def _question(given: Namespace) -> ForecastQuestion:
    return ForecastQuestion(given.data_start_at, given.data_end_at, given.window_size, given.requested_at)


def _best_window(given: Namespace, reader: Reader, *, now: datetime) -> _Window:
    """The first of the best windows that are still to come. A point that runs already is as good as now."""
    earliest = max(ClientTime.of(now), given.data_start_at or ClientTime.of(now), key=lambda time: time.ticks)
    question = ForecastQuestion(earliest, given.data_end_at, given.window_size)
    _, issue, kept = scoped_forecasts(given.location[:1], question, reader=reader, now=now)[0]
    best = int(kept.is_best.nonzero()[0][0])
    return _Window(issue.generated_at, instant_of(int(kept.starts_at[best])), float(kept.gco2e_per_kwh[best]))
