"""CloudWatch: how busy instances were, hour by hour."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finops.core.periods import HOUR, Period

from .metric_data import USD_PER_METRIC, MetricQuery, Slots, metric_data, most_together
from .session import AwsSession

_STATISTICS = {"a": "Average", "m": "Maximum", "s": "SampleCount"}

_MOST_PERCENT = 100.0
_ROUNDING = 0.01  # averages of full minutes come back as 100.00000000000001
_MOST_SAMPLES = 120.0  # EC2 measures once a minute; twice that can only be a mistake


@dataclass(frozen=True, slots=True)
class HourlyCpu:
    """CPU utilization of many instances: a row an instance, as asked, a column an hour, the first one first.

    Per cent, 0 to 100. `sample_count` is the number of minutes measured. NaN: CloudWatch has no value.
    `is_complete` says of which instances it told all it has; `refused_values` were implausible.
    """

    average: Slots
    maximum: Slots
    sample_count: Slots
    is_complete: npt.NDArray[np.bool_]
    refused_values: int
    messages: frozenset[str]


def most_instances(*, hours: int) -> int:
    """How many instances may be asked in one call for so many hours."""
    return most_together(queries_each=len(_STATISTICS), slots=hours)


def hourly_cpu(aws: AwsSession, *, region: str, instance_ids: Sequence[str], period: Period) -> HourlyCpu:
    """CPU of each instance in each hour of `period`, which begins and ends on the hour.

    One call, whose price is by instance and not by hour: ask for many hours at once.
    """
    queries = [
        MetricQuery(f"{letter}{row}", "AWS/EC2", "CPUUtilization", {"InstanceId": one}, statistic)
        for row, one in enumerate(instance_ids)
        for letter, statistic in _STATISTICS.items()
    ]
    cost_usd = USD_PER_METRIC * len(instance_ids)
    told = metric_data(aws, region=region, queries=queries, period=period, cost_usd=cost_usd)
    values = told.values.reshape(len(instance_ids), len(_STATISTICS), period.length // HOUR)
    average, maximum, samples = (values[:, place].copy() for place in range(len(_STATISTICS)))
    refused = told.strays
    for hours, most in ((average, _MOST_PERCENT), (maximum, _MOST_PERCENT), (samples, _MOST_SAMPLES)):
        refused += refuse_implausible(hours, most=most + _ROUNDING)
        np.minimum(hours, most, out=hours)
    is_complete = np.logical_and.reduce(told.is_complete.reshape(len(instance_ids), len(_STATISTICS)), axis=1)
    return HourlyCpu(average, maximum, samples, is_complete, refused, told.messages)


def refuse_implausible(values: Slots, *, most: float) -> int:
    """Make NaN of what is negative or more than `most`; how many those were."""
    with np.errstate(invalid="ignore"):
        implausible = (values < 0) | (values > most)
    values[implausible] = np.nan
    return int(implausible.sum())
