"""The latest hours of some resources' metrics, as stored; AWS is not asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import MetricDay, ResourceMetricDay
from accounts.selectors.scope import Scope
from costing.selectors.resources import Wanted, instances_of, resources_of
from finops.core.periods import HOUR, start_of_day, start_of_hour, utc_day

STATISTICS = ("average", "maximum", "total")


@dataclass(frozen=True, slots=True)
class Point:
    """One hour, with the statistics that are asked of the metric and were measured."""

    at: datetime
    values: dict[str, float]


def recent_metrics(
    scope: Scope, *, kind: ResourceKind, resource_ids: Sequence[str], region: str, hours: int, now: datetime
) -> dict[str, dict[str, list[Point]]]:
    """By resource id and metric, oldest first; two queries. An id that is not in scope is not in the answer.

    Only hours that were measured have a point. What was asked of two accounts under one id is told of the first.
    """
    wanted = Wanted(kind=kind, region=region)
    is_machine = kind is ResourceKind.EC2_INSTANCE
    id_field = "instance_id" if is_machine else "resource_id"
    things: Any = instances_of(scope, wanted) if is_machine else resources_of(scope, wanted)
    found: dict[int, str] = {}
    for pk, resource_id in (
        things.filter(**{f"{id_field}__in": resource_ids}).order_by("pk").values_list("pk", id_field)
    ):
        if resource_id not in found.values():
            found[pk] = resource_id
    end = start_of_hour(now) + HOUR
    start = end - hours * HOUR
    rows: Any = (
        MetricDay.objects.visible_to(scope.user) if is_machine else ResourceMetricDay.objects.visible_to(scope.user)
    )
    owner = "instance_id" if is_machine else "resource_id"
    told = rows.filter(**{f"{owner}__in": list(found)}, day__gte=utc_day(start)).order_by("metric", "day")
    answer: dict[str, dict[str, list[Point]]] = {resource_id: {} for resource_id in found.values()}
    for row in told:
        points = answer[found[getattr(row, owner)]].setdefault(row.metric, [])
        series = {name: hourly for name in STATISTICS if (hourly := getattr(row, name)) is not None}
        for hour in range(24):
            at = start_of_day(row.day) + hour * HOUR
            values = {name: float(hourly[hour]) for name, hourly in series.items() if np.isfinite(hourly[hour])}
            if values and start <= at < end:
                points.append(Point(at, values))
    return answer
