"""When instances ran: many hour by hour for the ledger, and one explained for its page."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import numpy as np
import numpy.typing as npt

from accounts.estimators.runtime import (
    History,
    HourlyRuntime,
    InstanceFacts,
    Runtime,
    RuntimeEvent,
    ended_at,
    history_of,
)
from accounts.models import CPU_UTILIZATION, EventWatermark, Instance, MetricDay, User
from accounts.selectors.runtime_inputs import events_of, facts_of
from finops.core.periods import HOUR, Period, start_of_day

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RuntimeHours:
    """Instances over the hours of a period, each array [instance, hour]; seconds lie in 0 to 3600.

    `type_index` points into `types`. `exists` tells the hours in which there was an instance, running or not.
    """

    seconds: Floats
    lower_seconds: Floats
    upper_seconds: Floats
    billed_seconds: Floats
    certainty: npt.NDArray[np.uint8]
    types: list[str]
    type_index: npt.NDArray[np.intp]
    exists: npt.NDArray[np.bool_]


def runtime_hours(
    *, account_id: int, instances: Sequence[Instance], period: Period, now: datetime, sample_minutes: Floats
) -> RuntimeHours:
    """The runtime of `instances` (of one account) in each hour of `period`, which consists of whole hours.

    `sample_minutes` [instance, hour] are the minutes in which CloudWatch saw each one run, NaN where it said
    nothing; they narrow what stays open.
    """
    shape = (len(instances), round(period.length / HOUR))
    hours = RuntimeHours(
        seconds=np.zeros(shape),
        lower_seconds=np.zeros(shape),
        upper_seconds=np.zeros(shape),
        billed_seconds=np.zeros(shape),
        certainty=np.zeros(shape, np.uint8),
        types=[],
        type_index=np.zeros(shape, np.intp),
        exists=np.zeros(shape, bool),
    )
    numbers: dict[str, int] = {}
    events = events_of(account_id=account_id, instances=instances, period=period)
    since = _events_since(account_id)
    so_far = Period(period.start, min(period.end, max(now, period.start)))
    for row, instance in enumerate(instances):
        facts = facts_of(instance)
        told = events.get(instance.instance_id, [])
        by_hour = _by_hour(
            facts,
            told,
            events_since=since.get(instance.region),
            period=period,
            now=now,
            sample_minutes=sample_minutes[row],
        )
        hours.seconds[row] = by_hour.running_seconds
        hours.lower_seconds[row] = by_hour.lower_seconds
        hours.upper_seconds[row] = by_hour.upper_seconds
        hours.billed_seconds[row] = by_hour.billed_seconds
        hours.certainty[row] = by_hour.certainty
        names = np.array([numbers.setdefault(name, len(numbers)) for name in by_hour.instance_types], np.intp)
        hours.type_index[row] = names[by_hour.type_index]
        hours.exists[row, _exists(facts, instance.first_seen_at, told, so_far)] = True
    hours.types.extend(numbers)
    hours.exists[(hours.upper_seconds > 0) | (hours.billed_seconds > 0)] = True
    return hours


def explain(
    *, user: User, instance: Instance, period: Period, now: datetime
) -> tuple[Runtime, tuple[RuntimeEvent, ...]]:
    """How long one instance ran in `period` and why, and the events of that time; it must be visible to `user`."""
    seen = Instance.objects.visible_to(user).get(pk=instance.pk)
    events = events_of(account_id=seen.aws_account_id, instances=[seen], period=period)
    days = MetricDay.objects.filter(
        instance=seen, metric=CPU_UTILIZATION, day__gte=period.start.date(), day__lte=period.end.date()
    ).order_by("day")
    minutes = {
        start_of_day(day) + hour * HOUR: float(count)
        for day, counts in days.values_list("day", "sample_count")
        for hour, count in enumerate(cast("Iterable[float]", counts))
        if count == count  # noqa: PLR0124 (NaN is unequal to itself)
    }
    history = history_of(
        facts_of(seen),
        events.get(seen.instance_id, []),
        now=now,
        events_since=_events_since(seen.aws_account_id).get(seen.region),
        cpu_sample_minutes=minutes,
    )
    told = (event for event in events.get(seen.instance_id, []) if period.holds(event.occurred_at))
    return history.during(period), tuple(told)


def _by_hour(
    instance: InstanceFacts,
    events: list[RuntimeEvent],
    *,
    events_since: datetime | None,
    period: Period,
    now: datetime,
    sample_minutes: Floats,
) -> HourlyRuntime:
    def history(minutes: dict[datetime, float] | None) -> History:
        return history_of(instance, events, now=now, events_since=events_since, cpu_sample_minutes=minutes)

    told = history(None)
    if told.may_gain_by_samples(period):
        # Only now the samples: making them into instants costs more than most histories do.
        told = history(dict(_minutes(period.start, sample_minutes)))
    return told.by_hour(period.start, len(sample_minutes))


def _minutes(start: datetime, sample_minutes: Floats) -> Iterator[tuple[datetime, float]]:
    for hour in np.flatnonzero(~np.isnan(sample_minutes)).tolist():
        yield start + timedelta(hours=hour), float(sample_minutes[hour])


def _events_since(account_id: int) -> dict[str, datetime]:
    """By region, since when events of every name are known without a gap."""
    since: dict[str, datetime] = {}
    for region, read_from in EventWatermark.objects.filter(aws_account_id=account_id).values_list(
        "region", "read_from"
    ):
        since[region] = max(read_from, since.get(region, read_from))
    return since


def _exists(instance: InstanceFacts, since: datetime, events: list[RuntimeEvent], hours: Period) -> slice:
    """Which of `hours` lie between its first sign of life, one of which is `since`, and its end."""
    signs = (instance.first_launched_at or instance.launched_at, *(event.occurred_at for event in events[:1]))
    first = min((since, *(sign for sign in signs if sign is not None)))
    end = min(ended_at(instance, events) or hours.end, hours.end)
    begins, ends = (max((at - hours.start) / HOUR, 0.0) for at in (first, end))
    return slice(math.floor(begins), math.ceil(ends))
