"""The plain numbers of one line of a table, and why one of them is unknown."""

from dataclasses import dataclass
from decimal import Decimal

from costing.estimators.grades import worst_grade
from costing.selectors.figures import (
    NO_EMBODIED,
    NO_INTENSITY,
    NO_LEDGER,
    NO_POWER,
    NO_PRICE,
    NOTHING_RAN,
    Basis,
)
from costing.selectors.totals import Totals


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a line of a table says. None is unknown, and the reason beside it says why."""

    running_hours: float | None
    billed_hours: float | None
    list_cost: Decimal | None
    list_cost_reason: str
    energy_kwh: float | None
    energy_reason: str
    operational_gco2e: float | None
    operational_reason: str
    embodied_gco2e: float | None
    embodied_reason: str
    aligned_share: float | None
    aligned_reason: str
    cost_grade: str | None
    carbon_grade: str | None

    @property
    def grade(self) -> str | None:
        """The worse of the two grades."""
        both = [grade for grade in (self.cost_grade, self.carbon_grade) if grade]
        return worst_grade(*both) if both else None


def amounts_of(totals: Totals, basis: Basis) -> Amounts:
    """The numbers of `totals`, list cost in the currency of `basis`."""
    is_known = totals.instance_days > 0

    def reason(value: object, words: str) -> str:
        return "" if value is not None else words if is_known else NO_LEDGER

    return Amounts(
        running_hours=totals.running_hours if is_known else None,
        billed_hours=totals.billed_hours if is_known else None,
        list_cost=basis.money(totals.list_cost_usd),
        list_cost_reason=reason(totals.list_cost_usd, NO_PRICE),
        energy_kwh=totals.energy_kwh,
        energy_reason=reason(totals.energy_kwh, NO_POWER),
        operational_gco2e=totals.operational_gco2e,
        operational_reason=reason(totals.operational_gco2e, NO_POWER if totals.energy_kwh is None else NO_INTENSITY),
        embodied_gco2e=totals.embodied_gco2e,
        embodied_reason=reason(totals.embodied_gco2e, NO_EMBODIED),
        aligned_share=totals.aligned_share,
        aligned_reason=reason(totals.aligned_share, NOTHING_RAN),
        cost_grade=totals.cost_grade,
        carbon_grade=totals.carbon_grade,
    )
