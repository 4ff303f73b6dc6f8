"""The page that says when and where to run."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.selectors.frame import Frame
from accounts.selectors.health import data_health
from accounts.views import SignedInRequest, scope_or_404, unusable
from carbon.charts import when_chart
from carbon.forms import WhenForm
from carbon.selectors.when_and_where import MOST_LOCATIONS, WhenAndWhere, regions_in_use
from carbon.selectors.when_and_where import when_and_where as answer_of


@require_safe
@login_required
def when_and_where(request: SignedInRequest) -> HttpResponse:
    """The cleanest windows of the forecasts; without a location, of the regions in use."""
    form = WhenForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    used = regions_in_use(scope)
    names = form.cleaned_data["location"] or used[:MOST_LOCATIONS]
    answer = answer_of(scope, names=names, length=form.length, now=now, until=now + form.time_left)
    minutes = int(form.length.total_seconds() // 60)
    return render(
        request,
        "carbon/when_and_where.html",
        {
            "answer": answer,
            "charts": {signal: when_chart(answer, signal=signal) for signal in answer.signals},
            "names": names,
            "used": used,
            "others": [name for name in names if name not in used],
            "minutes": minutes,
            "hours": int(form.time_left.total_seconds() // 3600),
            "address": _address(request, answer, minutes),
            "now": now,
            "frame": Frame(scope, data_health(scope, now=now), now),
        },
    )


def _address(request: SignedInRequest, answer: WhenAndWhere, minutes: int) -> str:
    """Where the API tells the same."""
    named = [("location", choice.location) for choice in answer.choices]
    return (
        f"{request.build_absolute_uri(reverse('carbon-aware-forecast'))}?{urlencode([*named, ('windowSize', minutes)])}"
    )
