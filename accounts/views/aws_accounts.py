"""The AWS accounts of a user's teams: seen, registered and changed."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import ScopeForm
from accounts.forms.aws_accounts import ChangeForm, RegisterForm, WayForm, region_names, ways_in
from accounts.models import AccessKind, AwsAccount, Door, Team
from accounts.selectors.account_states import account_states
from accounts.selectors.health import data_health
from accounts.selectors.roles import accounts_being_removed, owned_account, owned_teams, owns, visible_account
from accounts.selectors.trust_policy import trust_policy
from accounts.services.audit import Actor
from accounts.services.refusal import Refused
from accounts.services.registration import change_account, external_id_for, register_account
from finops.core.time_zones import show_in

from .requests import SignedInRequest, scope_or_404, unusable

OWNERS_ONLY = "Only owners of the team may register, change and remove its accounts."


@require_safe
@login_required
def accounts(request: SignedInRequest) -> HttpResponse:
    """How each account stands, when it is asked next, and what to do where something is wrong."""
    form = ScopeForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    health = data_health(scope, now=now)
    return render(
        request,
        "accounts/accounts.html",
        {
            "states": account_states(scope, health),
            "being_removed": accounts_being_removed(request.user),
            "may_register": bool(owned_teams(request.user)),
            "scope": scope,
            "frame": {"scope": scope, "health": health, "now": now},
            "now": now,
        },
    )


@require_safe
@login_required
def account(request: SignedInRequest, pk: int) -> HttpResponse:
    """One account: its sources, its refresh, and how we get in."""
    seen = visible_account(request.user, pk=pk)
    if seen is None:
        raise Http404
    now = timezone.now()
    show_in(seen.team.time_zone)
    scope = scope_or_404(request.user, seen.team.slug)
    health = data_health(scope, now=now)
    state = next(each for each in account_states(scope, health) if each.row.id == seen.pk)
    may_change = owns(request.user, seen.team)
    return render(
        request,
        "accounts/account.html",
        {
            "account": seen,
            "state": state,
            "may_change": may_change,
            # The external id is for those who may change the role.
            "policy": trust_policy(seen.external_id) if may_change and seen.external_id else "",
            "frame": {"scope": scope, "health": health, "now": now},
            "now": now,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account_add(request: SignedInRequest) -> HttpResponse:
    """Register an account: first whose it becomes and how we get in, then what AWS has to be asked with."""
    form = WayForm(request.GET)
    teams = owned_teams(request.user)
    if not form.is_valid() and set(form.errors) - {"account_id"}:
        return unusable(request, form)
    slug = form.cleaned_data.get("team", "")
    if slug:
        scope_or_404(request.user, slug)
    if not teams or (slug and slug not in {team.slug for team in teams}):
        raise PermissionDenied(OWNERS_ONLY)
    team = next((team for team in teams if team.slug == slug), teams[0] if len(teams) == 1 else None)
    way = form.cleaned_data.get("way") or AccessKind.ROLE
    account_id = form.cleaned_data.get("account_id", "")
    context: dict[str, Any] = {
        "teams": teams,
        "team": team,
        "way": way,
        "ways": ways_in(),
        "way_form": form,
        "account_id": account_id,
        "principal": settings.AWS_PRINCIPAL_ARN,
        "regions": region_names(),
    }
    if team is None or (way == AccessKind.ROLE and not account_id):
        return render(request, "accounts/account_add.html", context)
    if way == AccessKind.ROLE:
        context["policy"] = trust_policy(external_id_for(team=team, account_id=account_id))
    return _registered(request, team, {"access_kind": way, "account_id": account_id}, context)


def _registered(request: SignedInRequest, team: Team, known: dict[str, str], context: dict[str, Any]) -> HttpResponse:
    """The form's page, or, once AWS has agreed, the account's."""
    if request.method != "POST":
        form = RegisterForm(team=team, initial={**known, "home_region": "us-east-1"})
        return render(request, "accounts/account_add.html", context | {"form": form})
    given = request.POST.copy()
    for name, value in known.items():
        if value:
            given[name] = value
    form = RegisterForm(given, team=team)
    if form.is_valid():
        actor = Actor.of_request(request, Door.PAGE)
        try:
            done = register_account(team=team, actor=actor, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            _say(form, refusal)
        else:
            if done.login_needed:
                messages.warning(
                    request, f"Registered, but not in yet: {done.login_needed.message} {done.login_needed.fix}"
                )
            else:
                messages.success(request, f"{done.account.name} is registered; its first refresh has begun.")
            return redirect("account", pk=done.account.pk)
    return render(request, "accounts/account_add.html", context | {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change an account's name, its way in, its payer, or switch it off."""
    changed = owned_account_or_refuse(request, pk)
    form = ChangeForm(request.POST if request.method == "POST" else None, account=changed)
    if request.method == "POST" and form.is_valid():
        try:
            login_needed = change_account(
                account=changed,
                changes=form.cleaned_data,
                actor=Actor.of_request(request, Door.PAGE),
                now=timezone.now(),
            )
        except Refused as refusal:
            _say(form, refusal)
        else:
            if login_needed:
                messages.warning(request, f"Changed, but not in yet: {login_needed.message} {login_needed.fix}")
            else:
                messages.success(request, f"{changed.name} is changed.")
            return redirect("account", pk=pk)
    return render(
        request,
        "accounts/account_edit.html",
        {
            "account": changed,
            "form": form,
            "policy": trust_policy(changed.external_id) if changed.external_id else "",
            "regions": region_names(),
        },
    )


def owned_account_or_refuse(request: SignedInRequest, pk: int) -> AwsAccount:
    """The account, for an owner of its team; for another member the refusal, and nothing for a stranger."""
    if visible_account(request.user, pk=pk) is None:
        raise Http404
    owned = owned_account(request.user, pk=pk)
    if owned is None:
        raise PermissionDenied(OWNERS_ONLY)
    show_in(owned.team.time_zone)
    return owned


def _say(form: Form, refusal: Refused) -> None:
    words = f"{refusal.message} {refusal.fix}".strip()
    form.add_error(refusal.field if refusal.field in form.fields else None, words)
