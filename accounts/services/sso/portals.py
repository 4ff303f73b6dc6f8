"""Which portals a team signs in at: taken in and forgotten."""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.clients.aws.sso_profiles import SsoProfile
from accounts.models import SsoSession, Team
from accounts.services.audit import Actor, record
from accounts.services.refusal import Refused
from accounts.services.sso.sign_in import sign_out
from finops.core.upstream.errors import UpstreamError


def register_portal(
    *,
    team: Team,
    name: str,
    start_url: str,
    sso_region: str,
    actor: Actor,
    now: datetime,
    wanted: Iterable[SsoProfile] = (),
) -> SsoSession:
    """Store where the team signs in; AWS is asked when somebody does. Raises Refused where the name is taken.

    `wanted` are accounts and roles that a pasted profile named: they are ticked once AWS offers them.
    """
    session = SsoSession(
        team=team,
        name=name,
        start_url=start_url,
        sso_region=sso_region,
        wanted=[
            {"account_id": each.account_id, "role_name": each.role_name, "name": each.name, "region": each.region}
            for each in wanted
        ],
    )
    told = {"name": name, "start_url": start_url, "sso_region": sso_region}
    try:
        with transaction.atomic():
            session.save(force_insert=True)
            record(actor=actor, action="sso.registered", target=session, team=team, now=now, after=told)
    except IntegrityError as error:
        raise Refused("The team has a sign-in of that name already.", field="name") from error
    return session


def forget_portal(*, session: SsoSession, actor: Actor, now: datetime) -> UpstreamError | None:
    """Sign out and delete the row; what AWS did not hear is returned. Raises Refused while accounts rest on it."""
    if names := list(session.aws_accounts.order_by("name").values_list("name", flat=True)[:5]):
        raise Refused(f"Accounts are entered by this sign-in: {', '.join(names)}. Remove them first.")
    error = sign_out(session=session, actor=actor, now=now)
    told = {"name": session.name, "start_url": session.start_url, "sso_region": session.sso_region}
    with transaction.atomic():
        record(actor=actor, action="sso.removed", target=session, team=session.team, now=now, before=told)
        SsoSession.objects.filter(pk=session.pk).delete()
    return error
