"""A person's API tokens for a team: made, listed, revoked."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms.api_tokens import ApiTokenForm
from accounts.models import Door, Team, TokenScope
from accounts.selectors.api_tokens import token_of, tokens_of
from accounts.selectors.roles import owns
from accounts.services.api_tokens import NewToken, create_api_token, revoke_api_token
from accounts.services.audit import Actor
from accounts.services.refusal import Refused

from .requests import SignedInRequest
from .teams import team_of_page


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
@sensitive_variables("made")
def api_tokens(request: SignedInRequest) -> HttpResponse:
    """The user's tokens for the team. The answer to making one shows its text, this once."""
    team, teams = team_of_page(request)
    if team is None:
        return render(
            request, "accounts/choose_team.html", {"teams": teams, "page": "api-tokens", "title": "API tokens"}
        )
    form = ApiTokenForm(request.POST if request.method == "POST" else None)
    made = _made(request, team, form) if form.is_bound and form.is_valid() else None
    context = {
        "team": team,
        "tokens": tokens_of(request.user, team),
        "form": ApiTokenForm() if made else form,
        "made": made,
        "is_owner": owns(request.user, team),
        "now": timezone.now(),
        "address": request.build_absolute_uri(reverse("api-overview")),
    }
    return render(request, "accounts/api_tokens.html", context)


def _made(request: SignedInRequest, team: Team, form: ApiTokenForm) -> NewToken | None:
    now = timezone.now()
    try:
        return create_api_token(
            user=request.user,
            team=team,
            name=form.cleaned_data["name"],
            scope=TokenScope(form.cleaned_data["scope"]),
            expires_at=now + timedelta(days=form.cleaned_data["days"]),
            allowed_networks=form.cleaned_data["allowed_networks"],
            actor=Actor.of_request(request, Door.PAGE),
            now=now,
        )
    except Refused as refusal:
        form.add_error(refusal.field or None, refusal.message)
        return None


@require_POST
@login_required
def api_token_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let nobody in with the token any more."""
    token = token_of(request.user, pk=pk)
    if token is None:
        raise Http404
    revoke_api_token(token=token, actor=Actor.of_request(request, Door.PAGE), now=timezone.now())
    messages.success(request, f"{token.name} lets nobody in any more.")
    return redirect(f"{reverse('api-tokens')}?team={token.team.slug}")
