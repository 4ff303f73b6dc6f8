"""Half-open periods in UTC: a period holds its start and does not hold its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def start_of_hour(instant: datetime) -> datetime:
    """The full hour that `instant` lies in, UTC."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def start_of_day(day: date) -> datetime:
    """Midnight UTC at which `day` begins."""
    return datetime.combine(day, time(), tzinfo=UTC)


def utc_day(instant: datetime) -> date:
    """The UTC day that `instant` lies in, as AWS bills."""
    return instant.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Period:
    """From `start`, which belongs to it, to `end`, which does not; both aware, kept in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse naive instants and a period that ends before it starts."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("A period's start and end need a time zone.")
        if self.end < self.start:
            raise ValueError(f"A period cannot end ({self.end}) before it starts ({self.start}).")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    @classmethod
    def last(cls, length: timedelta, *, now: datetime) -> Self:
        """The `length` that ends at `now`."""
        return cls(now - length, now)

    @classmethod
    def of_day(cls, day: date) -> Self:
        """The 24 hours of a UTC day."""
        return cls(start_of_day(day), start_of_day(day + DAY))

    @classmethod
    def of_days(cls, first: date, last: date) -> Self:
        """From the start of `first` to the end of `last`, both days included."""
        return cls(start_of_day(first), start_of_day(last + DAY))

    @property
    def length(self) -> timedelta:
        """How long the period is."""
        return self.end - self.start

    def holds(self, instant: datetime) -> bool:
        """Whether `instant` lies in the period: its start does, its end does not."""
        return self.start <= instant < self.end

    def clipped_to(self, other: "Period") -> "Period | None":
        """The part that lies in `other` too, or None where they do not overlap."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def days(self) -> list[date]:
        """Each UTC day the period touches, in order."""
        return list(self._days())

    def _days(self) -> Iterator[date]:
        day = self.start.date()
        while start_of_day(day) < self.end:
            yield day
            day += DAY
