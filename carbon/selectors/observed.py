"""Observed carbon intensity at places over time, fast: what was read once stays in memory until it changes."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock

import numpy as np
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from carbon.estimators.series import Floats, IntensityPoints, Ints, Place, microseconds
from carbon.models import CarbonReading, ReadingMonth
from carbon.selectors.places import rank, source_order
from finops.core.periods import start_of_day

# 24 bytes each: some 50 MB a process at the most. 24 zones of hourly points fill it in nine years.
_MOST_POINTS_HELD = 2_000_000


@dataclass(frozen=True, slots=True)
class _Points:
    starts_at: Ints
    duration: Ints
    gco2e_per_kwh: Floats


class _Shelf:
    """Points by the stamp of their month, the ones used longest ago thrown out first. Safe to share."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._points: OrderedDict[int, _Points] = OrderedDict()
        self._count = 0

    def get(self, stamp: int) -> _Points | None:
        with self._lock:
            points = self._points.get(stamp)
            if points is not None:
                self._points.move_to_end(stamp)
            return points

    def put(self, stamp: int, points: _Points) -> None:
        with self._lock:
            if stamp not in self._points:
                self._count += len(points.starts_at)
            self._points[stamp] = points
            while self._count > _MOST_POINTS_HELD and len(self._points) > 1:
                _, oldest = self._points.popitem(last=False)
                self._count -= len(oldest.starts_at)


_shelf = _Shelf()

_COLUMNS = (
    "zone_id",
    "signal",
    "source",
    "licensee_id",
    "month_date",
    "retrieved_at",
    "stamp",
    "zone__signal",
    "zone__sources",
)
_Month = tuple[str, str, str, int | None, date, datetime, int, str, list[str]]


def observed_points(
    places: Sequence[Place], start: datetime, end: datetime, user: User | AnonymousUser
) -> list[IntensityPoints | None]:
    """For each place, in order, the points that touch [start, end], both bounds included; None where there are none.

    All points of a place come from one source: the first of its order that told anything about that time.
    A point that began long before and reaches into it is found. One query, however many places, and
    another for what changed since this process read it last.
    """
    wanted = dict.fromkeys(places)
    if not wanted:
        return []
    months = list(
        ReadingMonth.objects.visible_to(user)
        .filter(zone__in=sorted({place.zone for place in wanted}), starts_at__lte=end, ends_at__gte=start)
        .order_by("month_date")
        .values_list(*_COLUMNS)
    )
    settings = {month[0]: (month[7], month[8]) for month in months}
    points = _points_of(months)
    by_zone: dict[tuple[str, str], list[_Month]] = {}
    for month in months:
        by_zone.setdefault((month[0], month[1]), []).append(month)
    first, last = microseconds(start), microseconds(end)
    told = {
        place: _first_that_told(
            place,
            by_zone.get((place.zone, place.signal), ()),
            points,
            order=source_order(place, settings),
            start=first,
            end=last,
        )
        for place in wanted
    }
    return [told[place] for place in places]


def _first_that_told(
    place: Place,
    months: Iterable[_Month],
    points: dict[int, _Points],
    *,
    order: tuple[str, ...],
    start: int,
    end: int,
) -> IntensityPoints | None:
    series: dict[tuple[int, bool, int], list[_Month]] = {}
    for month in months:
        place_in_order = rank(month[2], month[3], order)
        if place_in_order is not None:
            series.setdefault(place_in_order, []).append(month)
    for place_in_order in sorted(series):
        told = series[place_in_order]
        held = [points[month[6]] for month in told]
        chosen = IntensityPoints(
            zone=place.zone,
            source=told[0][2],
            signal=place.signal,
            as_of=max(month[5] for month in told),
            starts_at=_joined([block.starts_at for block in held]),
            duration=_joined([block.duration for block in held]),
            gco2e_per_kwh=_joined([block.gco2e_per_kwh for block in held]),
        ).touching(start, end)
        if len(chosen):
            return chosen
    return None


def _joined(blocks: list[Ints] | list[Floats]) -> np.ndarray:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _points_of(months: Sequence[_Month]) -> dict[int, _Points]:
    """The points of each month by its stamp, from memory where it holds them, the rest by one query."""
    held = {month[6]: _shelf.get(month[6]) for month in months}
    found = {stamp: points for stamp, points in held.items() if points is not None}
    missing = [month for month in months if month[6] not in found]
    if missing:
        read = _read(missing)
        for stamp, points in read.items():
            _shelf.put(stamp, points)
        found |= read
    return found


def _read(months: Sequence[_Month]) -> dict[int, _Points]:
    """The readings of `months`. Some that are not wanted may be among the rows read, but none is missed."""
    stamps = {month[:5]: month[6] for month in months}
    first = min(month[4] for month in months)
    last = max(month[4] for month in months)
    rows = (
        CarbonReading.objects.filter(
            zone__in=sorted({month[0] for month in months}),
            source__in=sorted({month[2] for month in months}),
            starts_at__gte=start_of_day(first),
            starts_at__lt=start_of_day(_next_month(last)),
        )
        .order_by("starts_at")
        .values_list(
            "zone_id", "signal", "source", "licensee_id", "starts_at", "duration_microseconds", "gco2e_per_kwh"
        )
    )
    columns: dict[int, tuple[list[int], list[int], list[float]]] = {stamp: ([], [], []) for stamp in stamps.values()}
    for zone, signal, source, licensee, starts_at, duration, value in rows.iterator():
        stamp = stamps.get((zone, signal, source, licensee, starts_at.date().replace(day=1)))
        if stamp is not None:
            starts, durations, values = columns[stamp]
            starts.append(microseconds(starts_at))
            durations.append(duration)
            values.append(value)
    return {
        stamp: _Points(np.array(starts, np.int64), np.array(durations, np.int64), np.array(values, np.float64))
        for stamp, (starts, durations, values) in columns.items()
    }


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
