"""Whose figures are asked for: one team of a user's, or all of them."""

from dataclasses import dataclass

from accounts.models import AwsAccount, Instance, Resource, Team, User
from accounts.models.aws_account import AwsAccountQuerySet
from accounts.models.instance import InstanceQuerySet
from accounts.models.resource import ResourceQuerySet


@dataclass(frozen=True, slots=True)
class Scope:
    """A user's teams, or one of them. Every other selector narrows what `visible_to(user)` gives by it."""

    user: User
    teams: tuple[Team, ...]  # all the user's teams, by name
    team: Team | None = None  # the chosen one

    @property
    def time_zone(self) -> str:
        """In which times are shown: the chosen team's zone, or the one that all teams share, else UTC."""
        zones = {team.time_zone for team in ([self.team] if self.team else self.teams)}
        return zones.pop() if len(zones) == 1 else "UTC"

    def accounts(self) -> AwsAccountQuerySet:
        """The AWS accounts in scope."""
        accounts = AwsAccount.objects.visible_to(self.user)
        return accounts.filter(team=self.team) if self.team else accounts

    def instances(self) -> InstanceQuerySet:
        """The instances of those accounts, gone ones included."""
        instances = Instance.objects.visible_to(self.user)
        return instances.filter(aws_account__team=self.team) if self.team else instances

    def resources(self) -> ResourceQuerySet:
        """What else those accounts hold, gone ones included."""
        resources = Resource.objects.visible_to(self.user)
        return resources.filter(aws_account__team=self.team) if self.team else resources


def scope_of(user: User, *, team_slug: str = "") -> Scope | None:
    """The scope that `team_slug` names, empty for all teams; None where the user is in no such team."""
    teams = tuple(Team.objects.visible_to(user).order_by("name"))
    if not team_slug:
        return Scope(user, teams)
    chosen = next((team for team in teams if team.slug == team_slug), None)
    return Scope(user, teams, chosen) if chosen else None
