"""What a user may do in a team, and who else is in it."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import AwsAccount, Membership, Role, Team, User


def team_with_role(user: User, *, slug: str, at_least: Role) -> Team | None:
    """The team of that slug where `user` is `at_least` that; None where they are not."""
    held = Membership.objects.held_by(user, at_least=at_least)
    return Team.objects.filter(memberships__in=held, slug=slug).first()


def owned_teams(user: User) -> list[Team]:
    """The teams that `user` owns, by name."""
    return list(Team.objects.owned_by(user).order_by("name"))


def teams_of(user: User) -> list[Team]:
    """The user's teams by name, each with `your_role`, `account_count` and `member_count`; one query."""
    mine = Membership.objects.held_by(user).filter(team=OuterRef("pk"))
    return list(
        Team.objects.visible_to(user)
        .annotate(
            your_role=Subquery(mine.values("role")[:1]),
            account_count=_count(AwsAccount.objects.filter(team=OuterRef("pk"), removal_requested_at=None)),
            member_count=_count(Membership.objects.filter(team=OuterRef("pk"))),
        )
        .order_by("name")
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values("team").annotate(rows=Count("pk")).values("rows")), 0)


def owns(user: User, team: Team) -> bool:
    """Whether `user` is an owner of `team`."""
    return Team.objects.owned_by(user).filter(pk=team.pk).exists()


def members_of(user: User, team: Team) -> list[Membership]:
    """The members of `team`, owners first, then by e-mail address; none where `user` is not in it."""
    members = Membership.objects.visible_to(user).filter(team=team).select_related("user", "team")
    order = {role.value: place for place, role in enumerate(reversed(Role))}
    return sorted(members, key=lambda member: (order[member.role], member.user.email))


def member_of(user: User, *, pk: int) -> Membership | None:
    """The membership of that key, where `user` is in the same team."""
    return Membership.objects.visible_to(user).select_related("user", "team").filter(pk=pk).first()


def visible_account(user: User, *, pk: int) -> AwsAccount | None:
    """The account of that key, where `user` is in its team."""
    accounts = AwsAccount.objects.visible_to(user).select_related("team", "payer", "sso_session")
    return accounts.filter(pk=pk).first()


def owned_account(user: User, *, pk: int) -> AwsAccount | None:
    """The account of that key, where `user` owns its team."""
    return AwsAccount.objects.owned_by(user).select_related("team", "payer").filter(pk=pk).first()


def accounts_being_removed(user: User) -> int:
    """How many accounts of the user's teams are hidden already while their rows are wiped."""
    teams = Team.objects.visible_to(user)
    return AwsAccount.objects.filter(team__in=teams, removal_requested_at__isnull=False).count()
