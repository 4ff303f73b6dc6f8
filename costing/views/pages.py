"""The pages of costs and carbon."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms.aws_accounts import RemoveForm
from accounts.models import Door
from accounts.selectors.frame import Frame
from accounts.selectors.roles import owns
from accounts.services.audit import Actor
from accounts.services.removal import STATEMENTS_A_REQUEST, request_removal, wipe
from accounts.services.teams import change_team
from accounts.views import SignedInRequest, owned_account_or_refuse, scope_or_404, team_of_page, unusable
from costing.charts import bridge_chart, instance_lanes, overview_chart
from costing.estimators.money import USD
from costing.forms import (
    DEFAULT_DAYS,
    DEFAULT_HOURS,
    ChecksForm,
    ColumnsForm,
    InstanceForm,
    InstancesForm,
    ScopeForm,
    TeamSettingsForm,
    WindowForm,
)
from costing.selectors.checks import checks as checks_of
from costing.selectors.checks import shown_bridge
from costing.selectors.findings.listing import findings_of_instance
from costing.selectors.instance import (
    instance_between_neighbours,
    instance_detail,
    instance_of,
    runtime_detail,
)
from costing.selectors.instance_columns import COLUMNS, TABLE, chosen_columns
from costing.selectors.instances import instance_list
from costing.selectors.money import display_rate
from costing.selectors.overview import overview as overview_of
from costing.selectors.rates import rates_in_force
from costing.selectors.removal import what_removal_wipes
from costing.services.table_columns import choose_columns, forget_columns
from finops.core.periods import utc_day
from finops.core.time_zones import show_in

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
            "frame": Frame(scope, answer.health, now),
            "chart": overview_chart(answer),
            "form": form,
            "periods": PERIODS,
            "days": _days(form),
            "now": now,
        },
    )


@require_safe
@login_required
def checks(request: SignedInRequest) -> HttpResponse:
    """How far the figures can be trusted, and what would raise that."""
    form = ChecksForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    now = timezone.now()
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    answer = checks_of(scope, form.window(now=now))
    shown = shown_bridge(answer, account_id=form.cleaned_data["account"], month=form.cleaned_data["bridge"])
    return render(
        request,
        "costing/checks.html",
        {
            "checks": answer,
            "shown": shown,
            "chart": bridge_chart(shown.lines, USD) if shown else None,
            "periods": PERIODS,
            "days": _days(form),
            "now": now,
            "frame": Frame(scope, answer.health, now),
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
    columns = chosen_columns(request.user)
    return render(
        request,
        "costing/instances.html",
        {
            "list": answer,
            "frame": Frame(scope, answer.health, now),
            "columns": columns,
            "shown": {column.key for column in columns},
            "all_columns": COLUMNS,
            "form": form,
            "periods": PERIODS,
            "days": _days(form),
            "now": now,
        },
    )


@require_POST
@login_required
def instance_columns(request: SignedInRequest) -> HttpResponse:
    """Keep which columns the list shows its reader, and show it."""
    if "usual" in request.POST:
        forget_columns(user=request.user, table=TABLE)
        query = QueryDict(request.POST.get("query", "")[:2000]).urlencode()
    else:
        form = ColumnsForm(request.POST)
        if not form.is_valid():
            return unusable(request, form)
        choose_columns(user=request.user, table=TABLE, columns=form.cleaned_data["columns"])
        query = form.cleaned_data["query"]
    return redirect(f"{reverse('instances')}?{query}" if query else reverse("instances"))


@require_safe
@login_required
def instance(request: SignedInRequest, pk: int) -> HttpResponse:
    """One instance: facts, ledger, and what its figures rest on."""
    form = InstanceForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    place = instance_between_neighbours(request.user, pk=pk)
    if place is None:
        raise Http404
    found, before, behind = place
    show_in(found.aws_account.team.time_zone)
    now = timezone.now()
    hours = form.cleaned_data["hours"] or DEFAULT_HOURS
    detail = instance_detail(request.user, instance=found, window=form.window(now=now), hours=hours)
    return render(
        request,
        "costing/instance.html",
        {
            "detail": detail,
            "findings": findings_of_instance(request.user, found.pk),
            "before": before,
            "behind": behind,
            "frame": Frame(scope_or_404(request.user, ""), detail.health, now),
            "lanes": detail.lanes,
            "lane_charts": instance_lanes(detail.lanes),
            "form": form,
            "hours": str(hours),
            "periods": PERIODS,
            "days": _days(form),
            "now": now,
        },
    )


@require_safe
@login_required
def instance_runtime(request: SignedInRequest, pk: int) -> HttpResponse:
    """When an instance ran and how we know: a page, or the part of the instance's page that is fetched late."""
    form = InstanceForm(request.GET)
    if not form.is_valid():
        return unusable(request, form)
    found = instance_of(request.user, pk=pk)
    if found is None:
        raise Http404
    show_in(found.aws_account.team.time_zone)
    now = timezone.now()
    detail = runtime_detail(request.user, instance=found, window=form.window(now=now))
    template = "costing/_runtime_part.html" if request.htmx else "costing/instance_runtime.html"
    return render(request, template, {"detail": detail, "periods": PERIODS, "days": _days(form), "now": now})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def team_settings(request: SignedInRequest) -> HttpResponse:
    """How a team reads its figures: everybody sees it, owners change it."""
    team, teams = team_of_page(request)
    if team is None:
        return render(
            request, "accounts/choose_team.html", {"teams": teams, "page": "team-settings", "title": "Settings"}
        )
    may_change = owns(request.user, team)
    if request.method == "POST" and not may_change:
        raise PermissionDenied("Only owners of the team may change its settings.")
    now = timezone.now()
    rates = rates_in_force(utc_day(now))
    form = TeamSettingsForm(request.POST if request.method == "POST" else None, team=team, rates=rates)
    if request.method == "POST" and form.is_valid():
        actor = Actor.of_request(request, Door.PAGE)
        if change_team(team=team, settings=form.cleaned_data, actor=actor, now=now):
            messages.success(request, "The settings are changed.")
        return redirect(f"{reverse('team-settings')}?team={team.slug}")
    context = {
        "team": team,
        "form": form,
        "may_change": may_change,
        "rate": display_rate(team=team, day=utc_day(now)),
        "now": now,
    }
    return render(request, "costing/team_settings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove an account, after saying what is wiped and what is kept."""
    account = owned_account_or_refuse(request, pk)
    form = RemoveForm(request.POST if request.method == "POST" else None, account=account)
    if request.method == "POST" and form.is_valid():
        request_removal(account=account, actor=Actor.of_request(request, Door.PAGE), now=timezone.now())
        if wipe(account=account, statements=STATEMENTS_A_REQUEST):
            messages.success(request, f"{account.name} and its data are gone.")
        else:
            messages.success(request, f"{account.name} is gone from all pages; its data are wiped within minutes.")
        return redirect("accounts")
    context = {"account": account, "form": form, "wiped": what_removal_wipes(request.user, account)}
    return render(request, "costing/account_remove.html", context)
