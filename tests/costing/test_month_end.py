from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costing.estimators.month_end import NEEDED_DAYS, month_end

MONDAY = date(2026, 3, 2)


def days_from(first, values):
    return [(first + timedelta(days=number), value) for number, value in enumerate(values)]


def rest_of(first, count):
    return [first + timedelta(days=number) for number in range(count)]


def test_the_rest_is_foreseen_by_the_mean_of_each_weekday():
    # Weeks of 1, 2, … 7 and of 3, 4, … 9: a Monday means 2, a Tuesday 3.
    daily = days_from(MONDAY, [1, 2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 8, 9])

    end = month_end(so_far=100.0, daily=daily, rest=rest_of(MONDAY + timedelta(days=14), 2))

    assert end.expected == 100 + 2 + 3


def test_the_band_is_that_of_a_worked_example():
    # 11, 9, 11, … and a week later 9, 11, 9, …: each weekday means 10 and each day errs by 1, now up, now down.
    # v = 14 × 1² / (14 − 7) = 2, not widened, for neighbours never err alike.
    # t = 1.28155 + (1.28155³ + 1.28155) / (4 × 7) = 1.40250; one day to come: √(2 × (1 + 1/2)) = 1.73205.
    daily = days_from(MONDAY, [11, 9] * 3 + [11] + [9, 11] * 3 + [9])

    end = month_end(so_far=50.0, daily=daily, rest=rest_of(MONDAY + timedelta(days=14), 1))

    assert end.expected == 60
    assert end.high - 60 == pytest.approx(1.40250 * 1.7320508, abs=1e-4)
    assert 60 - end.low == pytest.approx(end.high - 60)


def test_days_that_err_alike_widen_the_band():
    # A week of 10 and one of 12: errors of −1 seven times, then of +1. r = 11/14, so v = 2 × 25/3 = 16.6667;
    # seven days to come: √(16.6667 × 7 × (1 + 1/2)) = 13.2288, times 1.40250 = 18.5533.
    daily = days_from(MONDAY, [10] * 7 + [12] * 7)

    end = month_end(so_far=100.0, daily=daily, rest=rest_of(MONDAY + timedelta(days=14), 7))

    assert end.expected == pytest.approx(177)
    assert end.high - end.expected == pytest.approx(18.5533, abs=1e-3)


def test_days_that_are_all_alike_leave_no_doubt():
    daily = days_from(MONDAY, [5.0] * NEEDED_DAYS)

    end = month_end(so_far=70.0, daily=daily, rest=rest_of(MONDAY + timedelta(days=14), 3))

    assert (end.low, end.expected, end.high) == (85, 85, 85)


def test_too_few_days_make_no_forecast():
    daily = days_from(MONDAY, [5.0] * (NEEDED_DAYS - 1))

    assert month_end(so_far=0.0, daily=daily, rest=rest_of(date(2026, 3, 20), 1)) is None


def test_a_month_that_is_over_comes_to_what_it_came_to():
    end = month_end(so_far=12.5, daily=[], rest=[])

    assert (end.low, end.expected, end.high) == (12.5, 12.5, 12.5)


def test_days_of_long_ago_do_not_count():
    daily = [*days_from(MONDAY - timedelta(days=28), [1000.0] * 28), *days_from(MONDAY, [1.0] * 28)]

    end = month_end(so_far=0.0, daily=daily, rest=rest_of(MONDAY + timedelta(days=28), 2))

    assert end.expected == 2


def test_a_weekday_nobody_has_seen_counts_as_any_day():
    daily = [(day, 4.0) for day, _ in days_from(MONDAY, [0] * 25) if day.weekday() != 6]

    end = month_end(so_far=0.0, daily=daily, rest=[MONDAY + timedelta(days=27)])

    assert end.expected == 4


amounts = st.floats(min_value=0, max_value=1e6)


@given(values=st.lists(amounts, min_size=14, max_size=40), so_far=amounts, to_come=st.integers(0, 31))
def test_the_band_holds_the_forecast_and_never_falls_below_what_is_spent(values, so_far, to_come):
    daily = days_from(MONDAY, values)

    end = month_end(so_far=so_far, daily=daily, rest=rest_of(daily[-1][0] + timedelta(days=1), to_come))

    assert so_far <= end.low <= end.expected <= end.high


@given(values=st.lists(amounts, min_size=14, max_size=40), factor=st.floats(min_value=0.01, max_value=100))
def test_another_unit_changes_nothing_but_the_unit(values, factor):
    rest = rest_of(date(2026, 5, 1), 9)

    one = month_end(so_far=10.0, daily=days_from(MONDAY, values), rest=rest)
    other = month_end(so_far=10.0 * factor, daily=days_from(MONDAY, [v * factor for v in values]), rest=rest)

    assert other.expected == pytest.approx(one.expected * factor, rel=1e-6)
    assert other.high == pytest.approx(one.high * factor, rel=1e-6)
