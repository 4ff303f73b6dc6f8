"""Signing in, data health, refreshes, and the probes of whoever watches this process."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from accounts.forms import ScopeForm
from accounts.models import User
from accounts.selectors.aws_accounts import account_rows, may_see, operable_account
from accounts.selectors.health import data_health
from accounts.selectors.known_sources import KNOWN_SOURCES
from accounts.selectors.readiness import readiness
from accounts.selectors.runs import run_of
from accounts.selectors.scope import Scope, scope_of
from accounts.services.runs import request_run


class SignedInRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User
    htmx: HtmxDetails


def scope_or_404(user: User, team_slug: str) -> Scope:
    """The scope that `team_slug` names; a team the user is not in does not exist for them."""
    scope = scope_of(user, team_slug=team_slug)
    if scope is None:
        raise Http404
    return scope


def unusable(request: HttpRequest, form: BaseForm) -> HttpResponse:
    """The page that says which parameters of the address cannot be used, and why."""
    return render(request, "400_parameters.html", {"form": form}, status=400)


@require_safe
@login_required
def health(request: SignedInRequest) -> HttpResponse:
    """How every source of every account stands."""
    form = ScopeForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    answer = data_health(scope, now=now)
    health_of = {account.account_id: account for account in answer.accounts}
    return render(
        request,
        "accounts/health.html",
        {
            "scope": scope,
            "health": answer,
            "rows": [(account, health_of[account.id]) for account in account_rows(scope)],
            "columns": [source for source in KNOWN_SOURCES.values() if not source.is_shared],
            "now": now,
        },
    )


@require_POST
@login_required
def refresh_account(request: SignedInRequest, pk: int) -> HttpResponse:
    """Start a refresh of the account, or join the one that is going on."""
    if not may_see(request.user, pk=pk):
        raise Http404
    account = operable_account(request.user, pk=pk)
    if account is None:
        raise PermissionDenied("Only operators and owners of the team may refresh its accounts.")
    if account.is_active:
        request_run(account=account, user=request.user, now=timezone.now())
    else:
        messages.warning(request, f"{account.name} is switched off and is not refreshed.")
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if is_ours else reverse("overview"))


@require_safe
@login_required
@never_cache
def run(request: SignedInRequest, pk: int) -> HttpResponse:
    """How a refresh stands; the part of a page that asks again every other second until it is over."""
    view = run_of(request.user, run_id=pk)
    if view is None:
        raise Http404
    template = "accounts/_run.html" if request.htmx else "accounts/run.html"
    response = render(request, template, {"run": view, "now": timezone.now()})
    if request.htmx and not view.is_active:
        response["HX-Refresh"] = "true"  # the page around it now has figures to show
    return response


@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Where browsers look for an icon on pages that name none, such as the admin's."""
    return redirect(static("img/icon.svg"))


@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """This process can do its work: the database answers and its schema is the one this code wants."""
    state = readiness()
    checks = {"database": state.database or "ok", "migrations": state.migrations or "ok"}
    return JsonResponse(
        {"status": "ready" if state.is_ready else "not ready", "checks": checks}, status=200 if state.is_ready else 503
    )


@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin has no sign-in of its own: whoever signs in does so on the product's page."""
    user = request.user
    if user.is_authenticated and not user.is_staff:
        raise PermissionDenied("The admin is for platform admins.")
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
