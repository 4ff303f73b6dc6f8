"""What the person who signed in may enter, and what of it the team takes in."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.views.decorators.debug import sensitive_variables

from accounts.clients.aws.identity_center import IdentityCenter, PortalAccount
from accounts.estimators.roles import may_change_things
from accounts.models import AccessKind, AwsAccount, SsoSession
from accounts.services.audit import Actor
from accounts.services.refusal import Refused
from accounts.services.registration import change_account, take_in
from accounts.services.sso.tokens import sso_token
from accounts.sources import identity_center

MOST_ACCOUNTS = 300  # each is asked for its roles by itself
_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Pick:
    """An account and the role by which it is to be entered."""

    account_id: str
    role_name: str


@dataclass(frozen=True, slots=True)
class Picked:
    """What became of the picks: accounts taken in or changed, and why others were not."""

    taken: tuple[AwsAccount, ...]
    refused: tuple[tuple[str, str], ...]  # an account's name, and why


@sensitive_variables()
def list_offers(*, session_id: int, now: datetime) -> int:
    """Ask AWS which accounts and roles the signed-in person may enter, and keep the list; how many accounts.

    Of more than MOST_ACCOUNTS the first by id are kept, and the count says so. Raises UpstreamError.
    """
    token = sso_token(session_id)
    session = SsoSession.objects.get(pk=session_id)
    portal = identity_center(session)
    accounts = portal.accounts(token)
    asked = accounts[:MOST_ACCOUNTS]
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="portal") as pool:
        roles = list(pool.map(partial(_roles, portal, token), asked))
    offered = [
        {"account_id": account.account_id, "name": account.name, "roles": of_account}
        for account, of_account in zip(asked, roles, strict=True)
    ]
    SsoSession.objects.filter(pk=session_id, fence=session.fence).update(
        offered=offered, offered_count=len(accounts), offered_at=now
    )
    return len(accounts)


def pick_accounts(
    *, session: SsoSession, picks: Iterable[Pick], home_region: str, actor: Actor, now: datetime
) -> Picked:
    """Take in each account by its role, after AWS has let us in; one that is there by this sign-in changes its role.

    Each is taken or refused by itself. Raises Refused where a pick is not among what AWS offered.
    """
    picks = list(picks)
    names = {each["account_id"]: each["name"] for each in session.offered}
    offered = {(each["account_id"], role) for each in session.offered for role in each["roles"]}
    for pick in picks:
        if (pick.account_id, pick.role_name) not in offered:
            raise Refused("AWS does not offer that account with that role. List them again, and choose anew.")
        if may_change_things(pick.role_name):
            raise Refused(
                f"{pick.role_name} is a role of administrators, and reading is all that is needed. Ask the "
                "administrator of IAM Identity Center for a role that reads."
            )
    taken: list[AwsAccount] = []
    refused: list[tuple[str, str]] = []
    there = {account.account_id: account for account in session.aws_accounts.filter(removal_requested_at=None)}
    regions = {each["account_id"]: each["region"] for each in session.wanted if each.get("region")}
    for pick in picks:
        name = names[pick.account_id]
        known = there.get(pick.account_id)
        try:
            if known is not None:
                if known.sso_role_name != pick.role_name:
                    change_account(account=known, changes={"sso_role_name": pick.role_name}, actor=actor, now=now)
                    taken.append(known)
                continue
            account = AwsAccount(
                team=session.team,
                account_id=pick.account_id,
                name=name,
                access_kind=AccessKind.SSO,
                sso_session=session,
                sso_role_name=pick.role_name,
                home_region=regions.get(pick.account_id, home_region),
            )
            taken.append(take_in(account, actor=actor, now=now).account)
        except Refused as refusal:
            refused.append((name, f"{refusal.message} {refusal.fix}".strip()))
    return Picked(tuple(taken), tuple(refused))


def _roles(portal: IdentityCenter, token: str, account: PortalAccount) -> list[str]:
    return portal.roles(token, account.account_id)
