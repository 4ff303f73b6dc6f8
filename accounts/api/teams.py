"""Teams, and who changed what in them."""

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.response import Response

from accounts.api.requests import SignedInApiRequest, scope_or_404
from accounts.api.serializers import AuditEntrySerializer, MemberSerializer, TeamSerializer
from accounts.forms.members import AuditForm
from accounts.selectors.audit import audit_page, every_entry
from accounts.selectors.roles import members_of, owned_teams, teams_of
from finops.core.answers import ReadView, TableView, csv_response, wants_csv
from finops.core.pages import page_fields, paged
from finops.core.parameters import NoParameters, checked, described


class _Teams(serializers.Serializer):  # type: ignore[type-arg]
    count = serializers.IntegerField()
    results = TeamSerializer(many=True)


class _TeamDetail(TeamSerializer):
    members = MemberSerializer(many=True)


class Teams(TableView):
    """Your teams."""

    @extend_schema(operation_id="teams", parameters=described(NoParameters), responses=_Teams)
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """By name, with your role in each."""
        checked(NoParameters, request)
        teams = teams_of(request.user)
        if wants_csv(request):
            return csv_response("teams", TeamSerializer, teams)
        return Response(_Teams({"count": len(teams), "results": teams}).data)


class Team(ReadView):
    """One team of yours."""

    @extend_schema(operation_id="team", responses=_TeamDetail)
    def get(self, request: SignedInApiRequest, slug: str) -> Response:
        """How it reads its figures, and who is in it."""
        checked(NoParameters, request)
        team = next((team for team in teams_of(request.user) if team.slug == slug), None)
        if team is None:
            raise NotFound("You are in no team with that slug.")
        data = TeamSerializer(team).data
        return Response(data | {"members": MemberSerializer(members_of(request.user, team), many=True).data})


class Audit(TableView):
    """The audit log of the teams you own."""

    @extend_schema(
        operation_id="audit",
        parameters=described(AuditForm),
        responses=inline_serializer("AuditPage", page_fields(AuditEntrySerializer(many=True))),
    )
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """Latest first; as CSV all of it."""
        form = checked(AuditForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        if scope.team and scope.team not in owned_teams(request.user):
            raise PermissionDenied("Only owners of a team may read its audit log.")
        wanted = form.wanted(scope.team)
        if wants_csv(request):
            return csv_response("audit-log", AuditEntrySerializer, every_entry(request.user, wanted))
        page, count = audit_page(request.user, wanted, form.position())
        results = AuditEntrySerializer(page.rows, many=True).data
        return Response(paged(request, page, results, count=count))
