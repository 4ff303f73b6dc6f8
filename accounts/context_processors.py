"""What every page shows around its content: whose figures it is about, and how their data stand."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.selectors.frame import Frame
from accounts.selectors.health import data_health
from accounts.selectors.scope import scope_of


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
