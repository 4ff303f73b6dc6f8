"""Keeps questions to the explorer under names."""

from datetime import datetime

from accounts.models import Team, User
from accounts.services.refusal import Refused
from costing.models import SavedView
from costing.selectors.saved_views import teams_to_share_with

MOST_VIEWS = 100  # of one user or team: a list that people still read


def save_view(*, user: User, team: Team | None, name: str, query: str, now: datetime) -> SavedView:
    """Keep `query` as `name`, for `user` alone or for all of `team`; a name that is there takes the new question.

    Raises Refused where `user` may only look at `team`, or where there are as many views as anybody reads.
    """
    if team is not None and not teams_to_share_with(user).filter(pk=team.pk).exists():
        raise Refused("Only operators and owners of the team may save a view for it.", field="share_with")
    owner = {"team": team, "user": None} if team else {"user": user, "team": None}
    views = SavedView.objects.filter(**owner)
    if not views.filter(name=name).exists() and views.count() >= MOST_VIEWS:
        raise Refused(f"There are {MOST_VIEWS} views already. Forget one first.", field="name")
    view, _ = SavedView.objects.update_or_create(
        **owner, name=name, defaults={"query": query}, create_defaults={"query": query, "created_at": now}
    )
    return view


def forget_view(*, user: User, pk: int) -> bool:
    """Remove the user's own view, or one of a team they may save views for; False where there is none such."""
    removed, _ = SavedView.objects.filter(pk=pk, user=user).delete()
    if not removed:
        removed, _ = SavedView.objects.filter(pk=pk, team__in=teams_to_share_with(user)).delete()
    return bool(removed)
