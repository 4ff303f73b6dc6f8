"""What every page shows around its content: whose figures it is about, and how their data stand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.selectors.health import DataHealth, data_health
from accounts.selectors.scope import Scope, scope_of


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of a page. A view that has asked already gives its own `frame` and saves three queries."""

    scope: Scope
    health: DataHealth
    now: datetime


def frame(request: HttpRequest) -> dict[str, Any]:
    """`frame` for the templates; nothing is asked before one of them looks at it."""
    return {"frame": SimpleLazyObject(lambda: _frame_of(request))}


def _frame_of(request: HttpRequest) -> Frame | None:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return None
    now = timezone.now()
    # A page that refuses the team says so itself; its header then speaks of all teams.
    scope = scope_of(user, team_slug=request.GET.get("team", "")[:60]) or scope_of(user)
    return Frame(scope, data_health(scope, now=now), now) if scope else None
