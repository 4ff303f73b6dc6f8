"""One resource that is no instance: its facts, what it measured, and what the rules found in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from accounts.estimators.metrics import METRICS_BY_KEY, Metric
from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import Resource, ResourceMetricDay, User
from costing.estimators.findings import PARAMETERS
from costing.estimators.findings.database_limits import memory_gib, most_connections
from costing.models import Finding
from costing.selectors.findings.limits import Limit, limits_in_force, set_limits
from finops.core.hourly import HOURS_PER_DAY
from finops.core.periods import DAY, HOUR, start_of_day, start_of_hour, utc_day

_GIB = 1024.0**3
DEFAULT_DAYS, MOST_DAYS = 7, 30

# The limit that a metric is held against, where it is one of the metric's own unit, or a share of something known.
_DRAWN: Mapping[tuple[str, str], str] = {
    (ResourceKind.RDS_INSTANCE, "CPUUtilization"): "rds_cpu.mean_percent",
    (ResourceKind.RDS_INSTANCE, "DatabaseConnections"): "rds_connections.used_percent",
    (ResourceKind.RDS_INSTANCE, "FreeStorageSpace"): "rds_storage.free_percent",
    (ResourceKind.RDS_INSTANCE, "FreeableMemory"): "rds_memory.free_percent",
    (ResourceKind.RDS_INSTANCE, "BurstBalance"): "rds_burst_balance.balance_percent",
    (ResourceKind.LAMBDA_FUNCTION, "Duration"): "lambda_duration.timeout_percent",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A limit as a chart draws it, in the metric's unit."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """One metric, hour by hour or day by day; None where nothing was measured."""

    metric: Metric
    hours: tuple[datetime, ...]
    values: Mapping[str, tuple[float | None, ...]]  # by statistic: average, maximum, total
    line: Line | None
    retrieved_at: datetime | None

    @property
    def rows(self) -> list[tuple[datetime, tuple[float | None, ...]]]:
        """As a table has them, the latest first."""
        return list(zip(self.hours, zip(*self.values.values(), strict=True), strict=True))[::-1]

    @property
    def measured(self) -> int:
        """How many values there are."""
        return max((sum(value is not None for value in values) for values in self.values.values()), default=0)


@dataclass(frozen=True, slots=True)
class ResourceDetail:
    """All that a resource's page shows."""

    resource: Resource
    kind: ResourceKind
    state: str
    facts: tuple[tuple[str, Any], ...]
    series: tuple[MetricSeries, ...]
    findings: tuple[Finding, ...]
    related: tuple[Resource, ...]
    raw: str
    days: int


def resource_of(user: User, *, pk: int) -> Resource | None:
    """The resource with that key, or None where there is none that `user` may see."""
    return Resource.objects.visible_to(user).select_related("aws_account__team").filter(pk=pk).first()


def resource_detail(user: User, *, resource: Resource, days: int, now: datetime) -> ResourceDetail:
    """Facts, metrics of the last so many days and findings of a resource that `user` may see; four queries."""
    kind = ResourceKind(resource.kind)
    account = resource.aws_account
    limits = limits_in_force(account, set_limits())
    found = (
        Finding.objects.visible_to(user).filter(resource=resource).select_related("decided_by").order_by("-found_at")
    )
    related = Resource.objects.visible_to(user).filter(aws_account=account, region=resource.region).defer("raw")
    kin = related.filter(attached_to=resource.resource_id) if resource.resource_id else related.none()
    return ResourceDetail(
        resource=resource,
        kind=kind,
        state="gone" if resource.is_gone(at=now) else resource.state,
        facts=_facts(resource),
        series=tuple(_series(resource, kind, limits, days, now)),
        findings=tuple(found),
        related=tuple(kin.order_by("kind", "name", "pk")[:50]),
        raw=json.dumps(resource.raw, indent=2, ensure_ascii=False, sort_keys=True, default=str),
        days=days,
    )


def _facts(resource: Resource) -> tuple[tuple[str, Any], ...]:
    words = [
        ("Class", resource.resource_class),
        ("Size", f"{resource.size_gib:g} GiB" if resource.size_gib is not None else ""),
        ("ARN", resource.arn),
        *((name.replace("_", " ").capitalize(), value) for name, value in sorted(resource.facts.items())),
    ]
    return tuple((label, _plain(value)) for label, value in words if value not in ("", None))


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _series(
    resource: Resource, kind: ResourceKind, limits: Mapping[str, Limit], days: int, now: datetime
) -> list[MetricSeries]:
    first = utc_day(now) - (days - 1) * DAY
    end = start_of_hour(now) + HOUR
    rows: dict[str, list[ResourceMetricDay]] = {}
    for row in ResourceMetricDay.objects.filter(resource=resource, day__gte=first).order_by("metric", "day"):
        rows.setdefault(row.metric, []).append(row)
    found = []
    for (of_kind, name), metric in METRICS_BY_KEY.items():
        if of_kind != kind or name not in rows:
            continue
        grids = {each: np.full((days, HOURS_PER_DAY), np.nan) for each in metric.statistics}
        for row in rows[name]:
            place = (row.day - first).days
            for statistic, grid in grids.items():
                values = getattr(row, statistic)
                if values is not None and place < days:
                    grid[place] = values
        step = HOURS_PER_DAY if metric.is_daily else 1
        count = days if metric.is_daily else min(days * HOURS_PER_DAY, (end - start_of_day(first)) // HOUR)
        found.append(
            MetricSeries(
                metric=metric,
                hours=tuple(start_of_day(first) + place * step * HOUR for place in range(count)),
                values={
                    statistic: tuple(_known(value) for value in grid.reshape(-1)[::step][:count])
                    for statistic, grid in grids.items()
                },
                line=_line(resource, kind, name, limits),
                retrieved_at=max(row.retrieved_at for row in rows[name]),
            )
        )
    return found


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _line(resource: Resource, kind: ResourceKind, metric: str, limits: Mapping[str, Limit]) -> Line | None:
    key = _DRAWN.get((kind, metric))
    if key is None:
        return None
    gib = memory_gib(resource.resource_class)
    timeout = resource.facts.get("timeout_seconds")
    whole = {
        "DatabaseConnections": most_connections(resource.facts.get("engine", ""), gib),
        "FreeStorageSpace": resource.size_gib * _GIB if resource.size_gib else None,
        "FreeableMemory": gib * _GIB if gib else None,
        "Duration": timeout * 1000.0 if timeout else None,
    }.get(metric, 100.0)
    if whole is None:
        return None
    limit = limits[key]
    _, parameter = PARAMETERS[key]
    words = f"Limit: {parameter.label} {limit.value:g} {parameter.unit}"
    return Line(words, whole * limit.value / 100)
