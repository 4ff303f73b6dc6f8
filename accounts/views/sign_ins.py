"""Signing in to AWS for a team: portals, the code to confirm, and the accounts that are taken in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms.aws_accounts import region_names
from accounts.forms.sign_ins import PicksForm, PortalForm, sso_region_names
from accounts.models import Door, SsoSession, SsoState
from accounts.selectors.roles import owns
from accounts.selectors.sign_ins import offers_of, owned_sign_in, sign_in_of, sign_ins_of, visible_sign_in
from accounts.services.audit import Actor
from accounts.services.refusal import Refused
from accounts.services.sso.offers import list_offers, pick_accounts
from accounts.services.sso.portals import forget_portal, register_portal
from accounts.services.sso.sign_in import cancel_sign_in, poll_sign_in, sign_out, start_sign_in
from finops.core.time_zones import show_in
from finops.core.upstream.errors import UpstreamError

from .requests import SignedInRequest
from .teams import team_of_page

OWNERS_ONLY = "Only owners of the team may sign in to AWS for it."


@require_safe
@login_required
def sign_ins(request: SignedInRequest) -> HttpResponse:
    """The portals at which the team signs in, and how each sign-in stands."""
    team, teams = team_of_page(request)
    if team is None:
        return render(
            request, "accounts/choose_team.html", {"teams": teams, "page": "sso-sessions", "title": "AWS sign-ins"}
        )
    now = timezone.now()
    context = {
        "team": team,
        "sign_ins": sign_ins_of(request.user, team, now=now),
        "may_change": owns(request.user, team),
        "now": now,
    }
    return render(request, "accounts/sign_ins.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sign_in_add(request: SignedInRequest) -> HttpResponse:
    """Take in a portal by its start URL and region, or by pasted blocks of a profile."""
    team, teams = team_of_page(request)
    if team is None:
        return render(
            request, "accounts/choose_team.html", {"teams": teams, "page": "sso-add", "title": "Add a sign-in to AWS"}
        )
    if not owns(request.user, team):
        raise PermissionDenied(OWNERS_ONLY)
    form = PortalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            session = register_portal(
                team=team,
                name=form.cleaned_data["name"],
                start_url=form.cleaned_data["start_url"],
                sso_region=form.cleaned_data["sso_region"],
                wanted=form.profiles,
                actor=Actor.of_request(request, Door.PAGE),
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, refusal.message)
        else:
            return redirect("sso-session", pk=session.pk)
    return render(request, "accounts/sign_in_add.html", {"team": team, "form": form, "sso_regions": sso_region_names()})


@require_safe
@login_required
@never_cache
def sign_in(request: SignedInRequest, pk: int) -> HttpResponse:
    """One sign-in: the code while it waits, who is signed in, until when, and the accounts behind it."""
    return _page(request, pk)


def _page(request: SignedInRequest, pk: int, template: str = "accounts/sign_in_page.html") -> HttpResponse:
    now = timezone.now()
    seen = sign_in_of(request.user, pk=pk, now=now)
    if seen is None:
        raise Http404
    show_in(seen.team.time_zone)
    return render(request, template, {"sign_in": seen, "may_change": owns(request.user, seen.team), "now": now})


@require_POST
@login_required
def sign_in_start(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask AWS for a code."""
    session = _owned(request, pk)
    try:
        start_sign_in(session=session, actor=Actor.of_request(request, Door.PAGE), now=timezone.now())
    except Refused as refusal:
        messages.error(request, f"{refusal.message} {refusal.fix}".strip())
    return redirect("sso-session", pk=pk)


@require_POST
@login_required
@never_cache
def sign_in_poll(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask AWS, if it is time to, whether the code is confirmed; the part of the page that asks again by itself."""
    session = _owned(request, pk)
    state = poll_sign_in(session_id=session.pk, now=timezone.now())
    if not request.htmx:
        if state is SsoState.SIGNED_IN:
            return _to_accounts(session)
        return redirect("sso-session", pk=pk)
    if state is SsoState.WAITING:
        return _page(request, pk, "accounts/_sign_in_waits.html")
    response = HttpResponse(status=204)
    name = "sso-accounts" if state is SsoState.SIGNED_IN else "sso-session"
    response["HX-Redirect"] = reverse(name, args=[pk])
    return response


@require_POST
@login_required
def sign_in_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Forget the code."""
    cancel_sign_in(session=_owned(request, pk), actor=Actor.of_request(request, Door.PAGE), now=timezone.now())
    return redirect("sso-session", pk=pk)


@require_POST
@login_required
def sign_in_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """Sign out: wipe the tokens here, and end the session at AWS."""
    session = _owned(request, pk)
    error = sign_out(session=session, actor=Actor.of_request(request, Door.PAGE), now=timezone.now())
    _say_signed_out(request, session, error)
    return redirect("sso-session", pk=pk)


@require_POST
@login_required
def sign_in_forget(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove the portal, where no account is entered by it."""
    session = _owned(request, pk)
    try:
        error = forget_portal(session=session, actor=Actor.of_request(request, Door.PAGE), now=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("sso-session", pk=pk)
    _say_signed_out(request, session, error)
    return redirect(f"{reverse('sso-sessions')}?team={session.team.slug}")


@require_POST
@login_required
def sign_in_list(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask AWS anew what the signed-in person may enter."""
    session = _owned(request, pk)
    try:
        list_offers(session_id=session.pk, now=timezone.now())
    except UpstreamError as error:
        messages.error(request, error.message)
        return redirect("sso-session", pk=pk)
    return _to_accounts(session)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def sign_in_accounts(request: SignedInRequest, pk: int) -> HttpResponse:
    """Choose which of the offered accounts are taken in, each by a role."""
    session = _owned(request, pk, is_shown=request.method != "POST")
    form = PicksForm(request.POST if request.method == "POST" else None, initial={"home_region": "us-east-1"})
    if form.is_bound and form.is_valid():
        try:
            done = pick_accounts(
                session=session,
                picks=form.picks(),
                home_region=form.cleaned_data["home_region"],
                actor=Actor.of_request(request, Door.PAGE),
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            for account in done.taken:
                messages.success(request, f"{account.name} is entered by the role {account.sso_role_name} now.")
            for name, why in done.refused:
                messages.error(request, f"{name}: {why}")
            if not done.taken and not done.refused:
                messages.info(request, "Nothing was changed.")
            return redirect("sso-session", pk=pk)
    context = {
        "session": session,
        "offers": offers_of(session),
        "unlisted": session.offered_count - len(session.offered),
        "form": form,
        "regions": region_names(),
        "now": timezone.now(),
    }
    return render(request, "accounts/sign_in_accounts.html", context)


def _owned(request: SignedInRequest, pk: int, *, is_shown: bool = False) -> SsoSession:
    """The sign-in, for an owner of its team; for another member the refusal, and nothing for a stranger."""
    if visible_sign_in(request.user, pk=pk) is None:
        raise Http404
    owned = owned_sign_in(request.user, pk=pk)
    if owned is None:
        raise PermissionDenied(OWNERS_ONLY)
    if is_shown:
        show_in(owned.team.time_zone)
    return owned


def _to_accounts(session: SsoSession) -> HttpResponse:
    return redirect("sso-accounts", pk=session.pk)


def _say_signed_out(request: SignedInRequest, session: SsoSession, error: UpstreamError | None) -> None:
    if error is None:
        messages.success(request, f"Signed out of “{session.name}”; its tokens are wiped.")
    else:
        messages.warning(
            request,
            f"The tokens of “{session.name}” are wiped here, but AWS did not hear of it: {error.message} "
            "End the session in the AWS access portal.",
        )
