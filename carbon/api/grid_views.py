"""Zones and readings: the same selectors, and so the same numbers, as on the pages."""

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from accounts.api.requests import SignedInApiRequest, scope_or_404
from carbon.api.grid_serializers import ReadingSerializer, ZoneDetailSerializer, ZoneSerializer
from carbon.forms import GridForm, ReadingsForm, ScopeForm
from carbon.selectors.grid import grid, zone_grid
from carbon.selectors.readings import WantedReadings, all_readings, reading_page
from finops.core.answers import ReadView, TableView, csv_response, wants_csv
from finops.core.pages import page_fields, paged
from finops.core.parameters import checked, described

_GENERATED_AT = serializers.DateTimeField(help_text="When this answer was made.")


class Zones(TableView):
    """The grid zones that your instances draw on."""

    @extend_schema(
        operation_id="zones",
        parameters=described(GridForm),
        responses=inline_serializer(
            "Zones",
            {
                "generated_at": _GENERATED_AT,
                "count": serializers.IntegerField(help_text="Zones."),
                "results": ZoneSerializer(many=True),
            },
        ),
    )
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """By key, each with what every source said of its last 48 hours; not cut into pages."""
        form = checked(GridForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        now = timezone.now()
        answer = grid(scope, now=now, all_zones=form.wants_all)
        if wants_csv(request):
            return csv_response("zones", ZoneSerializer, answer.zones)
        results = ZoneSerializer(answer.zones, many=True).data
        return Response({"generated_at": now, "count": len(results), "results": results})


class ZoneDetail(ReadView):
    """One grid zone."""

    @extend_schema(
        operation_id="zone",
        parameters=described(ScopeForm),
        responses=inline_serializer("ZoneAnswer", {"generated_at": _GENERATED_AT, "zone": ZoneDetailSerializer()}),
    )
    def get(self, request: SignedInApiRequest, key: str) -> Response:
        """Each source of it with its last 48 hours."""
        form = checked(ScopeForm, request)
        now = timezone.now()
        answer = zone_grid(scope_or_404(request.user, form.cleaned_data["team"]), key=key, now=now)
        if answer is None:
            raise NotFound("There is no such zone.")
        [view] = answer.zones
        return Response({"generated_at": now, "zone": ZoneDetailSerializer(view).data})


class Readings(TableView):
    """Readings of carbon intensity, as their sources told them."""

    @extend_schema(
        operation_id="readings",
        parameters=described(ReadingsForm),
        responses=inline_serializer("Readings", page_fields(ReadingSerializer(many=True), generated_at=_GENERATED_AT)),
    )
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """Oldest first, of every source and signal that the filter lets through."""
        form = checked(ReadingsForm, request)
        given = form.cleaned_data
        scope = scope_or_404(request.user, given["team"])
        now = timezone.now()
        wanted = WantedReadings(
            period=form.period(now=now),
            zone=given["zone"],
            source=given["source"],
            signal=given["signal"],
            is_estimated=given["estimated"],
        )
        if wants_csv(request):
            return csv_response("readings", ReadingSerializer, all_readings(scope, wanted))
        answer = reading_page(scope, wanted, form.position())
        results = ReadingSerializer(answer.page.rows, many=True).data
        return Response({"generated_at": now, **paged(request, answer.page, results, count=answer.count)})
