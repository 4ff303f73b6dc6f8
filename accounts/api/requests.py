"""What every API view of this project starts from."""

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User
from accounts.selectors.scope import Scope, scope_of


class SignedInApiRequest(Request):
    """A request that the default permission let through."""

    user: User


class ReadView(APIView):
    """A view that only reads."""

    http_method_names = ["get", "head", "options"]


def scope_or_404(user: User, team_slug: str) -> Scope:
    """The scope that `team_slug` names; a team the user is not in does not exist for them."""
    scope = scope_of(user, team_slug=team_slug)
    if scope is None:
        raise NotFound("You are in no team with that slug.")
    return scope
