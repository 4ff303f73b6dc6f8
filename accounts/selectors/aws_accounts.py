"""The AWS accounts in scope, what a user may do with them, and what is known of each."""

from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import AwsAccount, Instance, User
from accounts.selectors.runs import RunView, latest_runs
from accounts.selectors.scope import Scope


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


def account_rows(scope: Scope) -> list[AccountRow]:
    """The accounts in scope by name: four queries, however many there are."""
    operable = set(AwsAccount.objects.operable_by(scope.user).values_list("pk", flat=True))
    counts = {
        account: (there, known)
        for account, there, known in Instance.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .order_by()
        .values("aws_account")
        .annotate(there=Count("pk", filter=Q(gone_at=None)), known=Count("pk"))
        .values_list("aws_account", "there", "known")
    }
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
            can_operate=account.pk in operable,
            instance_count=counts.get(account.pk, (0, 0))[0],
            known_instance_count=counts.get(account.pk, (0, 0))[1],
            latest_run=runs.get(account.pk),
        )
        for account in scope.accounts().select_related("team").order_by("name", "account_id")
    ]


def operable_account(user: User, *, pk: int) -> AwsAccount | None:
    """The account with that key if `user` may refresh and change it, else None."""
    return AwsAccount.objects.operable_by(user).filter(pk=pk).first()


def may_see(user: User, *, pk: int) -> bool:
    """Whether the account with that key is one of the user's teams'."""
    return AwsAccount.objects.visible_to(user).filter(pk=pk).exists()
