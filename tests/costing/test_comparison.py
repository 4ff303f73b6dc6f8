from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costing.estimators.comparison import (
    compared_periods,
    compared_weeks,
    is_complete,
    last_complete_day,
    relative_change,
)
from finops.core.periods import Period

LAG = timedelta(hours=48)


def test_a_day_is_complete_once_it_ended_longer_ago_than_the_lag():
    # 15 March ends at 16 March 00:00; 48 h later is 18 March 00:00
    assert is_complete(date(2026, 3, 15), now=datetime(2026, 3, 18, 0, 0, tzinfo=UTC), lag=LAG)
    assert not is_complete(date(2026, 3, 15), now=datetime(2026, 3, 17, 23, 59, tzinfo=UTC), lag=LAG)
    assert last_complete_day(now=datetime(2026, 3, 18, 12, 30, tzinfo=UTC), lag=LAG) == date(2026, 3, 15)


def test_month_to_date_is_compared_with_as_many_days_of_the_month_before():
    # On 18 March the 15 days 1 to 15 March are complete: compared with 1 to 15 February
    periods = compared_periods(month=date(2026, 3, 18), now=datetime(2026, 3, 18, 12, 30, tzinfo=UTC), lag=LAG)

    assert periods.current == Period.of_days(date(2026, 3, 1), date(2026, 3, 15))
    assert periods.previous == Period.of_days(date(2026, 2, 1), date(2026, 2, 15))


def test_a_longer_month_is_cut_to_the_length_of_the_one_before():
    periods = compared_periods(month=date(2026, 3, 1), now=datetime(2026, 4, 20, tzinfo=UTC), lag=LAG)

    assert periods.current == Period.of_days(date(2026, 3, 1), date(2026, 3, 28))
    assert periods.previous == Period.of_days(date(2026, 2, 1), date(2026, 2, 28))


def test_a_month_without_a_complete_day_is_not_compared():
    assert compared_periods(month=date(2026, 3, 1), now=datetime(2026, 3, 3, 23, tzinfo=UTC), lag=LAG) is None
    assert compared_periods(month=date(2026, 4, 1), now=datetime(2026, 3, 18, tzinfo=UTC), lag=LAG) is None


def test_the_change_is_relative_to_what_was_before():
    # 115 / 100 − 1 = 0.15
    assert relative_change(current=Decimal(115), previous=Decimal(100)) == Decimal("0.15")
    assert relative_change(current=50.0, previous=100.0) == -0.5


@pytest.mark.parametrize(("current", "previous"), [(None, 1.0), (1.0, None), (1.0, 0.0), (1.0, -2.0)])
def test_without_something_to_grow_from_there_is_no_change(current, previous):
    assert relative_change(current=current, previous=previous) is None


@given(
    month=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis adds the zone)
)
def test_both_periods_have_as_many_days_and_all_of_them_are_complete(month, now):
    periods = compared_periods(month=month, now=now, lag=LAG)

    if periods is not None:
        assert periods.current.length == periods.previous.length
        assert periods.previous.end <= periods.current.start
        assert all(is_complete(day, now=now, lag=LAG) for day in periods.current.days())
        assert all((day.year, day.month) == (month.year, month.month) for day in periods.current.days())


def test_two_weeks_are_compared_by_the_same_weekdays():
    weeks = compared_weeks(now=datetime(2026, 3, 18, 12, tzinfo=UTC), lag=timedelta(0))

    assert (weeks.current.days()[0], weeks.current.days()[-1]) == (date(2026, 3, 11), date(2026, 3, 17))
    assert (weeks.previous.days()[0], weeks.previous.days()[-1]) == (date(2026, 3, 4), date(2026, 3, 10))
