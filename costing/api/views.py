"""Costs and carbon: the same selectors, and so the same numbers, as on the pages."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from accounts.api.requests import ReadView, SignedInApiRequest, scope_or_404
from accounts.api.serializers import SilentSerializer
from accounts.selectors.health import data_health
from accounts.selectors.scope import Scope
from costing.api.check_serializers import ChecksSerializer
from costing.api.instance_serializers import (
    HourSerializer,
    InstanceDetailSerializer,
    InstanceSerializer,
    SnapshotSerializer,
)
from costing.api.serializers import FiguresField, OverviewSerializer, TotalSerializer
from costing.forms import (
    DEFAULT_HOURS,
    HoursForm,
    InstanceForm,
    InstancesForm,
    ScopeForm,
    SnapshotsForm,
    TotalsForm,
)
from costing.selectors.checks import checks
from costing.selectors.figures import ALL_SOURCES
from costing.selectors.groups import groups_by
from costing.selectors.hours import hour_lines
from costing.selectors.instance import instance_detail, instance_of
from costing.selectors.instances import instance_list
from costing.selectors.overview import overview
from costing.selectors.snapshots import snapshot_page
from finops.core.pages import paged
from finops.core.parameters import checked, described
from finops.core.periods import Period, utc_day


def _page_of(name: str, results: serializers.Serializer[Any], **more: serializers.Field[Any, Any, Any, Any]) -> Any:
    """A page of a list, as the schema describes it."""
    return inline_serializer(
        name,
        {
            **more,
            "count": serializers.IntegerField(),
            "page": serializers.IntegerField(),
            "pages": serializers.IntegerField(),
            "page_size": serializers.IntegerField(),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": results,
        },
    )


class Overview(ReadView):
    """What your accounts cost and emit."""

    @extend_schema(operation_id="overview", parameters=described(ScopeForm), responses=OverviewSerializer)
    def get(self, request: SignedInApiRequest) -> Response:
        """Figures over the complete days, each day, and each account."""
        form = checked(ScopeForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        return Response(OverviewSerializer(overview(scope, form.window(now=timezone.now()))).data)


class Checks(ReadView):
    """How far the figures can be trusted."""

    @extend_schema(operation_id="checks", parameters=described(ScopeForm), responses=ChecksSerializer)
    def get(self, request: SignedInApiRequest) -> Response:
        """Model against bill, aligned hours and the share of each grade, by account."""
        form = checked(ScopeForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        return Response(ChecksSerializer(checks(scope, form.window(now=timezone.now()))).data)


class Totals(ReadView):
    """Totals by day, account, region or type."""

    @extend_schema(
        operation_id="totals",
        parameters=described(TotalsForm),
        responses=inline_serializer(
            "Totals",
            {
                "first_day": serializers.DateField(),
                "last_day": serializers.DateField(),
                "as_of": serializers.DateTimeField(allow_null=True),
                "generated_at": serializers.DateTimeField(),
                "currency": serializers.CharField(),
                "group_by": serializers.CharField(),
                "count": serializers.IntegerField(),
                "figures": FiguresField(),
                "results": TotalSerializer(many=True),
            },
        ),
    )
    def get(self, request: SignedInApiRequest) -> Response:
        """Complete days only; the groups add up to the figures."""
        form = checked(TotalsForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        answer = groups_by(scope, form.window(now=timezone.now()), form.cleaned_data["group_by"] or "day")
        complete = answer.window.complete.days()
        return Response(
            {
                "first_day": answer.window.first,
                "last_day": complete[-1] if complete else None,
                "as_of": answer.figures.as_of,
                "generated_at": answer.window.now,
                "currency": answer.currency,
                "group_by": answer.group_by,
                "count": len(answer.groups),
                "figures": FiguresField().to_representation(answer.figures),
                "results": TotalSerializer(answer.groups, many=True).data,
            }
        )


class Instances(ReadView):
    """The instances of your accounts."""

    @extend_schema(
        operation_id="instances",
        parameters=described(InstancesForm),
        responses=_page_of(
            "Instances",
            InstanceSerializer(many=True),
            as_of=serializers.DateTimeField(allow_null=True),
            generated_at=serializers.DateTimeField(),
            currency=serializers.CharField(),
            figures=FiguresField(help_text="Of everything that the filter lets through."),
        ),
    )
    def get(self, request: SignedInApiRequest) -> Response:
        """Filtered and sorted, with the sums of the complete days."""
        form = checked(InstancesForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        answer = instance_list(scope, form.window(now=timezone.now()), form.wanted())
        page = paged(
            request,
            InstanceSerializer(answer.lines, many=True).data,
            page=answer.wanted.page,
            page_size=answer.wanted.page_size,
            count=answer.count,
        )
        figures = FiguresField().to_representation(answer.figures)
        return Response(
            {
                "as_of": answer.figures.as_of,
                "generated_at": answer.window.now,
                "currency": answer.currency,
                "figures": figures,
                **page,
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
        detail = instance_detail(request.user, instance=found, window=form.window(now=timezone.now()), hours=hours)
        return Response(InstanceDetailSerializer(detail).data)


class Hours(ReadView):
    """The hours of one instance."""

    @extend_schema(
        operation_id="instance_hours",
        parameters=described(HoursForm),
        responses=inline_serializer(
            "Hours",
            {
                "instance": serializers.IntegerField(),
                "from": serializers.DateTimeField(),
                "to": serializers.DateTimeField(),
                "as_of": serializers.DateTimeField(allow_null=True),
                "sources": serializers.ListField(child=serializers.CharField()),
                "silent_sources": SilentSerializer(many=True),
                "coverage": serializers.FloatField(allow_null=True, help_text="Share of the hours that have a ledger."),
                "count": serializers.IntegerField(),
                "results": HourSerializer(many=True),
            },
        ),
    )
    def get(self, request: SignedInApiRequest, pk: int) -> Response:
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
        asked = form.hours_asked(now=now)
        return Response(
            {
                "instance": found.pk,
                "from": period.start,
                "to": period.end,
                "as_of": stand.as_of,
                "sources": ALL_SOURCES,
                "silent_sources": SilentSerializer(stand.silent, many=True).data,
                "coverage": len(hours) / asked if asked else None,
                "count": len(hours),
                "results": HourSerializer(hours, many=True).data,
            }
        )


class Snapshots(ReadView):
    """The ledger's days: one row an instance and UTC day."""

    @extend_schema(
        operation_id="snapshots",
        parameters=described(SnapshotsForm),
        responses=_page_of(
            "Snapshots",
            SnapshotSerializer(many=True),
            as_of=serializers.DateTimeField(allow_null=True),
            generated_at=serializers.DateTimeField(),
            sources=serializers.ListField(child=serializers.CharField()),
            silent_sources=SilentSerializer(many=True),
        ),
    )
    def get(self, request: SignedInApiRequest) -> Response:
        """By day and then instance."""
        form = checked(SnapshotsForm, request)
        now = timezone.now()
        given = form.cleaned_data
        scope = scope_or_404(request.user, given["team"])
        answer = snapshot_page(
            scope,
            days=form.days(today=utc_day(now)),
            account=given["account"],
            instance=given["instance"],
            page=given["page"],
            page_size=given["page_size"],
            now=now,
        )
        results = SnapshotSerializer(answer.snapshots, many=True, context={"last_complete": answer.last_complete_day})
        page = paged(request, results.data, page=given["page"], page_size=given["page_size"], count=answer.count)
        stand = data_health(scope, now=now).stand(ALL_SOURCES)
        about = {
            "as_of": stand.as_of,
            "generated_at": now,
            "sources": ALL_SOURCES,
            "silent_sources": SilentSerializer(stand.silent, many=True).data,
        }
        return Response(about | page)
