"""Which metrics are asked for, how often, and what that costs."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count

from accounts.clients.aws.metric_data import USD_PER_METRIC
from accounts.estimators.metrics import METRICS, Metric, asked_a_month
from accounts.estimators.resource_kinds import ResourceKind
from accounts.models import Instance, MetricChoice, Resource

_CENTS = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ChosenMetric:
    """A metric that is on, and how many hours lie between two askings."""

    metric: Metric
    hours_between: int


def chosen_metrics() -> list[ChosenMetric]:
    """The metrics that are on, in the catalogue's order. One that nobody chose about is as it is at first."""
    rows = {(row.kind, row.metric): row for row in MetricChoice.objects.all()}
    chosen = []
    for metric in METRICS:
        row = rows.get((metric.kind.value, metric.name))
        is_on = row.is_on if row else metric.is_on_at_first
        if is_on:
            chosen.append(ChosenMetric(metric, row.hours_between if row else metric.hours_between_at_first))
    return chosen


def resources_by_kind() -> dict[ResourceKind, int]:
    """How many of each kind there are now, in all accounts that are refreshed; two queries."""
    present = Resource.objects.present().filter(aws_account__is_active=True).order_by()
    counts = dict(present.values_list("kind").annotate(many=Count("pk")))
    instances = Instance.objects.filter(gone_at=None, aws_account__is_active=True).exclude(state="terminated").count()
    return {kind: counts.get(kind.value, 0) for kind in ResourceKind} | {ResourceKind.EC2_INSTANCE: instances}


def usd_a_month(*, resources: int, hours_between: int) -> Decimal:
    """What asking for one metric of so many resources costs in an average month, rounded up to a cent."""
    usd = USD_PER_METRIC * resources * Decimal(asked_a_month(hours_between=hours_between))
    return (usd + _CENTS * Decimal("0.499999")).quantize(_CENTS)
