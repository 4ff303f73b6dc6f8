"""CloudWatch: what it measured of databases, functions, buckets and instances beside their CPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from accounts.estimators.metrics import Metric
from accounts.estimators.resource_kinds import ResourceKind
from finops.core.periods import DAY, HOUR, Period

from .metric_data import MOST_POINTS, MOST_QUERIES, USD_PER_METRIC, MetricQuery, Slots, metric_data
from .session import AwsSession
from .utilization import refuse_implausible

# The namespace of each kind, and the dimension by which CloudWatch knows one of them.
_NAMESPACES = {
    ResourceKind.EC2_INSTANCE: ("AWS/EC2", "InstanceId"),
    ResourceKind.RDS_INSTANCE: ("AWS/RDS", "DBInstanceIdentifier"),
    ResourceKind.LAMBDA_FUNCTION: ("AWS/Lambda", "FunctionName"),
    ResourceKind.S3_BUCKET: ("AWS/S3", "BucketName"),
}
_STORAGE_TYPES = {"BucketSizeBytes": "StandardStorage", "NumberOfObjects": "AllStorageTypes"}
_STATISTICS = {"average": "Average", "maximum": "Maximum", "total": "Sum"}


@dataclass(frozen=True, slots=True)
class MetricAnswer:
    """What was told of one metric of one resource: an array for each of the metric's statistics, by slot.

    `is_complete`: CloudWatch told all it has. NaN: it has no value.
    """

    values: dict[str, Slots]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class MetricAnswers:
    """The answers of one call, in the order of the questions."""

    answers: list[MetricAnswer]
    refused_values: int
    messages: frozenset[str]


def slot_of(metric: Metric) -> timedelta:
    """How long one value of the metric is about."""
    return DAY if metric.is_daily else HOUR


def fits_one_call(*, queries: int, slots: int) -> bool:
    """Whether so many queries for so many slots are answered in one call, on one page."""
    return queries <= MOST_QUERIES and queries * slots <= MOST_POINTS


def ask_metrics(aws: AwsSession, *, region: str, asked: Sequence[tuple[Metric, str]], period: Period) -> MetricAnswers:
    """Each metric of each resource (its id) in `asked`, over the slots of `period`; all by the hour, or all by the day.

    One call, whose price is by metric and not by hour: ask for many hours at once.
    """
    queries: list[MetricQuery] = []
    for row, (metric, resource_id) in enumerate(asked):
        namespace, dimension = _NAMESPACES[metric.kind]
        dimensions = {dimension: resource_id}
        if metric.name in _STORAGE_TYPES:
            dimensions["StorageType"] = _STORAGE_TYPES[metric.name]
        queries += [
            MetricQuery(f"{name[0]}{row}", namespace, metric.name, dimensions, _STATISTICS[name])
            for name in metric.statistics
        ]
    slot = slot_of(asked[0][0])
    cost_usd = USD_PER_METRIC * len(asked)
    told = metric_data(aws, region=region, queries=queries, period=period, cost_usd=cost_usd, slot=slot)
    refused = told.strays
    answers = []
    first = 0
    for metric, _ in asked:
        rows = slice(first, first + len(metric.statistics))
        first = rows.stop
        refused += refuse_implausible(told.values[rows], most=metric.most)
        values = dict(zip(metric.statistics, told.values[rows], strict=True))
        answers.append(MetricAnswer(values, bool(np.all(told.is_complete[rows]))))
    return MetricAnswers(answers, refused, told.messages)
