"""What every page of this project starts from."""

from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from accounts.selectors.scope import Scope, scope_of
from finops.core.time_zones import show_in


class SignedInRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User
    htmx: HtmxDetails


def scope_or_404(user: User, team_slug: str) -> Scope:
    """The scope that `team_slug` names; a team the user is not in does not exist for them."""
    scope = scope_of(user, team_slug=team_slug)
    if scope is None:
        raise Http404
    show_in(scope.time_zone)
    return scope


def unusable(request: HttpRequest, form: BaseForm) -> HttpResponse:
    """The page that says which parameters of the address cannot be used, and why."""
    return render(request, "400_parameters.html", {"form": form}, status=400)
