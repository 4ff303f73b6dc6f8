"""`manage.py backtest_forecast`: how the built-in forecast and simpler ones do on a file of hours, zone by zone."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from carbon.estimators.back_test import WEAK_ABOVE_LOST_SHARE, BackTest, judged
from carbon.estimators.forecast_baselines import METHODS, PAST_HOURS
from carbon.files.intensity_csv import read_intensity_csv
from carbon.files.problems import FileProblem
from carbon.files.told_series import ToldSeries

HORIZON_HOURS = 48
ISSUE_EVERY_HOURS = 5
WARM_UP_HOURS = 6 * 7 * 24
_HOUR = 3600 * 10**6
_LONGEST_HOURS = 30 * 8784


class Command(BaseCommand):
    help = (
        "Back-tests the built-in forecast on a CSV file with the columns zone, datetime_utc and g_per_kwh: hours, in "
        "UTC. After six weeks a forecast is issued every five hours and compared with what came. Prints, for each "
        "zone, the mean absolute error in per cent of hours 1–24 (and, of the built-in one, of hours 25–48), the share "
        "of the possible saving that a job of four hours within a day gets by following it, the share of its picks "
        "that lose to running at once, and the band in which 80 of 100 values lay 24 hours ahead, in per cent of the "
        "zone's mean. No database is touched."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file."""
        parser.add_argument("file", metavar="FILE.csv", type=Path)

    def handle(self, **options: Any) -> None:
        """Read, compute, print."""
        try:
            told = read_intensity_csv(options["file"])
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        except OSError as error:
            raise CommandError(f"{error.filename or 'The file'}: {error.strerror}.") from error
        self.stdout.write(
            ",".join(["zone", *METHODS, "built-in day 2", "captured %", "lost %", "low 24 h", "high 24 h", "advice"])
        )
        short = []
        for series in told.series:
            tests = back_tests(hours_of(series))
            if tests is None:
                short.append(series.name)
                continue
            self.stdout.write(_row(series, tests))
        if short:
            self.stderr.write(f"Too few hours to judge a forecast by: {', '.join(short)}.")


def hours_of(series: ToldSeries) -> np.ndarray:
    """The series by hours, NaN where one is missing. Raises CommandError where its points are no full hours."""
    steps, rest = np.divmod(series.starts_at - series.starts_at[0], _HOUR)
    if rest.any() or (series.duration != _HOUR).any():
        raise CommandError(f"{series.name}: the points are no hours; this test wants full ones.")
    if steps[-1] >= _LONGEST_HOURS:
        raise CommandError(f"{series.name}: the file spans more than 30 years.")
    hours = np.full(int(steps[-1]) + 1, np.nan)
    hours[steps] = series.gco2e_per_kwh
    return hours


def back_tests(hourly: np.ndarray) -> dict[str, BackTest] | None:
    """Each method's result on the same issues; None where there are too few hours, or too many gaps."""
    known = np.arange(WARM_UP_HOURS, len(hourly) - HORIZON_HOURS + 1, ISSUE_EVERY_HOURS)
    if not len(known):
        return None
    past = np.lib.stride_tricks.sliding_window_view(hourly, PAST_HOURS)[known - PAST_HOURS]
    actual = np.lib.stride_tricks.sliding_window_view(hourly, HORIZON_HOURS)[known]
    results = {name: judged(method(past, HORIZON_HOURS), actual) for name, method in METHODS.items()}
    found = {name: result for name, result in results.items() if result is not None}
    return found if len(found) == len(METHODS) else None


def _row(series: ToldSeries, tests: dict[str, BackTest]) -> str:
    built_in, mean = tests["built-in"], float(series.gco2e_per_kwh.mean())
    percent = [
        *(100 * test.mape(1, 24) for test in tests.values()),
        100 * built_in.mape(25, 48),
        100 * built_in.captured_share,
        100 * built_in.lost_share,
        *(100 * band[23] / mean for band in (built_in.low_by_lead, built_in.high_by_lead)),
    ]
    advice = f"weak: loses in more than {WEAK_ABOVE_LOST_SHARE:.0%}" if built_in.is_weak else ""
    return ",".join([series.name, *(f"{value:.1f}" for value in percent), advice])
