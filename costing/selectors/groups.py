"""Totals by day, account, region or type. The groups add up to the total."""

from dataclasses import dataclass

from accounts.selectors.health import data_health
from accounts.selectors.scope import Scope
from costing.estimators.window import Window
from costing.selectors.amounts import Amounts, amounts_of
from costing.selectors.figures import Figures, basis_for, figures_of
from costing.selectors.totals import GROUPINGS, daily_sums, grouped, total


@dataclass(frozen=True, slots=True)
class Group:
    """One day, account, region or type over the complete days."""

    group: str
    instance_days: int
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups, by name, and what they add up to."""

    window: Window
    currency: str
    group_by: str
    groups: tuple[Group, ...]
    figures: Figures


def groups_by(scope: Scope, window: Window, group_by: str) -> Groups:
    """The complete days of `window` by one of GROUPINGS."""
    basis = basis_for(scope, window, health=data_health(scope, now=window.now))
    column = GROUPINGS[group_by]
    sums = daily_sums(scope, window.complete, column)
    return Groups(
        window=window,
        currency=basis.currency,
        group_by=group_by,
        groups=tuple(
            Group(str(key), totals.instance_days, amounts_of(totals, basis))
            for (key,), totals in grouped(sums, column).items()
        ),
        figures=figures_of(total(sums), basis),
    )
