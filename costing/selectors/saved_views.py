"""The views of the explorer that a user finds: their own, then those of their teams."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F

from accounts.models import Membership, Role, Team, User
from accounts.models.team import TeamQuerySet
from costing.models import SavedView


@dataclass(frozen=True, slots=True)
class NamedView:
    """A saved question."""

    id: int
    name: str
    query: str
    team_name: str  # empty where it is the user's own
    may_forget: bool


def teams_to_share_with(user: User) -> TeamQuerySet:
    """The teams that `user` may save views for: not those they may only look at."""
    return Team.objects.filter(memberships__in=Membership.objects.held_by(user, at_least=Role.OPERATOR))


def saved_views(user: User, shared_by: Iterable[Team]) -> list[NamedView]:
    """Own ones first, each group by name; those of the teams in `shared_by` may be forgotten by `user`. One query."""
    may_share = {team.pk for team in shared_by}
    rows = (
        SavedView.objects.visible_to(user)
        .order_by(F("team__name").asc(nulls_first=True), "name")
        .values_list("pk", "name", "query", "team_id", "team__name")
        .distinct()
    )
    return [
        NamedView(pk, name, query, team_name or "", may_forget=team_id is None or team_id in may_share)
        for pk, name, query, team_id, team_name in rows
    ]
