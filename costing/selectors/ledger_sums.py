"""The sums that an overview is made of. They change when a ledger is derived, and are kept until then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

from django.core.cache import cache
from django.db.models import Sum

from accounts.selectors.health import DataHealth
from accounts.selectors.scope import Scope
from costing.estimators.comparison import ComparedPeriods
from costing.estimators.window import Window
from costing.models import DailyTotal
from costing.selectors.movers import Groups, group_sums
from costing.selectors.totals import Sums, daily_sums
from finops.core.periods import Period

_LEDGER = "ledger"
_KEPT_SECONDS = 300  # the longest that a derive which failed half-way may show its old days


@dataclass(frozen=True, slots=True)
class SparkDay:
    """One day of one account; None where it has no ledger or no price."""

    day: date
    list_cost_usd: Decimal | None
    operational_gco2e: float | None


@dataclass(frozen=True, slots=True)
class LedgerSums:
    """The ledger of some accounts: by day, by account over the complete days, by both, and by what can move."""

    by_day: list[Sums]
    by_account: list[Sums]
    by_account_and_day: dict[tuple[int, date], SparkDay]
    groups: Groups


def ledger_sums(
    scope: Scope, window: Window, reach: Period, candidates: Sequence[ComparedPeriods], *, health: DataHealth
) -> LedgerSums:
    """Those of `scope`; four queries over all its daily totals, or none where nothing was derived since the last time.

    `health` tells when each account's ledger was derived last: with any of these instants the answer is another one.
    """
    derived = [(each.account_id, each.last_success_at) for each in health.of([_LEDGER])]
    key = _key(derived, window.first, window.complete.end, reach, candidates)
    kept: LedgerSums | None = cache.get(key)
    if kept is None:
        kept = LedgerSums(
            by_day=daily_sums(scope, reach, "day"),
            by_account=daily_sums(scope, window.complete, "aws_account_id"),
            by_account_and_day=_by_account_and_day(scope, window),
            groups=group_sums(scope, candidates),
        )
        cache.set(key, kept, _KEPT_SECONDS)
    return kept


def _key(derived: list[tuple[int | None, datetime | None]], *asked: object) -> str:
    # Who asks does not matter: the accounts that the asker may see are all in the key.
    return f"ledger-sums-{sha256(repr((sorted(derived, key=repr), asked)).encode()).hexdigest()}"


def _by_account_and_day(scope: Scope, window: Window) -> dict[tuple[int, date], SparkDay]:
    """A day without a ledger is not there."""
    rows = (
        DailyTotal.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .during(window.complete)
        .order_by()
        .values_list("aws_account_id", "day")
        .annotate(cost=Sum("list_cost_usd"), gco2e=Sum("operational_gco2e"))
    )
    return {(account, day): SparkDay(day, cost, gco2e) for account, day, cost, gco2e in rows}
