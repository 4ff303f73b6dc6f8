"""What databases, functions and buckets measured, hour by hour, from their habits.

A value belongs to its hour and to the thing alone, so any stretch agrees with every other.
"""

from collections.abc import Callable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from finops.core.periods import HOUR
from finops.sandbox.scenario.chance import Floats, bell, number_from, uniform
from finops.sandbox.scenario.estate.things import Thing

_GIB = 1024.0**3
_WORK_BEGINS, _WORK_ENDS, _SATURDAY = 8, 18, 5
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_MEMORY_GIB = {"db.t3.small": 2, "db.t3.medium": 4, "db.m5.large": 8, "db.m6g.large": 8, "db.r6g.large": 16}

# habit: CPU at night and at work, connections, share of storage free, of memory freeable, burst balance
_DATABASES: dict[str, tuple[float, float, float, float, float, float]] = {
    "steady": (18, 34, 60, 0.55, 0.30, 100),
    "tight_storage": (20, 42, 180, 0.135, 0.28, 100),
    "full_storage": (16, 38, 110, 0.05, 0.32, 100),
    "crowded": (14, 30, 318, 0.45, 0.25, 92),
    "busy": (35, 88, 140, 0.50, 0.26, 100),
    "spiky": (22, 48, 90, 0.60, 0.30, 100),
    "out_of_burst": (25, 45, 40, 0.48, 0.27, 6),
    "short_of_burst": (15, 30, 20, 0.50, 0.29, 36),
    "quiet": (5.5, 6.5, 4, 0.70, 0.45, 100),
    "well_used": (24, 55, 500, 0.40, 0.24, 100),
    "out_of_memory": (20, 44, 150, 0.42, 0.025, 100),
    "abandoned": (3, 3, 0.4, 0.80, 0.60, 100),
    "aurora": (15, 36, 75, 1.0, 0.30, 100),
}
# habit: invocations in a busy hour, errors and throttles as shares of them, milliseconds on average and at most
_FUNCTIONS: dict[str, tuple[float, float, float, float, float]] = {
    "healthy": (1400, 0.001, 0, 900, 2600),
    "failing": (2200, 0.04, 0, 340, 1500),
    "sometimes_failing": (4000, 0.007, 0, 2100, 9000),
    "throttled": (3200, 0.002, 0.012, 5200, 21_000),
    "slow": (60, 0.002, 0, 26_500, 27_600),
    "fairly_slow": (80, 0.002, 0, 17_000, 21_200),
}
_ONCE_ON_DAY = 14  # of the window

Series = dict[str, Floats]


def hourly_metrics(
    thing: Thing, metric: str, *, start: datetime, hours: int, origin: datetime
) -> dict[str, Floats] | None:
    """What a metric of `thing` was in each hour from `start`, by statistic, NaN where nothing was measured.

    None for a metric that it does not have. Daily ones of buckets stand in the first hour of each day.
    """
    first = int(start.timestamp()) // 3600
    index = np.arange(first, first + hours, dtype=np.int64)
    found = _MAKERS[thing.kind](thing, metric, index, origin) if thing.kind in _MAKERS else None
    if found is None:
        return None
    before = index < int((thing.created_at + HOUR).timestamp()) // 3600
    for values in found.values():
        values[before] = np.nan
    return found


def _busy(index: NDArray[np.int64], *, is_weekend_too: bool = False) -> NDArray[np.bool_]:
    """Whether an hour is one of work, by UTC."""
    hour = index % 24
    weekday = (index // 24 + _EPOCH_WEEKDAY) % 7
    return ((weekday < _SATURDAY) | is_weekend_too) & (hour >= _WORK_BEGINS) & (hour < _WORK_ENDS)


def _database(thing: Thing, metric: str, index: NDArray[np.int64], origin: datetime) -> Series | None:  # noqa: ARG001 (as all makers)
    if thing.habit not in _DATABASES:
        return None
    night, work, connections, storage, memory, burst = _DATABASES[thing.habit]
    seed = number_from(thing.number, metric)
    wobble = bell(seed, index)
    at_work = _busy(index, is_weekend_too=thing.habit == "busy")
    values: dict[str, Floats] = {
        "CPUUtilization": np.clip(np.where(at_work, work, night) * (1 + 0.03 * wobble), 0.3, 99.0),
        "DatabaseConnections": connections * (1 + 0.02 * wobble),
        "FreeStorageSpace": thing.told["AllocatedStorage"] * _GIB * storage * (1 + 0.04 * wobble),
        "FreeableMemory": _MEMORY_GIB[thing.told["DBInstanceClass"]] * _GIB * memory * (1 + 0.05 * wobble),
        "BurstBalance": np.clip(burst * (1 + 0.05 * wobble), 0, 100),
    }
    is_without = (metric == "BurstBalance" and thing.told.get("StorageType") != "gp2") or (
        metric == "FreeStorageSpace" and thing.habit == "aurora"
    )
    if metric not in values or is_without:
        return None
    average = values[metric]
    if thing.habit == "spiky" and metric == "CPUUtilization":
        average[index % 29 == 0] = 93.0
    most = 100.0 if metric in {"CPUUtilization", "BurstBalance"} else np.inf
    if metric == "DatabaseConnections" and thing.habit == "crowded":
        most = 340.0  # MySQL lets 341 in on so small a machine
    return {"Average": average, "Maximum": np.minimum(average * (1.02 + 0.08 * uniform(seed + 2, index)), most)}


def _function(thing: Thing, metric: str, index: NDArray[np.int64], origin: datetime) -> Series | None:
    seed = number_from(thing.number, "invocations")
    if thing.habit == "once":
        once = int(origin.timestamp()) // 3600 + 24 * _ONCE_ON_DAY + 7
        invocations, errors, throttles = np.where(index == once, 1.0, 0.0), 0.0, 0.0
        average, most = 41_000.0, 41_000.0
    elif thing.habit in _FUNCTIONS:
        busy, errors, throttles, average, most = _FUNCTIONS[thing.habit]
        level = np.where(_busy(index), 1.0, 0.25)
        invocations = np.floor(busy * level * (1 + 0.1 * bell(seed, index)))
    else:
        return None
    ran = invocations > 0
    if metric == "Duration":
        swing = 1 + 0.02 * bell(seed + 1, index)
        return {"Average": np.where(ran, average * swing, np.nan), "Maximum": np.where(ran, most * swing, np.nan)}
    of = {"Invocations": 1.0, "Errors": errors, "Throttles": throttles}.get(metric)
    if of is None:
        return None
    # CloudWatch has no point for an hour in which nothing ran.
    return {"Sum": np.where(ran, np.round(invocations * of), np.nan)}


def _bucket(thing: Thing, metric: str, index: NDArray[np.int64], origin: datetime) -> Series | None:
    grown = 1 + 0.002 * (index // 24 - int(origin.timestamp()) // 86_400)
    of = {"BucketSizeBytes": thing.told["gib"] * _GIB, "NumberOfObjects": float(thing.told["objects"])}.get(metric)
    if not of:
        return None
    return {"Average": np.where(index % 24 == 0, np.floor(of * grown), np.nan)}


_MAKERS: dict[str, Callable[[Thing, str, NDArray[np.int64], datetime], Series | None]] = {
    "rds_instance": _database,
    "lambda_function": _function,
    "s3_bucket": _bucket,
}
