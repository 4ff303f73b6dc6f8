from datetime import UTC, date, datetime, timedelta

import pytest

from costing.estimators.window import Window
from tests.conftest import NOW


def test_the_last_days_are_complete_ones_and_today():
    window = Window.of_last_days(7, now=NOW)

    # NOW is 18 March: 11 to 17 March are over, the 18th is going on.
    assert (window.first, window.last) == (date(2026, 3, 11), date(2026, 3, 18))
    assert window.complete.days() == [date(2026, 3, day) for day in range(11, 18)]
    assert not window.is_complete(date(2026, 3, 18))
    assert window.is_complete(date(2026, 3, 17))


def test_a_bill_needs_two_more_days():
    window = Window.of_last_days(7, now=NOW)

    # 18 March 12:30 less 48 h is 16 March 12:30, so the 15th is the last day that ended by then.
    assert window.complete_after(timedelta(hours=48)).days()[-1] == date(2026, 3, 15)


def test_a_month_ends_today_where_it_is_the_present_one():
    assert Window.of_month(date(2026, 3, 1), now=NOW).last == date(2026, 3, 18)
    assert Window.of_month(date(2026, 2, 1), now=NOW).last == date(2026, 2, 28)
    assert Window.of_month(date(2024, 2, 1), now=NOW).last == date(2024, 2, 29)
    assert Window.of_month(date(2025, 12, 1), now=NOW).last == date(2025, 12, 31)


def test_on_the_first_of_a_month_nothing_is_complete():
    window = Window.of_month(date(2026, 3, 1), now=datetime(2026, 3, 1, 0, 30, tzinfo=UTC))

    assert window.complete.days() == []


def test_a_window_does_not_reach_into_the_future():
    with pytest.raises(ValueError, match="neither before"):
        Window(date(2026, 3, 1), date(2026, 3, 19), NOW)
