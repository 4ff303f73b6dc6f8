"""Which billed days can be counted on: Cost Explorer under-reports the latest ones."""

from datetime import date, datetime, timedelta

from django.conf import settings

from costing.estimators import comparison


def billing_lag() -> timedelta:
    """How long after its end a day's bill is taken as complete (BILLING_LAG_HOURS)."""
    return timedelta(hours=settings.BILLING_LAG_HOURS)


def last_complete_day(*, now: datetime) -> date:
    """The latest UTC day whose bill is taken as complete."""
    return comparison.last_complete_day(now=now, lag=billing_lag())


def is_complete(day: date, *, now: datetime) -> bool:
    """Whether the bill of the UTC day `day` is taken as complete."""
    return comparison.is_complete(day, now=now, lag=billing_lag())
