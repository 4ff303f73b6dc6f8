"""Starting a refresh and watching it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms.loading import LoadForm, TeamForm
from accounts.selectors.aws_accounts import account_rows, may_see, operable_account
from accounts.selectors.loading import loadable_accounts
from accounts.selectors.runs import run_of
from accounts.services.runs import request_run
from finops.core.time_zones import show_in

from .requests import SignedInRequest, scope_or_404, unusable


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
    show_in(view.time_zone)
    template = "accounts/_run.html" if request.htmx else "accounts/run.html"
    response = render(request, template, {"run": view, "now": timezone.now()})
    if request.htmx and not view.is_active:
        response["HX-Refresh"] = "true"  # the page around it now has figures to show
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def resources_load(request: SignedInRequest) -> HttpResponse:
    """Choose accounts and regions and load what they hold; how far each refresh is, to be left and come back to."""
    asked = TeamForm(request.GET)
    if not asked.is_valid():
        return unusable(request, asked)
    now = timezone.now()
    scope = scope_or_404(request.user, asked.cleaned_data["team"])
    accounts = loadable_accounts(scope)
    form = LoadForm(request.POST if request.method == "POST" else None, accounts=accounts)
    if request.method == "POST" and not accounts:
        raise PermissionDenied("Only operators and owners of a team may refresh its accounts.")
    if request.method == "POST" and form.is_valid():
        for account in form.chosen():
            request_run(account=account, user=request.user, regions=form.cleaned_data["regions"], now=now)
        return redirect(f"{reverse('resources-load')}{'?' + request.GET.urlencode() if request.GET else ''}")
    rows = account_rows(scope)
    runs = [row.latest_run for row in rows if row.latest_run is not None]
    context = {"form": form, "accounts": accounts, "runs": runs, "scope": scope, "known": len(rows), "now": now}
    return render(request, "accounts/load.html", context, status=400 if form.errors else 200)
