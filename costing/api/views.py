"""Costs and carbon: the same selectors, and so the same numbers, as on the pages."""

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from accounts.api.requests import SignedInApiRequest, scope_or_404
from accounts.api.serializers import SilentSerializer
from costing.api.check_serializers import AccountCheckSerializer, ChecksSerializer
from costing.api.overview_serializers import OverviewSerializer
from costing.api.serializers import AS_OF, FiguresField, TotalSerializer
from costing.forms import ScopeForm, TotalsForm
from costing.selectors.checks import checks
from costing.selectors.figures import ALL_SOURCES
from costing.selectors.groups import groups_by
from costing.selectors.overview import overview
from finops.core.answers import ReadView, TableView, csv_response, wants_csv
from finops.core.parameters import checked, described

_AS_OF = serializers.DateTimeField(allow_null=True, help_text=AS_OF)
_GENERATED_AT = serializers.DateTimeField(help_text="When this answer was made.")
_CURRENCY = serializers.CharField(help_text="The ISO 4217 code of every list_cost here.")
_SOURCES = serializers.ListField(child=serializers.CharField(), help_text="What the figures rest on.")
_SILENT = SilentSerializer(many=True, help_text="Those of them that never answered, and for whom.")


class Overview(ReadView):
    """What your accounts cost and emit."""

    @extend_schema(operation_id="overview", parameters=described(ScopeForm), responses=OverviewSerializer)
    def get(self, request: SignedInApiRequest) -> Response:
        """Figures over the complete days, each day, and each account."""
        form = checked(ScopeForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        return Response(OverviewSerializer(overview(scope, form.window(now=timezone.now()))).data)


class Checks(TableView):
    """How far the figures can be trusted."""

    @extend_schema(operation_id="checks", parameters=described(ScopeForm), responses=ChecksSerializer)
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """Model against bill, aligned hours and the share of each grade, by account."""
        form = checked(ScopeForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        answer = checks(scope, form.window(now=timezone.now()))
        if wants_csv(request):
            return csv_response("checks", AccountCheckSerializer, answer.accounts)
        return Response(ChecksSerializer(answer).data)


class Totals(TableView):
    """Totals by day, account, region or type."""

    @extend_schema(
        operation_id="totals",
        parameters=described(TotalsForm),
        responses=inline_serializer(
            "Totals",
            {
                "first_day": serializers.DateField(),
                "last_day": serializers.DateField(allow_null=True),
                "as_of": _AS_OF,
                "generated_at": _GENERATED_AT,
                "sources": _SOURCES,
                "silent_sources": _SILENT,
                "currency": _CURRENCY,
                "group_by": serializers.CharField(),
                "count": serializers.IntegerField(help_text="Groups."),
                "figures": FiguresField(help_text="Of all groups together."),
                "results": TotalSerializer(many=True),
            },
        ),
    )
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """Complete days only; the groups add up to the figures."""
        form = checked(TotalsForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        answer = groups_by(scope, form.window(now=timezone.now()), form.cleaned_data["group_by"] or "day")
        if wants_csv(request):
            return csv_response(
                f"totals by {answer.group_by}",
                TotalSerializer,
                answer.groups,
                currency=answer.currency,
                as_of=answer.figures.as_of,
            )
        complete = answer.window.complete.days()
        return Response(
            {
                "first_day": answer.window.first,
                "last_day": complete[-1] if complete else None,
                "as_of": answer.figures.as_of,
                "generated_at": answer.window.now,
                "sources": ALL_SOURCES,
                "silent_sources": SilentSerializer(answer.figures.alignment.silent_sources, many=True).data,
                "currency": answer.currency,
                "group_by": answer.group_by,
                "count": len(answer.groups),
                "figures": FiguresField().to_representation(answer.figures),
                "results": TotalSerializer(answer.groups, many=True).data,
            }
        )
