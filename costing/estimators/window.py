"""The days a page asks for, and which of them are complete."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from costing.estimators.comparison import last_complete_day
from finops.core.periods import DAY, Period, utc_day

LEDGER_LAG = timedelta(0)  # a ledger day is complete when it is over


@dataclass(frozen=True, slots=True)
class Window:
    """UTC days from `first` to `last`, both included, as they stand at `now`; at most up to today.

    Today is shown and left out of every total: it goes on growing.
    """

    first: date
    last: date
    now: datetime

    def __post_init__(self) -> None:
        """Refuse a window that ends before it starts or that has not begun."""
        if not self.first <= self.last <= utc_day(self.now):
            raise ValueError(f"A window ends neither before {self.first} nor after today: not {self.last}.")

    @classmethod
    def of_last_days(cls, days: int, *, now: datetime) -> Self:
        """So many complete days, and today."""
        today = utc_day(now)
        return cls(today - days * DAY, today, now)

    @classmethod
    def of_month(cls, first: date, *, now: datetime) -> Self:
        """The month that begins with `first`, up to today where it is the current one."""
        last = (first + timedelta(days=32)).replace(day=1) - DAY
        return cls(first, min(last, utc_day(now)), now)

    @property
    def period(self) -> Period:
        """All days of the window."""
        return Period.of_days(self.first, self.last)

    @property
    def complete(self) -> Period:
        """Its days that are over; empty on the first day of a month."""
        return self.complete_after(LEDGER_LAG)

    def complete_after(self, lag: timedelta) -> Period:
        """Its days that ended at least `lag` ago: a bill goes on growing for a while."""
        last = min(self.last, last_complete_day(now=self.now, lag=lag))
        return Period.of_days(self.first, max(last, self.first - DAY))

    def is_complete(self, day: date) -> bool:
        """Whether `day` counts in totals."""
        return self.first <= day <= min(self.last, last_complete_day(now=self.now, lag=LEDGER_LAG))
