"""Why a page has nothing to show; each reason has its own words and its own next step."""

from collections.abc import Sequence
from enum import StrEnum

from accounts.models import SourceState
from accounts.selectors.aws_accounts import AccountRow
from accounts.selectors.health import DataHealth
from accounts.selectors.scope import Scope
from costing.models import DailyTotal

_INVENTORY = "aws_ec2"


class Emptiness(StrEnum):
    """What keeps a page empty. Zero, unknown, not allowed and not yet fetched are never the same."""

    NO_TEAM = "no_team"
    NO_ACCOUNT = "no_account"
    REFRESHING = "refreshing"
    LOGIN_NEEDED = "login_needed"
    DENIED = "denied"
    NOT_FETCHED = "not_fetched"
    REALLY_ZERO = "really_zero"
    NO_LEDGER = "no_ledger"
    NOT_IN_PERIOD = "not_in_period"
    FILTERED = "filtered"


_HOPELESS = {SourceState.LOGIN_NEEDED: Emptiness.LOGIN_NEEDED, SourceState.DENIED: Emptiness.DENIED}


def why_empty(  # noqa: PLR0911 (one line a reason)
    scope: Scope, accounts: Sequence[AccountRow], health: DataHealth
) -> Emptiness:
    """Why no account in scope has anything to show: what is still to happen comes before what went wrong."""
    if not scope.teams:
        return Emptiness.NO_TEAM
    if not accounts:
        return Emptiness.NO_ACCOUNT
    if any(account.latest_run and account.latest_run.is_active for account in accounts):
        return Emptiness.REFRESHING
    inventories = health.of([_INVENTORY])
    for state, emptiness in _HOPELESS.items():
        if any(source.state == state for source in inventories):
            return emptiness
    if all(source.last_success_at is None for source in inventories):
        return Emptiness.NOT_FETCHED
    if not any(account.known_instance_count for account in accounts):
        return Emptiness.REALLY_ZERO
    return Emptiness.NO_LEDGER if not has_ledger(scope) else Emptiness.NOT_IN_PERIOD


def has_ledger(scope: Scope) -> bool:
    """Whether anything was ever derived for the accounts in scope."""
    return DailyTotal.objects.visible_to(scope.user).filter(aws_account__in=scope.accounts()).exists()
