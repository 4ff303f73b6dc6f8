"""How busy each machine was, hour by hour: a weekly pattern of its purpose plus its own chance.

The figures exist for every hour; `minutes` says in how many of them the machine ran, and a metric has a
value only where that is more than zero.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from finops.core.periods import HOUR, Period, start_of_hour
from finops.sandbox.scenario.chance import Floats, bell, number_from, uniform
from finops.sandbox.scenario.fleet import Load, SimulatedInstance
from finops.sandbox.scenario.regions import REGIONS

_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_WEEK_HOURS = 168
_WORKDAYS, _WORK_BEGINS, _WORK_ENDS = 5, 8, 18


@dataclass(frozen=True, slots=True)
class HourlyCpu:
    """CPU of one instance in the hours from `start`: per cent, and minutes in which it ran."""

    start: datetime
    average: Floats
    maximum: Floats
    minutes: Floats


def _day_shape(hours: Floats, *, peak: float, width: float) -> Floats:
    """A hill around the hour `peak` of the day, 1 at its top, wrapping round midnight."""
    distance = np.abs((hours - peak + 12) % 24 - 12)
    return np.asarray(np.exp(-((distance / width) ** 2)))


@lru_cache(maxsize=32)
def _week(load: Load) -> tuple[Floats, float]:
    """Per cent of CPU by local hour of the week, and how widely an hour strays from it."""
    hours = np.arange(_WEEK_HOURS)
    hour = (hours % 24).astype(np.float64)
    workday = np.where(hours // 24 < _WORKDAYS, 1.0, 0.0)
    at_work = workday * np.where((hour >= _WORK_BEGINS) & (hour < _WORK_ENDS), 1.0, 0.0)
    shapes: dict[Load, tuple[Floats, float]] = {
        Load.IDLE: (np.full(_WEEK_HOURS, 1.6), 0.35),
        Load.OFFICE: (4 + at_work * (18 + 14 * _day_shape(hour, peak=10.5, width=2.5)), 0.30),
        Load.WEB: (9 + (0.65 + 0.35 * workday) * 42 * _day_shape(hour, peak=15.5, width=5.0), 0.20),
        Load.STEADY: (np.full(_WEEK_HOURS, 34.0) + 5 * workday, 0.15),
        Load.BATCH: (np.full(_WEEK_HOURS, 88.0), 0.08),
        Load.HOT: (62 + 31 * at_work, 0.07),
        Load.TRAINING: (np.full(_WEEK_HOURS, 27.0), 0.40),
    }
    return shapes[load]


@lru_cache(maxsize=512)
def _offset_hours(region: str, day: int) -> float:
    """How far the region's clock is ahead of UTC on a day, counted from 1970."""
    noon = datetime.fromtimestamp((day + 0.5) * 86_400, tz=REGIONS[region].time_zone)
    offset = noon.utcoffset()
    return offset.total_seconds() / 3600 if offset else 0.0


def running_minutes(instance: SimulatedInstance, period: Period, *, slots: int, slot_minutes: int = 60) -> Floats:
    """Minutes at whose start it ran, in each of the slots from the start of `period`, which is a full minute."""
    minutes = np.zeros(slots)
    for part in instance.timeline.running(period):
        # Minutes from the start, rounded up at both ends: a minute counts where it runs at its first second.
        first = -((period.start - part.start) // timedelta(minutes=1))
        last = -((period.start - part.end) // timedelta(minutes=1))
        if last <= first:
            continue
        first_slot, last_slot = first // slot_minutes, (last - 1) // slot_minutes
        if first_slot == last_slot:
            minutes[first_slot] += last - first
            continue
        minutes[first_slot] += slot_minutes - first % slot_minutes
        minutes[first_slot + 1 : last_slot] += slot_minutes
        minutes[last_slot] += last - slot_minutes * last_slot
    return minutes


def hourly_cpu(instance: SimulatedInstance, period: Period) -> HourlyCpu:
    """CPU of an instance in the hours that `period` touches; the running minutes stop at its end.

    An hour's value is the same whatever stretch it is asked in.
    """
    start = start_of_hour(period.start)
    end = start_of_hour(period.end + HOUR - timedelta(microseconds=1))
    first = int(start.timestamp()) // 3600
    index = np.arange(first, first + int((end - start) / HOUR), dtype=np.int64)
    days, day_of_hour = np.unique(index // 24, return_inverse=True)
    local = index + np.array([_offset_hours(instance.region, int(day)) for day in days])[day_of_hour]
    week, spread = _week(instance.group.load)
    hour_of_week = ((local // 24 + _EPOCH_WEEKDAY) % 7 * 24 + local % 24).astype(np.int64)
    own_level = 0.75 + 0.5 * (instance.number % 1000) / 1000
    seed = number_from(instance.number, "cpu")
    mood_of_day = 1 + 0.15 * bell(seed + 1, index // 24)
    average = week[hour_of_week] * own_level * mood_of_day * (1 + spread * bell(seed, index))
    average = np.clip(average, 0.1, 99.2)
    maximum = np.clip(average * (1.1 + 0.9 * uniform(seed + 2, index)) + 1.5, average, 100.0)
    minutes = running_minutes(instance, Period(start, period.end), slots=len(index))
    return HourlyCpu(start, np.round(average, 4), np.round(maximum, 4), minutes)
