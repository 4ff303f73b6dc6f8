"""The sign-ins to AWS that a user may know of, and how each stands. No secret is read here."""

from dataclasses import dataclass
from datetime import datetime

from accounts.clients.aws.sso_profiles import SsoProfile, written_block
from accounts.estimators.roles import may_change_things
from accounts.models import AwsAccount, SsoSession, SsoState, Team, User
from accounts.models.sso_session import SsoSessionQuerySet

_SEALED = ("client_id", "client_secret", "device_code", "refresh_token")


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in as pages show it. `code` and `page` are empty for all but who began it."""

    id: int
    name: str
    team: Team
    start_url: str
    sso_region: str
    state: SsoState
    state_words: str
    problem: str
    code: str
    page: str
    code_expires_at: datetime | None
    begun_by: str
    signed_in_by: str
    signed_in_at: datetime | None
    ends_at: datetime | None
    accounts: tuple[AwsAccount, ...]
    offered_count: int
    listed_count: int
    offered_at: datetime | None
    profiles: str

    @property
    def is_waiting(self) -> bool:
        """Whether a code waits for its confirmation."""
        return self.state is SsoState.WAITING

    @property
    def is_signed_in(self) -> bool:
        """Whether accounts can be entered."""
        return self.state is SsoState.SIGNED_IN


@dataclass(frozen=True, slots=True)
class Offer:
    """An account that the signed-in person may enter, its roles, and what is to be ticked."""

    account_id: str
    name: str
    roles: tuple[str, ...]
    left_out: int  # roles of administrators, which are never stored
    chosen: str  # the role that is chosen, or was in a pasted profile
    is_taken: bool  # entered by this sign-in already
    taken_otherwise: str  # how the team enters it already, where that is not by this sign-in


def sign_ins_of(user: User, team: Team, *, now: datetime) -> list[SignIn]:
    """The team's sign-ins by name, two queries; none where `user` is not in the team."""
    rows = _rows(user).filter(team=team).order_by("name", "pk")
    return [_told(row, user=user, now=now) for row in rows]


def sign_in_of(user: User, *, pk: int, now: datetime) -> SignIn | None:
    """One of them, or None where the user may not know of it."""
    row = _rows(user).filter(pk=pk).first()
    return _told(row, user=user, now=now) if row else None


def visible_sign_in(user: User, *, pk: int) -> SsoSession | None:
    """The row itself, where `user` is in its team."""
    return SsoSession.objects.visible_to(user).select_related("team").filter(pk=pk).first()


def owned_sign_in(user: User, *, pk: int) -> SsoSession | None:
    """The row itself, where `user` owns its team."""
    return SsoSession.objects.owned_by(user).select_related("team").filter(pk=pk).first()


def offers_of(session: SsoSession) -> list[Offer]:
    """What AWS offered at the latest listing, by name; one query. Roles of administrators are left out."""
    team_accounts = AwsAccount.objects.filter(team=session.team_id, removal_requested_at=None)
    there = {account.account_id: account for account in team_accounts}
    wanted = {each["account_id"]: each["role_name"] for each in session.wanted}
    found = []
    for each in session.offered:
        known = there.get(each["account_id"])
        is_taken = known is not None and known.sso_session_id == session.pk
        chosen = known.sso_role_name if known is not None and is_taken else wanted.get(each["account_id"], "")
        roles = tuple(role for role in each["roles"] if not may_change_things(role))
        found.append(
            Offer(
                account_id=each["account_id"],
                name=each["name"],
                roles=roles,
                left_out=len(each["roles"]) - len(roles),
                chosen=chosen if chosen in roles else "",
                is_taken=is_taken,
                taken_otherwise=known.get_access_kind_display() if known is not None and not is_taken else "",
            )
        )
    return sorted(found, key=lambda offer: (offer.name.casefold(), offer.account_id))


def _rows(user: User) -> SsoSessionQuerySet:
    return (
        SsoSession.objects.visible_to(user)
        .select_related("team", "started_by", "signed_in_by")
        .prefetch_related("aws_accounts")
        .defer(*_SEALED)
    )


def _told(row: SsoSession, *, user: User, now: datetime) -> SignIn:
    state = SsoState(row.state)
    is_mine = row.started_by_id == user.pk
    is_late = state is SsoState.WAITING and row.code_expires_at is not None and row.code_expires_at <= now
    accounts = tuple(
        sorted(
            (account for account in row.aws_accounts.all() if account.removal_requested_at is None),
            key=lambda account: (account.name, account.account_id),
        )
    )
    return SignIn(
        id=row.pk,
        name=row.name,
        team=row.team,
        start_url=row.start_url,
        sso_region=row.sso_region,
        state=SsoState.EXPIRED if is_late else state,
        state_words=SsoState.EXPIRED.label if is_late else state.label,
        problem="The code was not confirmed in time. Begin again for a new one." if is_late else row.last_error,
        code=row.user_code if is_mine and not is_late else "",
        page=row.verification_url if is_mine and not is_late else "",
        code_expires_at=row.code_expires_at,
        begun_by=row.started_by.email if row.started_by else "",
        signed_in_by=row.signed_in_by.email if row.signed_in_by else "",
        signed_in_at=row.signed_in_at,
        ends_at=row.ends_at,
        accounts=accounts,
        offered_count=row.offered_count,
        listed_count=len(row.offered),
        offered_at=row.offered_at,
        profiles=written_block(
            name=row.name,
            start_url=row.start_url,
            sso_region=row.sso_region,
            profiles=[
                SsoProfile(
                    account.account_id,
                    account.sso_role_name,
                    f"{row.name}-{account.account_id}",
                    account.home_region,
                )
                for account in accounts
            ],
        ),
    )
