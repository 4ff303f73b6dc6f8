"""Who is in a team, and as what. A team always keeps an owner."""

from datetime import datetime

from django.db import transaction

from accounts.models import Membership, Role, Team, User
from accounts.services.audit import Actor, record
from accounts.services.refusal import Refused


@transaction.atomic
def add_member(*, team: Team, email: str, role: Role, actor: Actor, now: datetime) -> Membership:
    """Add a person who has signed up already; raises Refused where there is none, or they are in the team."""
    _locked(team)
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise Refused(
            "Nobody with this e-mail address can sign in here. Ask your platform admin to add them first.",
            field="email",
        )
    if Membership.objects.filter(team=team, user=user).exists():
        raise Refused(f"{user.email} is in the team already; change the role in the list.", field="email")
    member = Membership.objects.create(team=team, user=user, role=role)
    _record(member, "member.added", actor=actor, now=now, after=role)
    return member


@transaction.atomic
def change_role(*, member: Membership, role: Role, actor: Actor, now: datetime) -> bool:
    """Give a member another role; whether it was another. Raises Refused for the last owner."""
    _locked(member.team)
    member.refresh_from_db(fields=["role"])
    before = member.role
    if before == role:
        return False
    if before == Role.OWNER:
        _keep_an_owner(member)
    member.role = role
    member.save(update_fields=["role"])
    _record(member, "member.role_changed", actor=actor, now=now, before=before, after=role)
    return True


@transaction.atomic
def remove_member(*, member: Membership, actor: Actor, now: datetime) -> None:
    """Take a member out of the team; raises Refused for the last owner. Twice does no harm."""
    _locked(member.team)
    if not Membership.objects.filter(pk=member.pk).exists():
        return
    member.refresh_from_db(fields=["role"])
    if member.role == Role.OWNER:
        _keep_an_owner(member)
    _record(member, "member.removed", actor=actor, now=now, before=member.role)
    member.delete()


def _locked(team: Team) -> None:
    """Let nobody else change the members meanwhile: two owners who leave at once would leave none."""
    Team.objects.select_for_update().get(pk=team.pk)


def _keep_an_owner(member: Membership) -> None:
    others = Membership.objects.filter(team=member.team, role=Role.OWNER, user__is_active=True).exclude(pk=member.pk)
    if not others.exists():
        raise Refused(f"{member.user.email} is the last owner of {member.team.name}. Make somebody else owner first.")


def _record(member: Membership, action: str, *, actor: Actor, now: datetime, before: str = "", after: str = "") -> None:
    record(
        actor=actor,
        action=action,
        target=member,
        team=member.team,
        now=now,
        before={"role": before} if before else {},
        after={"role": after} if after else {},
    )
