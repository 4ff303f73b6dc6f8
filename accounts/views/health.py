"""How the sources of every account stand."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.forms import ScopeForm
from accounts.selectors.aws_accounts import account_rows, listed_accounts
from accounts.selectors.frame import Frame
from accounts.selectors.health import data_health
from accounts.selectors.known_sources import KNOWN_SOURCES

from .requests import SignedInRequest, scope_or_404, unusable


@require_safe
@login_required
def health(request: SignedInRequest) -> HttpResponse:
    """How every source of every account stands."""
    form = ScopeForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    listed = listed_accounts(scope)
    answer = data_health(scope, now=now, accounts=listed)
    health_of = {account.account_id: account for account in answer.accounts}
    return render(
        request,
        "accounts/health.html",
        {
            "scope": scope,
            "health": answer,
            "frame": Frame(scope, answer, now),
            "rows": [(account, health_of[account.id]) for account in account_rows(scope, accounts=listed)],
            "columns": [source for source in KNOWN_SOURCES.values() if not source.is_shared],
            "now": now,
        },
    )
