"""The ledger of each account and day in one query: what checks and comparisons begin from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from accounts.selectors.scope import Scope
from costing.models import AccountDay, Grade
from finops.core.periods import Period

_GRADES = tuple(Grade.values)
_COUNTS = (
    "instance_days",
    "instance_days_of_missing_cost",
    "instance_days_without_price",
    "instance_days_without_power",
    "instance_days_without_intensity",
    "hours_with_runtime",
    "hours_aligned",
)

_COLUMNS = (
    *_COUNTS,
    *(f"list_cost_usd_{grade.lower()}" for grade in _GRADES),
    *(f"energy_kwh_{grade.lower()}" for grade in _GRADES),
)


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """The ledger of some accounts and days. What is unknown is in no amount and is counted."""

    instance_days: int = 0
    instance_days_of_missing_cost: int = 0  # with an hour or more that has no price
    instance_days_without_price: int = 0  # with no price at all
    instance_days_without_power: int = 0
    instance_days_without_intensity: int = 0
    hours_with_runtime: int = 0
    hours_aligned: int = 0
    cost_usd_by_grade: Mapping[str, Decimal] = field(default_factory=dict)
    energy_kwh_by_grade: Mapping[str, float] = field(default_factory=dict)

    @property
    def list_cost_usd(self) -> Decimal | None:
        """None where no day has a price, which is not zero."""
        return sum(self.cost_usd_by_grade.values(), Decimal(0)) if self.cost_usd_by_grade else None

    @property
    def energy_kwh(self) -> float | None:
        """None where no day has a power profile."""
        return sum(self.energy_kwh_by_grade.values()) if self.energy_kwh_by_grade else None


LedgerDays = Mapping[int, Mapping[date, LedgerSum]]  # account → day


def ledger_days(scope: Scope, period: Period) -> LedgerDays:
    """By account and day; a day without a ledger is not in it. One query."""
    rows = (
        AccountDay.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .during(period)
        .order_by()
        .values_list("aws_account_id", "day", *_COLUMNS)
    )
    first_cost, first_energy = len(_COUNTS), len(_COUNTS) + len(_GRADES)
    found: defaultdict[int, dict[date, LedgerSum]] = defaultdict(dict)
    for account_id, day, *sums in rows:
        cost = zip(_GRADES, sums[first_cost:first_energy], strict=True)
        energy = zip(_GRADES, sums[first_energy:], strict=True)
        found[account_id][day] = LedgerSum(
            **dict(zip(_COUNTS, sums[:first_cost], strict=True)),
            cost_usd_by_grade={grade: usd for grade, usd in cost if usd is not None},
            energy_kwh_by_grade={grade: kwh for grade, kwh in energy if kwh is not None},
        )
    return found


def added(sums: Iterable[LedgerSum]) -> LedgerSum:
    """Some of them together."""
    counts = dict.fromkeys(_COUNTS, 0)
    cost: defaultdict[str, Decimal] = defaultdict(Decimal)
    energy: defaultdict[str, float] = defaultdict(float)
    for each in sums:
        for name in _COUNTS:
            counts[name] += getattr(each, name)
        for grade, usd in each.cost_usd_by_grade.items():
            cost[grade] += usd
        for grade, kwh in each.energy_kwh_by_grade.items():
            energy[grade] += kwh
    return LedgerSum(
        **counts, cost_usd_by_grade=dict(sorted(cost.items())), energy_kwh_by_grade=dict(sorted(energy.items()))
    )
