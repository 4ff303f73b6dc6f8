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
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors.aws_accounts import may_see, operable_account
from accounts.selectors.runs import run_of
from accounts.services.runs import request_run
from finops.core.time_zones import show_in

from .requests import SignedInRequest


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
