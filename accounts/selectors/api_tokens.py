"""A person's API tokens."""

from accounts.models import ApiToken, Team, User


def tokens_of(user: User, team: Team) -> list[ApiToken]:
    """The user's own tokens for `team`, the newest first; revoked and expired ones too, so that none is forgotten."""
    return list(ApiToken.objects.visible_to(user).filter(team=team))


def token_of(user: User, *, pk: int) -> ApiToken | None:
    """One of the user's own tokens."""
    return ApiToken.objects.visible_to(user).filter(pk=pk).select_related("team").first()
