"""How an account stands as a whole, in words, with the first thing to do about it."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import SourceState
from accounts.selectors.aws_accounts import AccountRow, account_rows
from accounts.selectors.health import AccountHealth, DataHealth, SourceHealth
from accounts.selectors.scope import Scope

# What keeps most away is told first.
_GRAVITY = (
    SourceState.LOGIN_NEEDED,
    SourceState.DENIED,
    SourceState.NOT_ENABLED,
    SourceState.UNAVAILABLE,
    SourceState.THROTTLED,
    SourceState.DEGRADED,
)


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account, its state as a key and in words, its worst trouble, and when it is asked next."""

    row: AccountRow
    health: AccountHealth
    state: str
    words: str
    worst: SourceHealth | None
    next_run_at: datetime | None

    @property
    def answered(self) -> tuple[SourceHealth, ...]:
        """The sources that ever answered, in the order of a refresh."""
        return tuple(source for source in self.health.sources if source.last_success_at is not None)


def account_states(scope: Scope, health: DataHealth) -> list[AccountState]:
    """Every account in scope, by name: as many queries as `account_rows` makes."""
    health_of = {account.account_id: account for account in health.accounts}
    return [_state_of(row, health_of[row.id]) for row in account_rows(scope) if row.id in health_of]


def _state_of(row: AccountRow, health: AccountHealth) -> AccountState:
    trouble = sorted(health.trouble, key=_gravity)
    worst = trouble[0] if trouble else None
    state, words = _words(row, health, worst)
    due = [source.next_due_at for source in health.sources if source.next_due_at is not None]
    waits = row.latest_run is not None and row.latest_run.is_active
    next_run_at = min(due, default=None) if row.is_active and not waits else None
    return AccountState(row, health, state, words, worst, next_run_at)


def _gravity(source: SourceHealth) -> int:
    return _GRAVITY.index(source.state) if source.state in _GRAVITY else len(_GRAVITY)


def _words(row: AccountRow, health: AccountHealth, worst: SourceHealth | None) -> tuple[str, str]:
    run = row.latest_run
    if not row.is_active:
        return "stopped", "switched off"
    if worst is not None and worst.state == SourceState.LOGIN_NEEDED:
        return "login_needed", "sign-in to AWS needed"
    if run is not None and run.is_active:
        return "running" if run.state == "running" else "waiting", (
            "refreshing" if run.state == "running" else "waits for a worker"
        )
    if worst is not None:
        count = len(health.trouble)
        return worst.state if worst.state != SourceState.AVAILABLE else "stale", (
            f"{count} of {len(health.sources)} sources {'is' if count == 1 else 'are'} in trouble"
        )
    if all(source.last_success_at is None for source in health.sources):
        return "never", "not refreshed yet"
    return "available", "every source answers"
