"""What the rules look at: an account's running instances and its resources, with their last hours as arrays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Min

from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import (
    CPU_UTILIZATION,
    AwsAccount,
    Instance,
    MetricDay,
    Resource,
    ResourceMetricDay,
    SourceState,
    SourceStatus,
)
from costing.estimators.findings.rules import HOURS_LOOKED_AT
from finops.core.hourly import HOURS_PER_DAY
from finops.core.periods import DAY, HOUR, start_of_day, start_of_hour

Grid = npt.NDArray[np.float32]
SeriesKey = tuple[str, str]  # metric and statistic: average, maximum or total

_DAYS_OF_INSTANCES = HOURS_LOOKED_AT // HOURS_PER_DAY
_DAYS_OF_RESOURCES = 30

_READ: Mapping[ResourceKind, tuple[SeriesKey, ...]] = {
    ResourceKind.EC2_INSTANCE: (
        (CPU_UTILIZATION, "average"),
        (CPU_UTILIZATION, "maximum"),
        ("NetworkIn", "total"),
        ("NetworkOut", "total"),
    ),
    ResourceKind.RDS_INSTANCE: tuple(
        (metric, "average")
        for metric in (CPU_UTILIZATION, "DatabaseConnections", "FreeStorageSpace", "FreeableMemory", "BurstBalance")
    ),
    ResourceKind.LAMBDA_FUNCTION: (
        ("Invocations", "total"),
        ("Errors", "total"),
        ("Throttles", "total"),
        ("Duration", "maximum"),
    ),
}


@dataclass(frozen=True, slots=True)
class Things:
    """What there is of one kind, in the order of the arrays' rows."""

    kind: ResourceKind
    rows: list[Any]  # Instance or Resource
    first_hour: datetime  # of every series
    series: Mapping[SeriesKey, Grid] = field(default_factory=dict)  # rows × hours up to now, NaN where not measured

    def hour(self, place: int) -> datetime | None:
        """The hour at a place of the series; None for the place of what is not known."""
        return self.first_hour + place * HOUR if place >= 0 else None


@dataclass(frozen=True, slots=True)
class Estate:
    """All that the rules look at in an account."""

    account: AwsAccount
    now: datetime
    things: Mapping[ResourceKind, Things]
    known_volumes: frozenset[tuple[str, str]]  # region and id of those that are there
    are_volumes_listed: bool
    watched_since: datetime | None  # when the first refresh saw the account's resources


def estate_of(account: AwsAccount, *, now: datetime, kinds: Iterable[ResourceKind] = tuple(ResourceKind)) -> Estate:
    """What there is in `account`, as of the last full hour; six queries at the most, whatever its size.

    Instances that do not run have no samples, and what is gone has no future: both are left out.
    """
    wanted = set(kinds)
    things: dict[ResourceKind, Things] = {}
    if ResourceKind.EC2_INSTANCE in wanted:
        machines = Instance.objects.filter(aws_account=account, gone_at=None, state="running").order_by("pk")
        things[ResourceKind.EC2_INSTANCE] = _measured(
            ResourceKind.EC2_INSTANCE, list(machines), now=now, days=_DAYS_OF_INSTANCES
        )
    listed = Resource.objects.filter(aws_account=account).present().defer("raw").order_by("pk")
    found = list(listed.of_kind(*wanted, ResourceKind.EBS_VOLUME)) if wanted != {ResourceKind.EC2_INSTANCE} else []
    for kind in sorted(wanted - {ResourceKind.EC2_INSTANCE}):
        rows = [row for row in found if row.kind == kind]
        things[kind] = _measured(kind, rows, now=now, days=_DAYS_OF_RESOURCES)
    volumes = frozenset((row.region, row.resource_id) for row in found if row.kind == ResourceKind.EBS_VOLUME)
    source = ResourceKind.EBS_VOLUME.source
    return Estate(
        account=account,
        now=now,
        things=things,
        known_volumes=volumes,
        are_volumes_listed=ResourceKind.EBS_SNAPSHOT not in wanted
        or SourceStatus.objects.filter(aws_account=account, source=source, state=SourceState.AVAILABLE).exists(),
        watched_since=Resource.objects.filter(aws_account=account).aggregate(at=Min("first_seen_at"))["at"],
    )


def _measured(kind: ResourceKind, rows: list[Any], *, now: datetime, days: int) -> Things:
    end = start_of_hour(now)
    first_day = (end - days * DAY).date()
    first_hour = start_of_day(first_day)
    if kind not in _READ:
        return Things(kind, rows, first_hour)
    width = (end - first_hour) // HOUR
    whole_days = -(-width // HOURS_PER_DAY)
    series = {
        key: np.full((len(rows), max(whole_days, 1), HOURS_PER_DAY), np.nan, dtype=np.float32) for key in _READ[kind]
    }
    if rows:
        _fill(series, kind, rows, first_day)
    flat = {key: grid.reshape(len(rows), grid.shape[1] * HOURS_PER_DAY)[:, :width] for key, grid in series.items()}
    return Things(kind, rows, first_hour, flat)


def _fill(series: Mapping[SeriesKey, Grid], kind: ResourceKind, rows: list[Any], first_day: date) -> None:
    is_machine = kind is ResourceKind.EC2_INSTANCE
    metrics = sorted({metric for metric, _ in series})
    model: Any = MetricDay if is_machine else ResourceMetricDay
    owner = "instance" if is_machine else "resource"
    alike = {"aws_account": rows[0].aws_account_id, "gone_at": None} | (
        {"state": "running"} if is_machine else {"kind": kind}
    )
    told = model.objects.filter(
        **{f"{owner}__{name}": value for name, value in alike.items()}, metric__in=metrics, day__gte=first_day
    ).values_list(f"{owner}_id", "metric", "day", "average", "maximum", "total")
    row_of = {row.pk: place for place, row in enumerate(rows)}
    for pk, metric, day, *values in told.iterator(chunk_size=5000):
        row, column = row_of.get(pk), (day - first_day).days
        if row is None or column >= next(iter(series.values())).shape[1]:
            continue
        for statistic, hours in zip(("average", "maximum", "total"), values, strict=True):
            if hours is not None and (metric, statistic) in series:
                series[metric, statistic][row, column] = hours
