"""The pages of the grid."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.selectors.frame import Frame
from accounts.selectors.health import data_health
from accounts.views import SignedInRequest, scope_or_404, unusable
from carbon.charts import forecast_charts, grid_lanes, zone_charts
from carbon.forms import GridForm, ScopeForm
from carbon.selectors.grid import grid as grid_of
from carbon.selectors.grid import zone_grid
from carbon.selectors.zone_forecasts import zone_forecasts


@require_safe
@login_required
def grid(request: SignedInRequest) -> HttpResponse:
    """How clean the grids are that a user's instances draw on."""
    form = GridForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    answer = grid_of(scope, now=now, all_zones=form.wants_all)
    return render(
        request,
        "carbon/grid.html",
        {
            "grid": answer,
            "lanes": grid_lanes(answer),
            "shows_all": form.wants_all,
            "now": now,
            "frame": Frame(scope, data_health(scope, now=now), now),
        },
    )


@require_safe
@login_required
def zone(request: SignedInRequest, key: str) -> HttpResponse:
    """One zone: every source of it side by side, and whom it feeds."""
    form = ScopeForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    answer = zone_grid(scope, key=key, now=now)
    if answer is None:
        raise Http404
    [view] = answer.zones
    forecasts = zone_forecasts(scope, key=key, now=now)
    return render(
        request,
        "carbon/zone.html",
        {
            "grid": answer,
            "view": view,
            "charts": zone_charts(answer, view),
            "forecasts": forecasts,
            "forecast_charts": forecast_charts(forecasts),
            "now": now,
            "frame": Frame(scope, data_health(scope, now=now), now),
        },
    )
