"""Merges what CloudWatch told of metrics into the stored days."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from accounts.clients.aws.metric_data import GET_METRIC_DATA
from accounts.clients.aws.metrics import MetricAnswer
from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import MetricDay, ResourceMetricDay
from accounts.services.utilization.wanted import SETTLES_AFTER
from finops.core.bulk import upsert
from finops.core.hourly import HOURS_PER_DAY
from finops.core.periods import DAY, HOUR, start_of_day, start_of_hour, utc_day

from .wanted import Wanted

STATISTICS = ("average", "maximum", "total")

# What was told of one metric of one resource.
Told = tuple[Wanted, MetricAnswer, datetime]  # and when the answer's first slot begins
Hours = npt.NDArray[np.float32]
Stored = dict[tuple[int, str, date], tuple[Any, ...]]


def store_metrics(told: Sequence[Told], *, now: datetime) -> int:
    """Merge and write; how many rows changed. Belongs into a transaction. What was not told to its end is left out.

    Where CloudWatch has no value a stored one is kept. An hour of a count that has settled without a value counts
    none; any other stays NaN. The last day asked for has a row even where nothing was measured, so that it is
    known when it was asked.
    """
    complete = [each for each in told if each[1].is_complete]
    written = 0
    for model, owner, is_instance in ((MetricDay, "instance_id", True), (ResourceMetricDay, "resource_id", False)):
        some = [each for each in complete if (each[0].metric.kind is ResourceKind.EC2_INSTANCE) is is_instance]
        if not some:
            continue
        stored = _stored(model, owner, some)
        rows = sorted(_rows(some, stored, now), key=lambda row: row[:3])
        written += upsert(
            model,
            rows,
            columns=(owner, "metric", "day", *STATISTICS, "source", "retrieved_at"),
            key=(owner, "metric", "day"),
            # A later answer, be it the same, says when it was asked.
            unless_equal=(*STATISTICS, "retrieved_at"),
            are_ready=True,
        )
    return written


def days_of(wanted: Iterable[Wanted]) -> set[date]:
    """The days that rows may be written for."""
    found: set[date] = set()
    for start, end in {(one.start, one.end) for one in wanted}:
        day = utc_day(start)
        while start_of_day(day) < end:
            found.add(day)
            day += DAY
    return found


def _stored(model: Any, owner: str, told: Sequence[Told]) -> Stored:
    """What is there already. Mostly nothing older than the last asking is, so it is few days of many resources."""
    by_days: defaultdict[tuple[date, date], set[int]] = defaultdict(set)
    for wanted, _, _ in told:
        by_days[utc_day(wanted.start), utc_day(wanted.end - HOUR)].add(wanted.pk)
    names = {wanted.metric.name for wanted, _, _ in told}
    found: Stored = {}
    for (first, last), pks in by_days.items():
        rows = model.objects.filter(**{f"{owner}__in": sorted(pks)}, metric__in=names, day__gte=first, day__lte=last)
        for pk, metric, day, *values in rows.values_list(owner, "metric", "day", *STATISTICS):
            found[pk, metric, day] = tuple(values)
    return found


def _rows(told: Sequence[Told], stored: Stored, now: datetime) -> Iterator[tuple[Any, ...]]:
    operations = connection.ops
    stamp = operations.adapt_datetimefield_value(now)
    for wanted, answer, begins_at in told:
        first_day = start_of_day(utc_day(wanted.start))
        last_day = utc_day(wanted.end - HOUR)
        days = (last_day - first_day.date()).days + 1
        grids = {name: _grid(wanted, values, begins_at, days, now) for name, values in answer.values.items()}
        for number in range(days):
            day = first_day.date() + number * DAY
            before = stored.get((wanted.pk, wanted.metric.name, day))
            if day != last_day and before is None and all(np.isnan(grid[number]).all() for grid in grids.values()):
                continue
            hours = tuple(
                _merged(grids[name][number], before[place] if before else None) if name in grids else None
                for place, name in enumerate(STATISTICS)
            )
            yield (
                wanted.pk,
                wanted.metric.name,
                operations.adapt_datefield_value(day),
                *hours,
                GET_METRIC_DATA.upstream,
                stamp,
            )


def _grid(wanted: Wanted, values: Hours, begins_at: datetime, days: int, now: datetime) -> Hours:
    """[day, hour] from the first day of what was wanted, NaN where nothing was told."""
    grid = np.full((days, HOURS_PER_DAY), np.nan, dtype=np.float32)
    if wanted.metric.is_daily:
        skipped = (wanted.start - begins_at) // DAY
        grid[:, 0] = values[skipped : skipped + days]
        return grid
    skipped, hours = (wanted.start - begins_at) // HOUR, (wanted.end - wanted.start) // HOUR
    offset = (wanted.start - start_of_day(utc_day(wanted.start))) // HOUR
    of_hours = values[skipped : skipped + hours]
    if wanted.metric.is_count:
        settled = max(0, (min(wanted.end, start_of_hour(now - SETTLES_AFTER)) - wanted.start) // HOUR)
        of_hours = of_hours.copy()
        of_hours[:settled][np.isnan(of_hours[:settled])] = 0
    grid.reshape(-1)[offset : offset + hours] = of_hours
    return grid


def _merged(new: Hours, before: Hours | None) -> bytes:
    merged = new if before is None else np.where(np.isnan(new), before, new)
    return merged.astype("<f4", copy=False).tobytes()
