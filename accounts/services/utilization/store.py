"""Merges what CloudWatch told into the stored days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
from django.db import connection

from accounts.clients.aws.metric_data import GET_METRIC_DATA
from accounts.clients.aws.utilization import HourlyCpu
from accounts.models import CPU_UTILIZATION, MetricDay
from finops.core.bulk import upsert
from finops.core.hourly import HOURS_PER_DAY
from finops.core.periods import HOUR, start_of_day

from .wanted import SETTLES_AFTER, Batch

_COLUMNS = ("instance_id", "metric", "day", "average", "maximum", "sample_count", "source", "retrieved_at")
_SAMPLES = 2  # the place of sample_count among the three

# Instances × the three statistics × days × hours.
Grid = npt.NDArray[np.float32]


@dataclass(slots=True)
class Stored:
    """How many rows were written, and which days changed."""

    rows: int
    changed: set[date]


def store_batches(told: Iterable[tuple[Batch, HourlyCpu]], *, now: datetime) -> Stored:
    """Merge and write; belongs into a transaction. Instances of which CloudWatch did not tell all are left out.

    Where CloudWatch has no value a stored one is kept. An hour that has settled without a value counts no
    samples: the instance did not run in it. NaN stays for an hour that was not asked, or has not settled.
    """
    rows: list[tuple[object, ...]] = []
    changed: set[date] = set()
    for batch, cpu in told:
        _merge(batch, cpu, now, rows, changed)
    rows.sort(key=lambda row: (row[0], row[2]))
    written = upsert(
        MetricDay,
        rows,
        columns=_COLUMNS,
        key=("instance_id", "metric", "day"),
        # A later answer, be it the same, says that the hours have settled meanwhile.
        unless_equal=("average", "maximum", "sample_count", "retrieved_at"),
        are_ready=True,
    )
    return Stored(written, changed)


def _merge(batch: Batch, cpu: HourlyCpu, now: datetime, rows: list[tuple[object, ...]], changed: set[date]) -> None:
    days = batch.period.days()
    pks = [one.pk for one in batch.wanted]
    before = _stored(pks, days)
    new = np.full_like(before, np.nan)
    offset = (batch.period.start - start_of_day(days[0])) // HOUR
    hours = batch.period.length // HOUR
    in_order = new.reshape(len(pks), 3, -1)
    for place, values in enumerate((cpu.average, cpu.maximum, cpu.sample_count)):
        in_order[:, place, offset : offset + hours] = values

    merged = np.where(np.isnan(new), before, new)
    _count_none(merged, offset, _settled_hours(batch, now))
    is_different = (merged.view(np.uint32) != before.view(np.uint32)).any(axis=(1, 3))

    adapt = connection.ops
    stamp = adapt.adapt_datetimefield_value(now)
    stamps = [adapt.adapt_datefield_value(day) for day in days]
    packed = merged.astype("<f4", copy=False)
    for row, one in enumerate(batch.wanted):
        if not cpu.is_complete[row]:
            continue
        first = (one.start.date() - days[0]).days
        last = ((one.end - HOUR).date() - days[0]).days
        for column in range(first, last + 1):
            average, maximum, samples = (packed[row, place, column].tobytes() for place in range(3))
            rows.append(
                (one.pk, CPU_UTILIZATION, stamps[column], average, maximum, samples, GET_METRIC_DATA.upstream, stamp)
            )
        changed.update(days[column] for column in range(first, last + 1) if is_different[row, column])


def _stored(pks: list[int], days: list[date]) -> Grid:
    grid = np.full((len(pks), 3, len(days), HOURS_PER_DAY), np.nan, dtype=np.float32)
    row_of = {pk: row for row, pk in enumerate(pks)}
    found = MetricDay.objects.filter(
        instance_id__in=pks, metric=CPU_UTILIZATION, day__gte=days[0], day__lte=days[-1]
    ).values_list("instance_id", "day", "average", "maximum", "sample_count")
    for pk, day, *values in found:
        column = (day - days[0]).days
        for place, hours in enumerate(values):
            grid[row_of[pk], place, column] = hours
    return grid


def _settled_hours(batch: Batch, now: datetime) -> int:
    """How many of the hours asked for have settled: the first so many."""
    return max(0, min(batch.period.length // HOUR, (now - SETTLES_AFTER - batch.period.start) // HOUR))


def _count_none(merged: Grid, offset: int, settled: int) -> None:
    samples = merged.reshape(merged.shape[0], 3, -1)[:, _SAMPLES, offset : offset + settled]
    samples[np.isnan(samples)] = 0
