"""Computes the built-in forecast of zones from their stored hours, and tests it on them every night."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import transaction

from accounts.models import Team
from accounts.services.step import Writing
from carbon.estimators.back_test import BackTest, back_test
from carbon.estimators.forecast import WEEK_HOURS, built_in_forecast
from carbon.estimators.series import SeriesKey, microseconds
from carbon.models import ForecastBackTest
from carbon.reference.grid_sources import BUILT_IN, FILE
from carbon.selectors.places import rank
from carbon.selectors.stored_hours import stored_hours
from carbon.services.forecasts import Issue, packed_band, packed_points, store_issues
from finops.core.periods import DAY, HOUR, MICROSECOND, Period, start_of_hour

Floats = npt.NDArray[np.float64]

HORIZON_HOURS = 72
TESTED_DAYS = 60
_TESTED_AGAIN_AFTER = DAY
_HOUR_MICROSECONDS = HOUR // MICROSECOND


def forecast_here(
    *,
    orders: Mapping[tuple[str, str], tuple[str, ...]],
    team: Team | None,
    now: datetime,
    writing: Writing = transaction.atomic,
) -> tuple[int, set[tuple[str, str]]]:
    """Store the built-in forecast of each zone and signal in `orders`, issued at this full hour.

    It rests on the first source of the zone's order that told enough of the last week. Readings bought with the
    team's key give a forecast for that team alone. Returns the rows written, and which zones and signals have one.
    """
    issued_at = start_of_hour(now)
    licensees = [None] if team is None else [None, team.pk]
    week = Period(issued_at - WEEK_HOURS * HOUR, issued_at)
    hours = stored_hours({zone for zone, _ in orders}, week, licensees=licensees)
    bands = _bands({key.zone for key in hours})
    issues: dict[SeriesKey, Issue] = {}
    for key, values in _ranked(hours, orders):
        own = SeriesKey(key.zone, BUILT_IN, key.signal, key.licensee_id)
        if own in issues:
            continue
        expected = built_in_forecast(values, hours=HORIZON_HOURS)
        if not np.isnan(expected).any():
            issues[own] = _issue(expected, issued_at=issued_at, band=bands.get(key))
    written = 0
    if issues:
        with writing():
            for own, issue in issues.items():
                written += store_issues(own, [issue], now=now)
    return written, {(own.zone, own.signal) for own in issues}


def back_test_nightly(
    *, zones: Iterable[str], team: Team | None, now: datetime, writing: Writing = transaction.atomic
) -> int:
    """Back-test the built-in forecast on the last 60 stored days of each series whose test is a day old.

    Returns how many were tested. Too few hours leave no row: nothing is claimed then.
    """
    zones = set(zones)
    licensees = [None] if team is None else [None, team.pk]
    fresh = {
        SeriesKey(*columns)
        for columns in ForecastBackTest.objects.filter(
            zone__in=zones, computed_at__gt=now - _TESTED_AGAIN_AFTER
        ).values_list("zone_id", "source", "signal", "licensee_id")
    }
    if zones <= {key.zone for key in fresh}:
        return 0
    end = start_of_hour(now)
    period = Period(end - TESTED_DAYS * DAY, end)
    results: list[ForecastBackTest] = []
    for key, values in stored_hours(zones - {key.zone for key in fresh}, period, licensees=licensees).items():
        known = np.flatnonzero(~np.isnan(values))
        result = back_test(values[known[0] :], horizon_hours=HORIZON_HOURS) if len(known) else None
        if key.source != FILE and result is not None:
            results.append(_row(key, result, start=period.start + int(known[0]) * HOUR, end=end, now=now))
    if results:
        with writing():
            for row in results:
                _replace(row)
    return len(results)


def _ranked(
    hours: Mapping[SeriesKey, Floats], orders: Mapping[tuple[str, str], tuple[str, ...]]
) -> list[tuple[SeriesKey, Floats]]:
    """The series that may answer, the best of each zone first."""
    ranked = [
        (place, number, key)
        for number, key in enumerate(hours)
        if (order := orders.get((key.zone, key.signal))) is not None
        and (place := rank(key.source, key.licensee_id, order)) is not None
    ]
    return [(key, hours[key]) for _, _, key in sorted(ranked, key=lambda item: item[:2])]


def _issue(expected: Floats, *, issued_at: datetime, band: tuple[Floats, Floats] | None) -> Issue:
    starts = microseconds(issued_at) + np.arange(HORIZON_HOURS, dtype=np.int64) * _HOUR_MICROSECONDS
    return Issue(
        issued_at,
        packed_points(starts, _HOUR_MICROSECONDS, expected),
        None if band is None else packed_band(*(np.maximum(expected + side, 0.0) for side in band)),
    )


def _bands(zones: Iterable[str]) -> dict[SeriesKey, tuple[Floats, Floats]]:
    """By the series they were found on, how far 80 of 100 values strayed below and above, g/kWh by hour ahead."""
    rows: Any = ForecastBackTest.objects.filter(zone__in=sorted(set(zones))).order_by("pk")
    return {
        SeriesKey(row.zone_id, row.source, row.signal, row.licensee_id): (
            np.array(row.low_by_lead, np.float64),
            np.array(row.high_by_lead, np.float64),
        )
        for row in rows
        if len(row.low_by_lead) == len(row.high_by_lead) == HORIZON_HOURS and None not in row.low_by_lead
    }


def _row(key: SeriesKey, result: BackTest, *, start: datetime, end: datetime, now: datetime) -> ForecastBackTest:
    return ForecastBackTest(
        zone_id=key.zone,
        source=key.source,
        signal=key.signal,
        licensee_id=key.licensee_id,
        computed_at=now,
        starts_at=start,
        ends_at=end,
        issues=result.issues,
        mape_day_1=_known(result.mape(1, 24)),
        mape_day_2=_known(result.mape(25, 48)),
        captured_share=_known(result.captured_share),
        lost_share=_known(result.lost_share),
        mape_by_lead=_list(result.mape_by_lead),
        low_by_lead=_list(result.low_by_lead),
        high_by_lead=_list(result.high_by_lead),
    )


def _replace(row: ForecastBackTest) -> None:
    same = ForecastBackTest.objects.select_for_update().filter(
        zone_id=row.zone_id, source=row.source, signal=row.signal, licensee_id=row.licensee_id
    )
    row.pk = same.order_by("pk").values_list("pk", flat=True).first()
    row.save()


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def _list(values: Floats) -> list[float | None]:
    return [_known(value) for value in values.tolist()]
