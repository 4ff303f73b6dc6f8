"""Puts the demo's people, teams and accounts into the database, once."""

from django.db import transaction
from django.utils.text import slugify

from accounts.models import AccessKind, AwsAccount, Membership, SsoSession, Team, User
from finops.sandbox.aws.profiles import SESSION_NAME, SSO_REGION
from finops.sandbox.aws.sso import START_URL
from finops.sandbox.people import DEMO_ACCOUNTS, PEOPLE, TEAMS, DemoAccount


@transaction.atomic
def seed() -> None:
    """Add what is missing; what is there stays as it is, changed by whoever changed it."""
    teams = {name: Team.objects.get_or_create(slug=slugify(name), defaults={"name": name})[0] for name in TEAMS}
    for person in PEOPLE:
        user = User.objects.filter(email__iexact=person.email).first()
        if user is None:
            user = User.objects.create_user(
                person.email,
                person.password,
                first_name=person.first_name,
                is_staff=person.is_platform_admin,
                is_superuser=person.is_platform_admin,
            )
        for place in person.memberships:
            Membership.objects.get_or_create(team=teams[place.team], user=user, defaults={"role": place.role})
    for demo in DEMO_ACCOUNTS:
        payer = AwsAccount.objects.filter(team=teams[demo.team], account_id=demo.payer_account_id).first()
        AwsAccount.objects.get_or_create(
            team=teams[demo.team],
            account_id=demo.account_id,
            defaults={
                "name": demo.name,
                "home_region": demo.home_region,
                "payer": payer,
                **_way_in(demo, teams[demo.team]),
            },
        )


def _way_in(demo: DemoAccount, team: Team) -> dict[str, object]:
    """By a profile of this machine, or by a sign-in that nobody has made yet."""
    if not demo.sso_role_name:
        return {"access_kind": AccessKind.HOST_PROFILE, "profile_name": demo.profile_name}
    session, _ = SsoSession.objects.get_or_create(
        team=team, name=SESSION_NAME, defaults={"start_url": START_URL, "sso_region": SSO_REGION}
    )
    return {"access_kind": AccessKind.SSO, "sso_session": session, "sso_role_name": demo.sso_role_name}
