"""Keeps note of which months hold readings of which series, so that readers know what changed."""

import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from carbon.models import ReadingMonth, Signal


def note_readings(
    spans: Iterable[tuple[datetime, int]],
    *,
    zone: str,
    source: str,
    now: datetime,
    signal: str = Signal.AVERAGE,
    licensee_id: int | None = None,
) -> None:
    """Note that readings of one series were written: the start and the microseconds of each.

    Belongs in the transaction that wrote them: it is how a reader learns that what it holds is out of date.
    """
    bounds: dict[date, tuple[datetime, datetime]] = {}
    for starts_at, microseconds in spans:
        ends_at = starts_at + timedelta(microseconds=microseconds)
        month = starts_at.astimezone(UTC).date().replace(day=1)
        first, last = bounds.get(month, (starts_at, ends_at))
        bounds[month] = (min(first, starts_at), max(last, ends_at))
    if not bounds:
        return
    series = {"zone_id": zone, "source": source, "signal": signal, "licensee_id": licensee_id}
    # Made first and widened then: two writers of the same month wait for each other, and none undoes the other's.
    ReadingMonth.objects.bulk_create(
        [
            ReadingMonth(**series, month_date=month, starts_at=first, ends_at=last, retrieved_at=now, stamp=0)
            for month, (first, last) in sorted(bounds.items())
        ],
        ignore_conflicts=True,
    )
    rows = list(
        ReadingMonth.objects.select_for_update().filter(**series, month_date__in=list(bounds)).order_by("month_date")
    )
    for row in rows:
        first, last = bounds[row.month_date]
        row.starts_at, row.ends_at = min(row.starts_at, first), max(row.ends_at, last)
        row.retrieved_at = now
        row.stamp = secrets.randbits(63)
    ReadingMonth.objects.bulk_update(rows, ["starts_at", "ends_at", "retrieved_at", "stamp"])
