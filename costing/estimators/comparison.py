"""Month to date against as many days of the month before, complete days only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from finops.core.periods import DAY, Period, start_of_day, utc_day

Number = TypeVar("Number", Decimal, float)


def last_complete_day(*, now: datetime, lag: timedelta) -> date:
    """The latest UTC day that ended at least `lag` before `now`: bills of later days are still growing."""
    return utc_day(now - lag) - DAY


def is_complete(day: date, *, now: datetime, lag: timedelta) -> bool:
    """Whether the UTC day `day` ended at least `lag` before `now`."""
    return day <= last_complete_day(now=now, lag=lag)


@dataclass(frozen=True, slots=True)
class ComparedPeriods:
    """The complete days of a month so far, and equally many from the start of the month before."""

    current: Period
    previous: Period


def compared_periods(*, month: date, now: datetime, lag: timedelta) -> ComparedPeriods | None:
    """The two periods for the month that `month` lies in; None while it has no complete day.

    Both have the same number of days: where the month before is shorter, the current one is cut to it
    (30 March is compared over 28 days), so that the change says nothing about the calendar.
    """
    first = month.replace(day=1)
    first_of_next = (first + timedelta(days=32)).replace(day=1)
    first_of_previous = (first - DAY).replace(day=1)
    complete = min((last_complete_day(now=now, lag=lag) + DAY - first).days, (first_of_next - first).days)
    days = min(complete, (first - first_of_previous).days)
    if days <= 0:
        return None
    return ComparedPeriods(current=_days_from(first, days), previous=_days_from(first_of_previous, days))


def compared_weeks(*, now: datetime, lag: timedelta) -> ComparedPeriods:
    """The last seven complete days, and the seven before: the same weekdays on both sides."""
    last = last_complete_day(now=now, lag=lag)
    return ComparedPeriods(current=_days_from(last - 6 * DAY, 7), previous=_days_from(last - 13 * DAY, 7))


def _days_from(first: date, days: int) -> Period:
    return Period(start_of_day(first), start_of_day(first + timedelta(days=days)))


def relative_change(*, current: Number | None, previous: Number | None) -> Number | None:
    """By what share of `previous` it grew; None where either is unknown or there was nothing to grow from."""
    if current is None or previous is None or previous <= 0:
        return None
    return current / previous - 1
