"""The explorer's page, and the views that people save of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors.frame import Frame
from accounts.services.refusal import Refused
from accounts.views import SignedInRequest, scope_or_404, unusable
from costing.charts import explorer_chart
from costing.estimators.exploration import Every
from costing.forms.explorer import FILTERS, ExplorerForm, SaveViewForm
from costing.selectors.explorer import (
    NONE,
    Block,
    Dimension,
    Exploration,
    Kind,
    Line,
    Measure,
    Question,
    explore,
    why_unanswerable,
)
from costing.selectors.saved_views import saved_views, teams_to_share_with
from costing.services.saved_views import forget_view, save_view

_PARAMETERS = {dimension: name for name, dimension in FILTERS.items()} | {Dimension.TEAM: "team"}
# What a click goes on to: the next finer thing that the same measure is known by.
_FINER_BILL = (
    Dimension.ACCOUNT,
    Dimension.SERVICE,
    Dimension.REGION,
    Dimension.USAGE_TYPE,
    Dimension.RECORD_TYPE,
)
_FINER_LEDGER = (Dimension.ACCOUNT, Dimension.REGION, Dimension.TYPE, Dimension.INSTANCE)


@dataclass(frozen=True, slots=True)
class Crumb:
    """Something the rows are narrowed to, and the address without it."""

    label: str
    value: str
    address: str


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block with its chart, and its lines with where each leads."""

    block: Block
    chart_id: str
    chart: dict[str, object]
    lines: tuple[tuple[Line, str], ...]


@require_safe
@login_required
def explorer(request: SignedInRequest) -> HttpResponse:
    """Cost, energy or carbon of a scope by up to two things, over time."""
    form = ExplorerForm.of_address(request.GET)
    now = timezone.now()
    if not form.is_valid() and form.unanswerable is None:
        return unusable(request, form)
    scope = scope_or_404(request.user, form.cleaned_data["team"])
    if form.unanswerable is not None:
        # A question that no data can answer keeps its controls, so that it can be changed here.
        context: dict[str, object] = {"refusal": form.errors["measure"][0], "scope": scope}
        context |= _controls(form.unanswerable, form, request.GET)
        return render(request, "costing/explorer.html", context, status=400)
    question = form.question()
    answer = explore(scope, form.window(now=now), question)
    sharing = list(teams_to_share_with(request.user).order_by("name"))
    return render(
        request,
        "costing/explorer.html",
        {
            "exploration": answer,
            "refusal": answer.refusal,
            "scope": scope,
            "frame": Frame(scope, answer.health, now),
            "blocks": [_shown(number, block, answer, request.GET) for number, block in enumerate(answer.blocks)],
            "crumbs": _crumbs(answer, request.GET),
            "views": saved_views(request.user, sharing),
            "sharing": sharing,
            "now": now,
        }
        | _controls(question, form, request.GET),
    )


@require_POST
@login_required
def save(request: SignedInRequest) -> HttpResponse:
    """Keep the question of the page under a name."""
    form = SaveViewForm(request.POST)
    if not form.is_valid():
        return unusable(request, form)
    scope = scope_or_404(request.user, form.cleaned_data["share_with"])
    query = form.cleaned_data["query"]
    try:
        view = save_view(
            user=request.user, team=scope.team, name=form.cleaned_data["name"], query=query, now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, f"“{view.name}” is saved{f' for {scope.team.name}' if scope.team else ''}.")
    return HttpResponseRedirect(f"{reverse('explorer')}?{query}")


@require_POST
@login_required
def forget(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove a saved view."""
    if not forget_view(user=request.user, pk=pk):
        raise Http404
    messages.success(request, "The view is forgotten.")
    return redirect("explorer")


def _controls(question: Question, form: ExplorerForm, given: QueryDict) -> dict[str, object]:
    chosen = {name: given[name] for name in ("team", "days", "month", "from", "to", *FILTERS) if given.get(name)}
    return {
        "question": question,
        "first_by": question.group_by[0],
        "then_by": question.group_by[1] if len(question.group_by) > 1 else "",
        "measures": [(measure.value, measure.label) for measure in Measure],
        "dimensions": [(dimension.value, dimension.label) for dimension in Dimension],
        "stretches": list(Every),
        "kept": chosen,
        "days": None if chosen.keys() & {"month", "from", "to"} else form.cleaned_data.get("days") or 30,
        "periods": (7, 30, 90),
    }


def _shown(number: int, block: Block, answer: Exploration, given: QueryDict) -> ShownBlock:
    lines = tuple((line, _address(line, answer.question, given)) for line in block.lines)
    return ShownBlock(block, f"explorer-chart-{number}", explorer_chart(answer, block, [a for _, a in lines]), lines)


def _address(line: Line, question: Question, given: QueryDict) -> str:
    """Where a line leads: to the same question narrowed to it and grouped finer, at last to the instance."""
    if line.kind is not Kind.GROUP:
        return ""
    narrowed = dict(zip(question.group_by, line.keys, strict=True))
    if Dimension.INSTANCE in narrowed:
        return reverse("instance", args=[narrowed[Dimension.INSTANCE]])
    finer = _finer(question, narrowed)
    if finer is None:
        return ""
    query = given.copy()
    for dimension, key in narrowed.items():
        query[_PARAMETERS[dimension]] = key or NONE
    query["group_by"] = finer
    query.pop("then_by", None)
    return f"?{query.urlencode()}"


def _finer(question: Question, narrowed: Mapping[Dimension, str]) -> Dimension | None:
    """What to group by once `narrowed` is chosen: what comes after it, else what else there is; None at the end."""
    filters = {**question.filters, **narrowed}
    order: tuple[Dimension, ...] = _FINER_BILL if question.measure.is_bill else _FINER_LEDGER
    if question.measure.is_bill and filters.keys() >= {Dimension.SERVICE, Dimension.ACCOUNT}:
        order = (Dimension.RECORD_TYPE,)  # the region too would be a third thing, which no payer's bill tells
    elif Dimension.TAG in narrowed:
        order = (Dimension.INSTANCE,)
    behind = max((order.index(each) + 1 for each in narrowed if each in order), default=0)
    for each in (*order[behind:], *order[:behind]):
        question_then = replace(question, group_by=(each,), filters=filters)
        if each not in filters and not why_unanswerable(question_then):
            return each
    return None


def _crumbs(answer: Exploration, given: QueryDict) -> list[Crumb]:
    labels = {
        account.aws_account_id: account.name for account in answer.health.accounts if account.account_id is not None
    }
    crumbs = []
    for dimension, value in answer.question.filters.items():
        without = {name: values for name, values in given.lists() if name != _PARAMETERS[dimension]}
        label = f"Tag {answer.question.tag}" if dimension is Dimension.TAG else dimension.label
        crumbs.append(Crumb(label, labels.get(value, value) or "none", f"?{urlencode(without, doseq=True)}"))
    return crumbs
