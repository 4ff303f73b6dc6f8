"""Selection, averages and windows, beside plain loops over datetimes that do the same the slow way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isclose

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon.estimators.average import NotContinuousError, NotCoveredError, average_over, coverage_of
from carbon.estimators.distance import kilometres
from carbon.estimators.scoped_forecast import bound_problems, scoped
from carbon.estimators.selection import answers, competes, lowest
from carbon.estimators.series import IntensityPoints
from carbon.estimators.windows import MOST_WINDOWS, windows

MIDNIGHT = datetime(2026, 3, 18, tzinfo=UTC)
MINUTE = 60_000_000
FIVE = (np.arange(4) * 5 * MINUTE, np.full(4, 5 * MINUTE), np.array([10.0, 20.0, 30.0, 40.0]))


def average(*, start: float, end: float, points=FIVE):
    return average_over(*points, start=round(start * MINUTE), end=round(end * MINUTE))


def windows_of(*, length: float, start: float = 0, end: float = 20, points=FIVE):
    return windows(
        *points, start=round(start * MINUTE), end=round(end * MINUTE), length=round(length * MINUTE)
    ).gco2e_per_kwh.tolist()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    # The SDK's own figures. 4 to 20: (1 × 10 + 5 × 20 + 5 × 30 + 5 × 40) / 16 = 28.75
    [(0, 20, 25), (4, 20, 28.75), (0, 16, 21.25), (2.5, 17.5, 25), (2, 3, 10)],
)
def test_an_average_weighs_each_point_by_its_share_of_the_period(start, end, expected):
    assert average(start=start, end=end) == expected


@pytest.mark.parametrize(("start", "end"), [(-1 / 60, 20), (0, 20 + 1 / 60)])
def test_an_average_needs_points_over_the_whole_period(start, end):
    with pytest.raises(NotCoveredError):
        average(start=start, end=end)


@pytest.mark.parametrize(
    "starts", [[0, 5, 11], [0, 5, 9], [0, 0, 5], [0, 10, 5]], ids=["gap", "overlap", "equal", "order"]
)
def test_an_average_needs_points_that_follow_each_other(starts):
    points = (np.array(starts) * MINUTE, np.full(3, 5 * MINUTE), np.array([10.0, 20.0, 30.0]))

    with pytest.raises(NotContinuousError):
        average(start=0, end=10, points=points)


def test_what_is_covered_is_told_with_its_mean_and_gaps():
    points = (np.array([0, 10, 15]) * MINUTE, np.full(3, 5 * MINUTE), np.array([10.0, 30.0, 40.0]))

    known = coverage_of(*points, start=-5 * MINUTE, end=20 * MINUTE)

    # 15 of 25 minutes, (10 + 30 + 40) / 3
    assert (known.share, known.gco2e_per_kwh) == (0.6, pytest.approx(80 / 3))
    assert known.gaps == ((-5 * MINUTE, 0), (5 * MINUTE, 10 * MINUTE))


@pytest.mark.parametrize(
    ("length", "expected"),
    # The SDK's own figures. 7 minutes from 0: (5 × 10 + 2 × 20) / 7 = 12.857…
    [(2, [10, 20, 30, 40]), (7, [90 / 7, 160 / 7, 230 / 7]), (10, [15, 25, 35])],
)
def test_windows_begin_at_each_step_and_need_be_no_multiple_of_it(length, expected):
    assert windows_of(length=length) == pytest.approx(expected)


def test_no_window_ends_after_the_bound_not_even_the_first():
    assert windows_of(length=10, end=15) == [15, 25]
    assert windows_of(length=16, end=15) == []


def test_the_first_window_begins_where_it_is_asked_to():
    # From 2 to 7 minutes: (3 × 10 + 2 × 20) / 5 = 14
    assert windows_of(length=5, start=2) == [14, 24, 34]


def test_windows_in_a_long_last_point_are_kept():
    points = (np.array([0, 5]) * MINUTE, np.array([5, 15]) * MINUTE, np.array([10.0, 20.0]))

    assert windows_of(length=5, points=points) == [10, 20, 20, 20]


def test_a_window_over_a_gap_is_left_out_and_counted():
    points = (np.array([0, 5, 15, 20]) * MINUTE, np.full(4, 5 * MINUTE), np.array([10.0, 20.0, 30.0, 40.0]))

    found = windows(*points, start=0, end=25 * MINUTE, length=10 * MINUTE)

    assert (found.gco2e_per_kwh.tolist(), found.over_gaps) == ([15, 35], 2)


def test_equal_windows_are_equal_to_the_last_digit():
    values = np.array([0.1, 0.2, 0.3] * 30)
    points = (np.arange(90) * 5 * MINUTE, np.full(90, 5 * MINUTE), values)

    found = windows(*points, start=0, end=90 * 5 * MINUTE, length=15 * MINUTE)

    assert lowest(found.gco2e_per_kwh).all()


@pytest.mark.parametrize("length", [-5, 0])
def test_a_window_lasts_longer_than_nothing(length):
    with pytest.raises(ValueError, match="longer than nothing"):
        windows_of(length=length)


def test_points_without_duration_hold_no_window():
    with pytest.raises(ValueError, match="longer than nothing"):
        windows_of(length=5, points=(FIVE[0], np.zeros(4, np.int64), FIVE[2]))


def test_more_windows_than_anybody_reads_are_refused():
    points = (np.array([0, MINUTE]), np.array([MINUTE, MOST_WINDOWS * MINUTE]), np.array([1.0, 2.0]))

    with pytest.raises(ValueError, match=str(MOST_WINDOWS)):
        windows(*points, start=0, end=2 * MOST_WINDOWS * MINUTE, length=MINUTE)


def test_a_point_that_begins_with_the_end_answers_but_does_not_compete():
    starts, lengths, _ = FIVE

    assert answers(starts, lengths, start=5 * MINUTE, end=10 * MINUTE).tolist() == [False, True, True, False]
    assert competes(starts, lengths, start=5 * MINUTE, end=10 * MINUTE).tolist() == [False, True, False, False]
    assert competes(starts, lengths, start=5 * MINUTE, end=5 * MINUTE).tolist() == [False, True, False, False]


def test_distances_are_those_on_a_sphere():
    # London to Paris as the crow flies: 344 km
    assert kilometres(51.5074, -0.1278, np.array([48.8566]), np.array([2.3522]))[0] == pytest.approx(343.6, abs=0.5)


# The oracle ----------------------------------------------------------------------------------------------------


def instant(minute):
    return MIDNIGHT + timedelta(minutes=minute)


def slow_average(points, start, end):
    """The mean of a period by adding up each second's share, or None where a part is not covered."""
    total, covered = 0.0, timedelta(0)
    for begins, length, value in points:
        overlap = min(begins + length, end) - max(begins, start)
        if overlap > timedelta(0):
            total += value * overlap.total_seconds()
            covered += overlap
    return total / (end - start).total_seconds() if covered == end - start else None


def slow_windows(points, start, end, length):
    """Every window between the bounds that the points cover, and its mean."""
    kept = [point for point in points if point[0] + point[1] > start and point[0] <= end]
    found = []
    if kept:
        begins = max(start, kept[0][0])
        while begins + length <= min(end, kept[-1][0] + kept[-1][1]):
            value = slow_average(kept, begins, begins + length)
            if value is not None:
                found.append((begins, value))
            begins += kept[0][1]
    return found


def laid_out(rows):
    """Points from midnight on, some with a gap behind them, by start."""
    points, at = [], 0
    for length, gap, value in rows:
        points.append((instant(at), timedelta(minutes=length), float(value)))
        at += length + gap
    return points


uneven = st.tuples(st.sampled_from([5, 30, 60]), st.sampled_from([0, 0, 0, 0, 7]), st.integers(0, 900))
even = st.tuples(st.just(5), st.just(0), st.integers(0, 900))
forecasts = st.one_of(st.lists(uneven, min_size=1, max_size=10), st.lists(even, min_size=12, max_size=12)).map(laid_out)
# Some questions to each forecast: minutes, which are brought to its span.
questions = st.lists(st.tuples(*[st.integers(0, 999)] * 3), min_size=8, max_size=8)


def span_of(points):
    return int((points[-1][0] + points[-1][1] - MIDNIGHT) / timedelta(minutes=1))


def as_points(points):
    since = datetime(1970, 1, 1, tzinfo=UTC)
    microsecond = timedelta(microseconds=1)
    return IntensityPoints(
        zone="DE",
        source="file",
        signal="average",
        as_of=MIDNIGHT,
        starts_at=np.array([(start - since) // microsecond for start, _, _ in points], np.int64),
        duration=np.array([length // microsecond for _, length, _ in points], np.int64),
        gco2e_per_kwh=np.array([value for _, _, value in points], np.float64),
    )


def micro(at):
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@settings(max_examples=250, deadline=None)
@given(points=forecasts, asked=questions)
def test_windows_are_those_of_the_plain_loop(points, asked):
    told, span = as_points(points), span_of(points)
    for first, last, minutes in asked:
        start, end = instant(first % (span + 1)), instant(last % (span + 1))
        length = timedelta(minutes=minutes % 90 + 1)

        found = scoped(told, start=micro(start), end=micro(end), length=length // timedelta(microseconds=1))

        expected = slow_windows(points, start, end, length)
        assert found.starts_at.tolist() == [micro(begins) for begins, _ in expected]
        assert np.allclose(found.gco2e_per_kwh, [value for _, value in expected], rtol=1e-9, atol=1e-9)


@settings(max_examples=150, deadline=None)
@given(points=forecasts, asked=questions)
def test_averages_are_those_of_the_plain_loop(points, asked):
    span = span_of(points)
    for first, minutes, _ in asked:
        start = instant(first % (span + 4) - 3)
        end = start + timedelta(minutes=minutes % (span + 4) + 1)
        kept = [point for point in points if point[0] + point[1] > start and point[0] <= end]
        told = as_points(kept)

        try:
            ours = average_over(told.starts_at, told.duration, told.gco2e_per_kwh, start=micro(start), end=micro(end))
        except (NotContinuousError, NotCoveredError):
            ours = None

        expected = slow_average(kept, start, end)
        broken = any(a[0] + a[1] != b[0] for a, b in pairwise(kept))
        assert ours == (None if expected is None or broken else pytest.approx(expected, rel=1e-9, abs=1e-9))


@settings(max_examples=100, deadline=None)
@given(points=forecasts, asked=questions)
def test_coverage_adds_up_to_the_period(points, asked):
    told = as_points(points)
    for first, minutes, _ in asked:
        start = instant(first % 100 - 10)
        end = start + timedelta(minutes=minutes % 300 + 1)

        known = coverage_of(told.starts_at, told.duration, told.gco2e_per_kwh, start=micro(start), end=micro(end))

        missing = sum(after - before for before, after in known.gaps)
        assert known.share * (micro(end) - micro(start)) + missing == pytest.approx(micro(end) - micro(start))
        expected = slow_average(points, start, end)
        assert known.gaps or isclose(known.gco2e_per_kwh, expected, rel_tol=1e-9, abs_tol=1e-9)


def test_bounds_may_be_the_ends_of_the_forecast_and_nothing_beyond():
    told = as_points([(instant(0), timedelta(minutes=20), 10.0)])
    start, end = micro(instant(0)), micro(instant(20))

    assert bound_problems(told, start=start, end=end) == {}
    assert set(bound_problems(told, start=start - 1, end=end + 1)) == {"start", "end"}
    assert [problem.kind for problem in bound_problems(told, start=end, end=None)["start"]] == ["order"]
