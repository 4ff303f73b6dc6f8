"""The pages of everything an account holds, and of what the rules found in it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Door
from accounts.selectors.frame import Frame
from accounts.services.audit import Actor
from accounts.services.refusal import Refused
from accounts.views import SignedInRequest, scope_or_404, unusable
from costing.charts import metric_charts
from costing.forms.resources import DecisionForm, FindingsForm, ResourceForm, ResourcesForm, snooze_days
from costing.selectors.findings.listing import finding_list, finding_of, operable_finding, rule_choices
from costing.selectors.resource import DEFAULT_DAYS, MOST_DAYS, resource_detail, resource_of
from costing.selectors.resources import resource_list
from costing.services import findings as decisions
from finops.core.time_zones import show_in

_DAYS = (3, DEFAULT_DAYS, MOST_DAYS)


@require_safe
@login_required
def resources(request: SignedInRequest) -> HttpResponse:
    """Everything that the accounts in scope hold, of all kinds."""
    form = ResourcesForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    answer = resource_list(scope, form.wanted(), now=now)
    if answer.wanted.page > answer.pages:
        raise Http404(f"There is no page {answer.wanted.page}; the last one is {answer.pages}.")
    context = {"list": answer, "frame": Frame(scope, answer.health, now), "now": now}
    return render(request, "costing/resources.html", context)


@require_safe
@login_required
def resource(request: SignedInRequest, pk: int) -> HttpResponse:
    """One resource: facts, tags, metrics with their limits, findings, and what AWS told."""
    form = ResourceForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    found = resource_of(request.user, pk=pk)
    if found is None:
        raise Http404
    show_in(found.aws_account.team.time_zone)
    now = timezone.now()
    days = form.cleaned_data["days"] or DEFAULT_DAYS
    detail = resource_detail(request.user, resource=found, days=days, now=now)
    context = {"detail": detail, "charts": metric_charts(detail.series), "periods": _DAYS, "days": days, "now": now}
    return render(request, "costing/resource.html", context)


@require_safe
@login_required
def findings(request: SignedInRequest) -> HttpResponse:
    """Bottlenecks and what nobody uses, with the evidence."""
    form = FindingsForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    answer = finding_list(scope, form.wanted(), now=now)
    if answer.wanted.page > answer.pages:
        raise Http404(f"There is no page {answer.wanted.page}; the last one is {answer.pages}.")
    context = {
        "list": answer,
        "frame": Frame(scope, answer.health, now),
        "rules": rule_choices(),
        "snooze": snooze_days(now),
        "now": now,
    }
    return render(request, "costing/findings.html", context)


@require_POST
@login_required
def finding_decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accept, dismiss, put off or reopen a finding, and go on where the reader was."""
    if finding_of(request.user, pk=pk) is None:
        raise Http404
    finding = operable_finding(request.user, pk=pk)
    if finding is None:
        raise PermissionDenied("Only operators and owners of the team may decide on its findings.")
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return unusable(request, form)
    given = form.cleaned_data
    actor, now = Actor.of_request(request, Door.PAGE), timezone.now()
    try:
        if given["decision"] == "accept":
            decisions.accept(finding=finding, actor=actor, now=now)
        elif given["decision"] == "dismiss":
            decisions.dismiss(finding=finding, reason=given["reason"], actor=actor, now=now)
        elif given["decision"] == "snooze":
            decisions.snooze(finding=finding, until=form.until_at() or now, actor=actor, now=now)
        else:
            decisions.reopen(finding=finding, actor=actor, now=now)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"“{finding}” is kept as decided.")
    is_ours = url_has_allowed_host_and_scheme(given["next"], allowed_hosts={request.get_host()})
    return redirect(given["next"] if is_ours else reverse("findings"))
