"""Which hours of which metrics CloudWatch is still to be asked for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet

from accounts.clients.aws.metrics import fits_one_call, slot_of
from accounts.estimators.metrics import Metric
from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import AwsAccount, MetricDay, Resource, ResourceMetricDay
from accounts.selectors.metric_choices import ChosenMetric, chosen_metrics
from accounts.services.utilization.wanted import SETTLES_AFTER, instance_spans
from finops.core.periods import DAY, HOUR, Period, start_of_day, start_of_hour, utc_day

# A refresh that begins a little early asks all the same.
_SLACK = timedelta(minutes=10)
# A day's size of a bucket may be told, or changed, a day or two late.
_DAYS_SETTLE_AFTER = 2 * DAY
# What was not asked for so long is asked for all of its hours again: the price is the same.
_REMEMBERED_DAYS = 3
_WITH_BURST_BALANCE = {"gp2", "st1", "sc1"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The hours of one metric of one resource that are not stored for good: [start, end), on a slot's bound."""

    metric: Metric
    pk: int
    region: str
    resource_id: str
    start: datetime
    end: datetime
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call asks for: the slots of `period`, of all of them."""

    region: str
    wanted: list[Wanted]
    period: Period


@dataclass(frozen=True, slots=True)
class _Owner:
    """A resource, and the time in which it may have measured anything."""

    pk: int
    region: str
    resource_id: str
    period: Period
    facts: dict[str, Any]


def wanted_metrics(*, account: AwsAccount, period: Period, now: datetime) -> list[Wanted]:
    """For each chosen metric of each resource that is there, the hours since it was last asked.

    A metric asked less than its chosen hours ago is left out, and so is one that AWS does not measure of this
    resource. Regions that are not enabled do not answer, and are not asked.
    """
    window = Period(start_of_hour(period.start), start_of_hour(max(min(period.end, now), period.start)))
    by_kind: defaultdict[ResourceKind, list[ChosenMetric]] = defaultdict(list)
    for chosen in chosen_metrics():
        by_kind[chosen.metric.kind].append(chosen)
    found = []
    for kind, metrics in by_kind.items():
        owners = _owners(account, kind, window, now)
        asked_at = _asked_at(account, kind, now) if owners else {}
        for owner in owners:
            for chosen in metrics:
                asked = asked_at.get((owner.pk, chosen.metric.name))
                one = _wanted(owner, chosen, asked, now) if _is_measured(chosen.metric, owner) else None
                if one is not None:
                    found.append(one)
    return found


def batches(wanted: Iterable[Wanted]) -> Iterator[Batch]:
    """As few calls as CloudWatch's limits allow: what is by the hour of a region goes together, whatever it is of."""
    groups: defaultdict[tuple[str, timedelta], list[Wanted]] = defaultdict(list)
    for one in wanted:
        groups[one.region, slot_of(one.metric)].append(one)
    for (region, slot), rest in sorted(groups.items()):
        some: list[Wanted] = []
        queries, end = 0, rest[0].end
        for one in sorted(rest, key=lambda each: (each.start, each.pk, each.metric.name)):
            more, later = queries + len(one.metric.statistics), max(end, one.end)
            if some and not fits_one_call(queries=more, slots=(later - some[0].start) // slot):
                yield Batch(region, some, Period(some[0].start, end))
                some, more, later = [], len(one.metric.statistics), one.end
            some.append(one)
            queries, end = more, later
        yield Batch(region, some, Period(some[0].start, end))


def _owners(account: AwsAccount, kind: ResourceKind, window: Period, now: datetime) -> list[_Owner]:
    if kind is ResourceKind.EC2_INSTANCE:
        spans = instance_spans(account, window, now)
        return [_Owner(pk, region, instance_id, span, {}) for (pk, region, instance_id), span in spans.items()]
    resources: QuerySet[Resource] = Resource.objects.filter(aws_account=account).of_kind(kind).present()
    if account.enabled_regions:
        resources = resources.filter(region__in=account.enabled_regions)
    told = resources.exclude(region="").exclude(state="stopped")  # a stopped database measures nothing
    return [
        _Owner(
            pk, region, resource_id, Period(max(window.start, start_of_hour(created_at or window.start)), end), facts
        )
        for pk, region, resource_id, created_at, facts in told.values_list(
            "pk", "region", "resource_id", "created_at", "facts"
        )
        if (created_at or window.start) < (end := window.end)
    ]


def _asked_at(account: AwsAccount, kind: ResourceKind, now: datetime) -> dict[tuple[int, str], datetime]:
    """When each metric of each resource was last asked, as far as that is lately."""
    since = utc_day(now) - _REMEMBERED_DAYS * DAY
    rows: QuerySet[Any]
    if kind is ResourceKind.EC2_INSTANCE:
        rows = MetricDay.objects.filter(instance__aws_account=account, day__gte=since)
        owner = "instance_id"
    else:
        rows = ResourceMetricDay.objects.filter(resource__aws_account=account, resource__kind=kind, day__gte=since)
        owner = "resource_id"
    latest = rows.order_by().values_list(owner, "metric").annotate(asked_at=Max("retrieved_at"))
    return {(pk, metric): asked_at for pk, metric, asked_at in latest}


def _wanted(owner: _Owner, chosen: ChosenMetric, asked_at: datetime | None, now: datetime) -> Wanted | None:
    if asked_at is not None and now - asked_at < chosen.hours_between * HOUR - _SLACK:
        return None
    start, end = owner.period.start, owner.period.end
    if asked_at is not None:
        start = max(start, start_of_hour(asked_at - (_DAYS_SETTLE_AFTER if chosen.metric.is_daily else SETTLES_AFTER)))
    if chosen.metric.is_daily:
        # Today's is told tomorrow.
        start, end = start_of_day(utc_day(start)), start_of_day(utc_day(end))
    if start >= end:
        return None
    return Wanted(chosen.metric, owner.pk, owner.region, owner.resource_id, start, end, asked_at)


def _is_measured(metric: Metric, owner: _Owner) -> bool:
    """Whether AWS measures it of this resource at all: asking for what is not there costs as much."""
    if metric.name == "BurstBalance":
        return owner.facts.get("storage_type", "gp2") in _WITH_BURST_BALANCE
    if metric.name == "FreeStorageSpace":
        return not str(owner.facts.get("engine", "")).startswith("aurora")
    return True
