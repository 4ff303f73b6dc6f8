"""One pace for all workers: how often an operation may be called that AWS limits by account and region."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import Pace

# Further ahead than any queue of ours: left by a clock that was set back since.
_LONGEST_WAIT = timedelta(minutes=10)


def reserve_turn(*, key: str, interval: timedelta, now: datetime) -> datetime:
    """When the next call of `key` may start, which is then taken; the one after it starts `interval` later.

    Workers that ask at once get one turn each. Keep the turn: one that is not used is lost. Must not be called
    inside a transaction, for others would wait until it ends.
    """
    with transaction.atomic(durable=True):
        Pace.objects.bulk_create([Pace(key=key, free_at=now)], ignore_conflicts=True)
        pace = Pace.objects.select_for_update().get(key=key)
        starts_at = max(now, pace.free_at)
        if starts_at > now + _LONGEST_WAIT:
            starts_at = now
        pace.free_at = starts_at + interval
        pace.save(update_fields=["free_at"])
    return starts_at


def wait_turn(
    *,
    key: str,
    interval: timedelta,
    clock: Callable[[], datetime] = timezone.now,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until the next call of `key` may start."""
    now = clock()
    pause = (reserve_turn(key=key, interval=interval, now=now) - now).total_seconds()
    if pause > 0:
        sleep(pause)
