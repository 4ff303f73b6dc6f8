"""What moved cost and carbon most: instances of one account, region and type over two equally long periods."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, Sum

from accounts.selectors.scope import Scope
from costing.estimators.comparison import ComparedPeriods, relative_change
from costing.models import DailyTotal
from costing.selectors.figures import Basis
from finops.core.periods import Period

TOP = 5

_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Mover:
    """The instances of one account, region and type: how much more (or less) than before, in one unit."""

    account_id: int
    account_name: str
    aws_account_id: str
    region: str
    instance_type: str
    current: float | Decimal
    previous: float | Decimal

    @property
    def difference(self) -> float | Decimal:
        """Positive where it grew."""
        return self.current - self.previous  # type: ignore[operator]

    @property
    def share(self) -> float | None:
        """By what share; None where there was nothing before."""
        change = relative_change(current=float(self.current), previous=float(self.previous))
        return None if change is None else float(change)


@dataclass(frozen=True, slots=True)
class Movers:
    """The largest differences first, in both units. A group with an unknown part is in no list and counted."""

    cost: tuple[Mover, ...]
    carbon: tuple[Mover, ...]
    groups_without_price: int
    groups_without_carbon: int


@dataclass(frozen=True, slots=True)
class Groups:
    """Every account, region and type with its sums over each of the periods asked for."""

    rows: tuple[dict[str, Any], ...]

    def late_accounts(self, first: date) -> list[str]:
        """The accounts whose ledger begins after `first`, by name: nothing of theirs stands on the other side."""
        firsts: dict[tuple[int, str], date] = {}
        for row in self.rows:
            account = (row["aws_account_id"], row["aws_account__name"])
            firsts[account] = min(row["first_day"], firsts.get(account, row["first_day"]))
        return sorted(name for (_, name), day in firsts.items() if day > first)

    def movers(self, number: int, basis: Basis) -> Movers:
        """Those of the compared periods that stood at `number` when the groups were asked for."""

        def money(value: Decimal) -> Decimal:
            return basis.money(value.quantize(_PLACES)) or Decimal(0)

        return Movers(
            cost=self._top(number, "cost", money),
            carbon=self._top(number, "carbon", float),
            groups_without_price=self._unknown(number, "cost"),
            groups_without_carbon=self._unknown(number, "carbon"),
        )

    def _top(self, number: int, unit: str, shown: Callable[[Any], float | Decimal]) -> tuple[Mover, ...]:
        found = []
        for row in self.rows:
            sides = [_side(row, number, side, unit) for side in ("now", "then")]
            if None not in sides and sides[0] != sides[1]:
                found.append(
                    Mover(
                        account_id=row["aws_account_id"],
                        account_name=row["aws_account__name"],
                        aws_account_id=row["aws_account__account_id"],
                        region=row["region"],
                        instance_type=row["instance_type"],
                        current=shown(sides[0]),
                        previous=shown(sides[1]),
                    )
                )
        found.sort(key=lambda each: (-abs(float(each.difference)), each.account_name, each.region, each.instance_type))
        return tuple(found[:TOP])

    def _unknown(self, number: int, unit: str) -> int:
        return sum(None in [_side(row, number, side, unit) for side in ("now", "then")] for row in self.rows)


def _side(row: dict[str, Any], number: int, side: str, unit: str) -> Any:
    """A group's sum; 0 where it had no instance on any of the days; None where it had, and some part is unknown."""
    rows, known, value = (row[f"{side}_{name}_{number}"] for name in ("rows", f"{unit}_known", unit))
    if not rows:
        return Decimal(0) if unit == "cost" else 0.0
    return value if known == rows else None


def group_sums(scope: Scope, compared: Iterable[ComparedPeriods]) -> Groups:
    """The groups of `scope` over all the compared periods; one query."""
    compared = tuple(compared)
    first = min(each.previous.start for each in compared)
    last = max(each.current.end for each in compared)
    rows = (
        DailyTotal.objects.visible_to(scope.user)
        .filter(aws_account__in=scope.accounts())
        .during(Period(first, last))
        .order_by()
        .values("aws_account_id", "aws_account__name", "aws_account__account_id", "region", "instance_type")
        .annotate(first_day=Min("day"), **_sums(compared))
    )
    return Groups(tuple(dict(row) for row in rows))


def _sums(compared: tuple[ComparedPeriods, ...]) -> dict[str, Any]:
    sums: dict[str, Any] = {}
    for number, each in enumerate(compared):
        for side, period in (("now", each.current), ("then", each.previous)):
            days = period.days()
            within = Q(day__gte=days[0], day__lte=days[-1])
            sums |= {
                f"{side}_rows_{number}": Count("pk", filter=within),
                f"{side}_cost_{number}": Sum("list_cost_usd", filter=within),
                f"{side}_cost_known_{number}": Count("pk", filter=within & Q(instances_without_price=0)),
                f"{side}_carbon_{number}": Sum("operational_gco2e", filter=within),
                f"{side}_carbon_known_{number}": Count(
                    "pk", filter=within & Q(instances_without_power=0, instances_without_intensity=0)
                ),
            }
    return sums
