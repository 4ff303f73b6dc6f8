"""How old an answer may be before a page must say so."""

from datetime import datetime, timedelta
from enum import StrEnum

AGEING_AFTER = 1.5
STALE_AFTER = 3.0


class Freshness(StrEnum):
    """The age of the last success against how often the source is asked."""

    FRESH = "fresh"  # up to 1.5 cadences old
    AGEING = "ageing"  # up to 3
    STALE = "stale"  # older
    NEVER = "never"  # not yet fetched


_RANKS = {Freshness.FRESH: 0, Freshness.AGEING: 1, Freshness.STALE: 2, Freshness.NEVER: 3}


def freshness(*, last_success_at: datetime | None, cadence: timedelta, now: datetime) -> Freshness:
    """How fresh what `last_success_at` brought is, for a source that is asked every `cadence`."""
    if cadence <= timedelta(0):
        raise ValueError(f"A cadence is longer than nothing, not {cadence}.")
    if last_success_at is None:
        return Freshness.NEVER
    cadences = (now - last_success_at) / cadence
    if cadences <= AGEING_AFTER:
        return Freshness.FRESH
    return Freshness.AGEING if cadences <= STALE_AFTER else Freshness.STALE


def worst(freshnesses: list[Freshness]) -> Freshness | None:
    """The least fresh of many; None for none."""
    return max(freshnesses, key=_RANKS.__getitem__, default=None)
