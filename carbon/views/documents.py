"""How the figures come about, what the words mean, and where the data come from."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.selectors.frame import Frame
from accounts.selectors.health import data_health
from accounts.views import SignedInRequest, scope_or_404, unusable
from carbon.forms import ScopeForm
from carbon.reference.intensity_sources import INTENSITY_SOURCES
from carbon.reference.zones import YEARLY_MEAN_SOURCE
from carbon.selectors.data_sources import data_sources
from carbon.selectors.factors import factors
from finops.core.documents import document


@require_safe
@login_required
def methodology(request: SignedInRequest) -> HttpResponse:
    """docs/methodology.md with the factors in force beside what uses them."""
    form = ScopeForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    return render(request, "carbon/methodology.html", {"document": document("methodology"), "factors": factors(scope)})


@require_safe
@login_required
def glossary(request: SignedInRequest) -> HttpResponse:
    """docs/glossary.md; every unit and term of a page leads to its row here."""
    return render(request, "carbon/glossary.html", {"document": document("glossary")})


@require_safe
@login_required
def about_data(request: SignedInRequest) -> HttpResponse:
    """Each source: what is fetched, how often, when last, and on which terms."""
    form = ScopeForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    health = data_health(scope, now=now)
    return render(
        request,
        "carbon/about_data.html",
        {
            "sources": data_sources(health),
            "intensity_sources": INTENSITY_SOURCES.values(),
            "yearly_mean_source": YEARLY_MEAN_SOURCE,
            "health": health,
            "now": now,
            "frame": Frame(scope, health, now),
        },
    )
