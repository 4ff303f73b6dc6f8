"""The customer's routes about resources: what there is, how it does, and what has a problem."""

from typing import Any

from django.urls import path
from django.urls.resolvers import URLPattern
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.api.requests import SignedInApiRequest, scope_or_404
from accounts.estimators.metrics import METRICS_BY_KEY
from accounts.estimators.resource_kinds import ResourceKind
from costing.api.customer_routes import CustomerView
from costing.estimators.findings import Side
from costing.forms.customer import (
    DEFAULT_HOURS,
    KINDS,
    CustomerForm,
    CustomerMetricsForm,
    CustomerResourcesForm,
)
from costing.selectors.findings.listing import coverage_of, findings_in
from costing.selectors.recent_metrics import recent_metrics
from costing.selectors.resources import Wanted, all_resources
from finops.core.parameters import checked

# The document's short names of kinds and metrics.
_NAMES = {
    ResourceKind.EC2_INSTANCE: "ec2",
    ResourceKind.RDS_INSTANCE: "rds",
    ResourceKind.RDS_CLUSTER: "rds_clusters",
    ResourceKind.S3_BUCKET: "s3",
    ResourceKind.LAMBDA_FUNCTION: "lambda",
    ResourceKind.EBS_VOLUME: "ebs_volumes",
    ResourceKind.EBS_SNAPSHOT: "ebs_snapshots",
    ResourceKind.ELASTIC_IP: "elastic_ips",
}
_METRICS = {
    "CPUUtilization": "cpu",
    "DatabaseConnections": "connections",
    "FreeStorageSpace": "free_storage",
    "FreeableMemory": "freeable_memory",
    "BurstBalance": "burst_balance",
    "NetworkIn": "network_in",
    "NetworkOut": "network_out",
    "EBSReadBytes": "disk_read",
    "EBSWriteBytes": "disk_write",
}
_STATISTICS = {"average": "Average", "maximum": "Maximum", "total": "Sum"}
_TYPES = {Side.STRAINED: "bottleneck", Side.UNUSED: "underutilized"}


class Resources(CustomerView):
    """What the accounts hold."""

    @extend_schema(exclude=True)
    def get(self, request: SignedInApiRequest) -> Response:
        """By kind, in the document's fields; as the last refresh saw it."""
        form = checked(CustomerResourcesForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        found = all_resources(scope, Wanted(regions=form.chosen()))
        return self.succeeded({name: [_resource(row) for row in found.get(kind, ())] for kind, name in _NAMES.items()})


class Regions(CustomerView):
    """Where the accounts may hold anything."""

    @extend_schema(exclude=True)
    def get(self, request: SignedInApiRequest) -> Response:
        """The regions enabled in any of them, as the last inventory told."""
        form = checked(CustomerForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        enabled = scope.accounts().order_by().values_list("enabled_regions", flat=True)
        return self.succeeded(sorted({region for regions in enabled for region in regions}))


class Metrics(CustomerView):
    """How some resources did."""

    @extend_schema(exclude=True)
    def get(self, request: SignedInApiRequest) -> Response:
        """By id and metric, oldest first; an id that nobody may see is not told apart from one that is not there."""
        form = checked(CustomerMetricsForm, request)
        given = form.cleaned_data
        kind = KINDS[given["resource_type"]]
        told = recent_metrics(
            scope_or_404(request.user, given["team"]),
            kind=kind,
            resource_ids=given["resource_ids"],
            region=given["region"],
            hours=given["hours"] or DEFAULT_HOURS,
            now=timezone.now(),
        )
        units = {_short(name): metric.unit for (of, name), metric in METRICS_BY_KEY.items() if of == kind}
        return Response(
            {
                "success": True,
                "data": {
                    resource_id: {
                        _short(metric): [
                            {
                                "Timestamp": point.at,
                                **{_STATISTICS[name]: value for name, value in point.values.items()},
                            }
                            for point in points
                        ]
                        for metric, points in metrics.items()
                    }
                    for resource_id, metrics in told.items()
                },
                "units": {"cpu": "per cent"} | units,
                "unknown_ids": [each for each in given["resource_ids"] if each not in told],
            }
        )


class Bottlenecks(CustomerView):
    """What has a problem, and what nobody uses."""

    @extend_schema(exclude=True)
    def get(self, request: SignedInApiRequest) -> Response:
        """Those that wait for somebody; `coverage` says how far the rules could look."""
        form = checked(CustomerForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        rows = (
            findings_in(scope)
            .open_at(timezone.now())
            .select_related("instance", "resource", "aws_account")
            .order_by("side", "rule", "found_at", "pk")
        )
        coverage = coverage_of(scope)
        return Response(
            {
                "success": True,
                "data": [_bottleneck(row) for row in rows],
                "coverage": {
                    "accounts": coverage.accounts,
                    "accounts_evaluated": coverage.accounts_evaluated,
                    "resources": coverage.things,
                    "not_enough_data": coverage.undecided,
                    "evaluated_at": coverage.evaluated_at,
                },
            }
        )


def _short(metric: str) -> str:
    return _METRICS.get(metric, metric.lower())


def _resource(row: Any) -> dict[str, Any]:
    kind = getattr(row, "kind", ResourceKind.EC2_INSTANCE)
    told: dict[str, Any] = {
        "pk": row.pk,
        "id": row.instance_id if kind == ResourceKind.EC2_INSTANCE else row.resource_id,
        "name": row.name,
        "region": row.region,
        "account_id": row.aws_account.account_id,
        "tags": row.tags,
        "last_seen_at": row.last_seen_at,
    }
    if kind == ResourceKind.EC2_INSTANCE:
        return told | {"type": row.instance_type, "state": row.state, "launched_at": row.launched_at}
    if kind in {ResourceKind.RDS_INSTANCE, ResourceKind.RDS_CLUSTER}:
        engine = {"class": row.resource_class, "engine": row.facts.get("engine"), "status": row.state}
        return told | engine | {"storage_gb": row.size_gib}
    if kind == ResourceKind.S3_BUCKET:
        return told | {"created": row.created_at}
    if kind == ResourceKind.LAMBDA_FUNCTION:
        facts = row.facts
        limits = {"memory_mb": facts.get("memory_mib"), "timeout_seconds": facts.get("timeout_seconds")}
        return told | {"runtime": row.resource_class} | limits
    return told | {
        "class": row.resource_class,
        "state": row.state,
        "size_gb": row.size_gib,
        "attached_to": row.attached_to,
        "created": row.created_at,
    }


def _bottleneck(row: Any) -> dict[str, Any]:
    thing = row.instance or row.resource
    return {
        "id": row.pk,
        "resource_id": row.instance.instance_id if row.instance else row.resource.resource_id,
        "resource_type": _NAMES[ResourceKind(row.resource.kind) if row.resource else ResourceKind.EC2_INSTANCE],
        "name": thing.name,
        "region": thing.region,
        "account_id": row.aws_account.account_id,
        "type": _TYPES[Side(row.side)],
        "rule": row.rule,
        "message": row.label,
        "severity": row.severity,
        "since": row.since_at,
        "measured": row.evidence.get("measured", {}),
        "limits": row.evidence.get("limits", []),
        "usd_per_month": None if row.usd_per_month is None else float(row.usd_per_month),
        "gco2e_per_month": row.gco2e_per_month,
        "reason": row.stake_reason,
    }


_ROUTES: dict[str, tuple[str, type[CustomerView]]] = {
    "resources": ("customer-resources", Resources),
    "regions": ("customer-regions", Regions),
    "metrics": ("customer-metrics", Metrics),
    "bottlenecks": ("customer-bottlenecks", Bottlenecks),
}

urlpatterns: list[URLPattern] = [
    path(f"{route}{slash}", view.as_view(), name=name) for slash in ("/", "") for route, (name, view) in _ROUTES.items()
]
