"""What every API view of this project starts from."""

from rest_framework.request import Request

from accounts.models import User
from accounts.selectors.scope import Scope, scope_of
from finops.core.problems import NoSuchValue


class SignedInApiRequest(Request):
    """A request that the default permission let through."""

    user: User


def scope_or_404(user: User, team_slug: str) -> Scope:
    """The scope that `team_slug` names; a team the user is not in does not exist for them."""
    scope = scope_of(user, team_slug=team_slug)
    if scope is None:
        raise NoSuchValue("team", "You are in no team with that slug.")
    return scope
