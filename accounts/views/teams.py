"""A team's members and its audit log."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms.members import AddMemberForm, AuditForm, RoleForm
from accounts.models import Door, Membership, Role, Team
from accounts.selectors.audit import audit_page, changes_of
from accounts.selectors.roles import member_of, members_of, owned_teams, owns
from accounts.services.audit import Actor
from accounts.services.members import add_member, change_role, remove_member
from accounts.services.refusal import Refused

from .requests import SignedInRequest, scope_or_404, unusable


def team_of_page(request: SignedInRequest) -> tuple[Team | None, list[Team]]:
    """The team that a page about one team is about, or None where it has to be chosen; and the user's teams."""
    scope = scope_or_404(request.user, request.GET.get("team", "")[:60])
    teams = list(scope.teams)
    return scope.team or (teams[0] if len(teams) == 1 else None), teams


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def members(request: SignedInRequest) -> HttpResponse:
    """Who is in the team, and as what; an owner adds somebody here."""
    team, teams = team_of_page(request)
    if team is None:
        return render(
            request, "accounts/choose_team.html", {"teams": teams, "page": "team-members", "title": "Members"}
        )
    may_change = owns(request.user, team)
    form = AddMemberForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied("Only owners of the team may add members.")
        if form.is_valid():
            try:
                added = add_member(
                    team=team,
                    email=form.cleaned_data["email"],
                    role=Role(form.cleaned_data["role"]),
                    actor=Actor.of_request(request, Door.PAGE),
                    now=timezone.now(),
                )
            except Refused as refusal:
                form.add_error(refusal.field or None, refusal.message)
            else:
                messages.success(request, f"{added.user.email} is {added.role} now.")
                return _to_members(team)
    context = {
        "team": team,
        "members": members_of(request.user, team),
        "roles": Role.choices,
        "form": form,
        "may_change": may_change,
    }
    return render(request, "accounts/members.html", context)


@require_POST
@login_required
def member_role(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a member another role."""
    member = _member_to_change(request, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return unusable(request, form)
    role = Role(form.cleaned_data["role"])
    try:
        change_role(member=member, role=role, actor=Actor.of_request(request, Door.PAGE), now=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{member.user.email} is {role} now.")
    return _to_members(member.team)


@require_POST
@login_required
def member_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take a member out of the team; anybody may leave by themselves."""
    member = _member_to_change(request, pk, may_be_oneself=True)
    try:
        remove_member(member=member, actor=Actor.of_request(request, Door.PAGE), now=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal.message)
        return _to_members(member.team)
    if member.user_id == request.user.pk:
        messages.success(request, f"You have left {member.team.name}.")
        return redirect("overview")
    messages.success(request, f"{member.user.email} is in the team no more.")
    return _to_members(member.team)


@require_safe
@login_required
def audit(request: SignedInRequest) -> HttpResponse:
    """Who changed what in the teams that the user owns."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    teams = owned_teams(request.user)
    if not teams or (scope.team and scope.team not in teams):
        raise PermissionDenied("Only owners of a team may read its audit log.")
    page, count = audit_page(request.user, form.wanted(scope.team), form.position())
    return render(
        request,
        "accounts/audit.html",
        {
            "form": form,
            "page": page,
            "count": count,
            "entries": [(entry, changes_of(entry)) for entry in page.rows],
            # Whoever is in one team alone reads that one's, and goes on from there.
            "team": scope.team or (scope.teams[0] if len(scope.teams) == 1 else None),
        },
    )


def _member_to_change(request: SignedInRequest, pk: int, *, may_be_oneself: bool = False) -> Membership:
    member = member_of(request.user, pk=pk)
    if member is None:
        raise Http404
    if not (owns(request.user, member.team) or (may_be_oneself and member.user_id == request.user.pk)):
        raise PermissionDenied("Only owners of the team may change its members.")
    return member


def _to_members(team: Team) -> HttpResponse:
    return redirect(f"{reverse('team-members')}?team={team.slug}")
