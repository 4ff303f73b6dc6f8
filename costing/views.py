"""The pages of costs and carbon."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.views import SignedInRequest, scope_or_404, unusable
from costing.charts import instance_lanes, overview_chart
from costing.forms import DEFAULT_DAYS, DEFAULT_HOURS, InstanceForm, InstancesForm, ScopeForm, WindowForm
from costing.selectors.instance import instance_detail, instance_of
from costing.selectors.instances import instance_list
from costing.selectors.overview import overview as overview_of

PERIODS = (7, 30, 90)


def _days(form: WindowForm) -> int | None:
    """The number of days chosen, or None where a month is."""
    return None if form.cleaned_data["month"] else form.cleaned_data["days"] or DEFAULT_DAYS


@require_safe
@login_required
def overview(request: SignedInRequest) -> HttpResponse:
    """What a team, or all teams of a user, cost and emit."""
    form = ScopeForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    answer = overview_of(scope, form.window(now=now))
    return render(
        request,
        "costing/overview.html",
        {
            "overview": answer,
            "chart": overview_chart(answer),
            "form": form,
            "periods": PERIODS,
            "days": _days(form),
            "now": now,
        },
    )


@require_safe
@login_required
def instances(request: SignedInRequest) -> HttpResponse:
    """The instances a user may see, filtered and sorted."""
    form = InstancesForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    answer = instance_list(scope, form.window(now=now), form.wanted())
    if answer.wanted.position.number > answer.pages:
        raise Http404(f"There is no page {answer.wanted.position.number}; the last one is {answer.pages}.")
    return render(
        request,
        "costing/instances.html",
        {"list": answer, "form": form, "periods": PERIODS, "days": _days(form), "now": now},
    )


@require_safe
@login_required
def instance(request: SignedInRequest, pk: int) -> HttpResponse:
    """One instance: facts, ledger, and what its figures rest on."""
    form = InstanceForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    found = instance_of(request.user, pk=pk)
    if found is None:
        raise Http404
    now = timezone.now()
    hours = form.cleaned_data["hours"] or DEFAULT_HOURS
    detail = instance_detail(request.user, instance=found, window=form.window(now=now), hours=hours)
    return render(
        request,
        "costing/instance.html",
        {
            "detail": detail,
            "lanes": instance_lanes(detail),
            "form": form,
            "hours": str(hours),
            "periods": PERIODS,
            "days": _days(form),
            "now": now,
        },
    )
