"""Which accounts and regions a user may have loaded."""

from collections.abc import Iterable

from accounts.models import AwsAccount
from accounts.selectors.scope import Scope


def loadable_accounts(scope: Scope) -> list[AwsAccount]:
    """The accounts in scope that are refreshed and that the user may refresh, by name."""
    operable = AwsAccount.objects.operable_by(scope.user).active().filter(pk__in=scope.accounts().values("pk"))
    return list(operable.select_related("team").order_by("name", "account_id"))


def regions_of(accounts: Iterable[AwsAccount]) -> list[str]:
    """The regions that are enabled in any of them, as the last inventory told."""
    return sorted({region for account in accounts for region in account.enabled_regions})
