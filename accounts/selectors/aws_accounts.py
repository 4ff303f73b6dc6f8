"""The AWS accounts in scope, what a user may do with them, and what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

from django.db.models import Count, Exists, OuterRef, Q

from accounts.models import AwsAccount, Membership, Role, User
from accounts.selectors.runs import RunView, latest_runs
from accounts.selectors.scope import Scope

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations  # only where types are checked: it is no dependency


class _Counted(TypedDict):
    there: int
    known: int
    can_operate: bool


if TYPE_CHECKING:
    ListedAccount = WithAnnotations[AwsAccount, _Counted]
else:
    ListedAccount = AwsAccount


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as a page lists it."""

    id: int
    account_id: str
    name: str
    team_name: str
    team_slug: str
    access: str
    is_active: bool
    can_operate: bool  # the user may refresh it
    instance_count: int  # those that are not gone
    known_instance_count: int  # those ever seen
    latest_run: RunView | None


def listed_accounts(scope: Scope) -> list[ListedAccount]:
    """The accounts in scope by name, each with its team, how many instances it has, and if the user may refresh it."""
    operates = Membership.objects.filter(team=OuterRef("team"), user=scope.user, role__in=[Role.OPERATOR, Role.OWNER])
    accounts = (
        scope.accounts()
        .with_end_of_sign_in()
        .select_related("team")
        .annotate(
            there=Count("instances", filter=Q(instances__gone_at=None)),
            known=Count("instances"),
            can_operate=Exists(operates),
        )
        .order_by("name", "account_id")
    )
    return cast("list[ListedAccount]", list(accounts))


def account_rows(scope: Scope, *, accounts: Sequence[ListedAccount] | None = None) -> list[AccountRow]:
    """The accounts in scope by name: two queries, however many there are; one where `accounts` are at hand."""
    runs = latest_runs(scope)
    return [
        AccountRow(
            id=account.pk,
            account_id=account.account_id,
            name=account.name,
            team_name=account.team.name,
            team_slug=account.team.slug,
            access=account.get_access_kind_display(),
            is_active=account.is_active,
            can_operate=account.can_operate,
            instance_count=account.there,
            known_instance_count=account.known,
            latest_run=runs.get(account.pk),
        )
        for account in (listed_accounts(scope) if accounts is None else accounts)
    ]


def operable_account(user: User, *, pk: int) -> AwsAccount | None:
    """The account with that key if `user` may refresh and change it, else None."""
    return AwsAccount.objects.operable_by(user).filter(pk=pk).first()


def may_see(user: User, *, pk: int) -> bool:
    """Whether the account with that key is one of the user's teams'."""
    return AwsAccount.objects.visible_to(user).filter(pk=pk).exists()
