"""Instances, their hours and the days of the ledger: the same selectors as the pages."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from accounts.api.requests import SignedInApiRequest, scope_or_404
from accounts.api.serializers import SilentSerializer
from accounts.selectors.health import data_health
from accounts.selectors.scope import Scope
from costing.api.instance_serializers import (
    HourSerializer,
    InstanceDetailSerializer,
    InstanceSerializer,
    SnapshotSerializer,
)
from costing.api.serializers import AS_OF, FiguresField
from costing.estimators.comparison import last_complete_day
from costing.estimators.window import LEDGER_LAG
from costing.forms import DEFAULT_HOURS, HoursForm, InstanceForm, InstancesForm, SnapshotsForm
from costing.selectors.figures import ALL_SOURCES
from costing.selectors.hours import hour_lines
from costing.selectors.instance import instance_detail, instance_of
from costing.selectors.instances import all_instances, instance_list
from costing.selectors.snapshots import all_snapshots, snapshot_page
from finops.core.answers import ReadView, TableView, csv_response, wants_csv
from finops.core.pages import page_fields, paged
from finops.core.parameters import checked, described
from finops.core.periods import Period, utc_day

_ABOUT: dict[str, serializers.Field[Any, Any, Any, Any]] = {
    "as_of": serializers.DateTimeField(allow_null=True, help_text=AS_OF),
    "generated_at": serializers.DateTimeField(help_text="When this answer was made."),
    "sources": serializers.ListField(child=serializers.CharField(), help_text="What the figures rest on."),
    "silent_sources": SilentSerializer(many=True, help_text="Those of them that never answered, and for whom."),
}


class Instances(TableView):
    """The instances of your accounts."""

    @extend_schema(
        operation_id="instances",
        parameters=described(InstancesForm),
        responses=inline_serializer(
            "Instances",
            page_fields(
                InstanceSerializer(many=True),
                **_ABOUT,
                currency=serializers.CharField(help_text="The ISO 4217 code of every list_cost here."),
                figures=FiguresField(help_text="Of everything that the filter lets through."),
            ),
        ),
    )
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """Filtered and sorted, with the sums of the complete days."""
        form = checked(InstancesForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        window = form.window(now=timezone.now())
        if wants_csv(request):
            basis, lines = all_instances(scope, window, form.wanted())
            return csv_response("instances", InstanceSerializer, lines, currency=basis.currency, as_of=basis.as_of)
        answer = instance_list(scope, window, form.wanted())
        results = InstanceSerializer(answer.lines, many=True).data
        return Response(
            {
                "as_of": answer.figures.as_of,
                "generated_at": answer.window.now,
                "sources": ALL_SOURCES,
                "silent_sources": SilentSerializer(answer.figures.alignment.silent_sources, many=True).data,
                "currency": answer.currency,
                "figures": FiguresField().to_representation(answer.figures),
                **paged(request, answer.page, results, count=answer.count),
            }
        )


class Instance(ReadView):
    """One instance."""

    @extend_schema(operation_id="instance", parameters=described(InstanceForm), responses=InstanceDetailSerializer)
    def get(self, request: SignedInApiRequest, pk: int) -> Response:
        """Its facts, its ledger by day, and what its figures rest on."""
        form = checked(InstanceForm, request)
        found = instance_of(request.user, pk=pk)
        if found is None:
            raise NotFound("There is no such instance.")
        hours = form.cleaned_data["hours"] or DEFAULT_HOURS
        detail = instance_detail(
            request.user, instance=found, window=form.window(now=timezone.now()), hours=hours, explains_runtime=True
        )
        return Response(InstanceDetailSerializer(detail).data)


class Hours(TableView):
    """The hours of one instance."""

    @extend_schema(
        operation_id="instance_hours",
        parameters=described(HoursForm),
        responses=inline_serializer(
            "Hours",
            {
                "instance": serializers.IntegerField(help_text="The instance's id in this API."),
                "from": serializers.DateTimeField(),
                "to": serializers.DateTimeField(),
                **_ABOUT,
                "coverage": serializers.FloatField(allow_null=True, help_text="Share of the hours that have a ledger."),
                "count": serializers.IntegerField(help_text="Hours."),
                "results": HourSerializer(many=True),
            },
        ),
    )
    def get(self, request: SignedInApiRequest, pk: int) -> HttpResponseBase:
        """Oldest first; an hour without a ledger is left out, and coverage says how many are."""
        form = checked(HoursForm, request)
        found = instance_of(request.user, pk=pk)
        if found is None:
            raise NotFound("There is no such instance.")
        now = timezone.now()
        period = form.period(now=now) or Period(now, now)
        hours = hour_lines(request.user, found, period, now=now)
        team = found.aws_account.team
        health = data_health(Scope(request.user, (team,), team), now=now)
        stand = health.stand(ALL_SOURCES, account_id=found.aws_account_id)
        if wants_csv(request):
            return csv_response(f"hours of {found.instance_id}", HourSerializer, hours, as_of=stand.as_of)
        asked = form.hours_asked(now=now)
        return Response(
            {
                "instance": found.pk,
                "from": period.start,
                "to": period.end,
                "as_of": stand.as_of,
                "generated_at": now,
                "sources": ALL_SOURCES,
                "silent_sources": SilentSerializer(stand.silent, many=True).data,
                "coverage": len(hours) / asked if asked else None,
                "count": len(hours),
                "results": HourSerializer(hours, many=True).data,
            }
        )


class Snapshots(TableView):
    """The ledger's days: one row an instance and UTC day."""

    @extend_schema(
        operation_id="snapshots",
        parameters=described(SnapshotsForm),
        responses=inline_serializer("Snapshots", page_fields(SnapshotSerializer(many=True), **_ABOUT)),
    )
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """By day and then instance."""
        form = checked(SnapshotsForm, request)
        now = timezone.now()
        given = form.cleaned_data
        scope = scope_or_404(request.user, given["team"])
        days, account, instance = form.days(today=utc_day(now)), given["account"], given["instance"]
        context = {"last_complete": last_complete_day(now=now, lag=LEDGER_LAG)}
        stand = data_health(scope, now=now).stand(ALL_SOURCES)
        if wants_csv(request):
            rows = all_snapshots(scope, days=days, account=account, instance=instance)
            return csv_response("ledger days", SnapshotSerializer, rows, context=context, as_of=stand.as_of)
        answer = snapshot_page(scope, days=days, account=account, instance=instance, position=form.position())
        results = SnapshotSerializer(answer.page.rows, many=True, context=context).data
        return Response(
            {
                "as_of": stand.as_of,
                "generated_at": now,
                "sources": ALL_SOURCES,
                "silent_sources": SilentSerializer(stand.silent, many=True).data,
                **paged(request, answer.page, results, count=answer.count),
            }
        )
