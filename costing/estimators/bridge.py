"""From what we model to what AWS billed, in steps that add up exactly.

modelled list cost
  + missing      Σ over days: what the bill of EC2 compute usage has above the model
  + discounted   Σ over days: what it has below the model (negative)
  = billed usage of EC2 compute, which is what the validation factor holds against the model
  + one step for each other kind of charge of the same account and days
  + rounding     to the smallest unit of the currency, as an invoice rounds
  = billed

Within a day the first two may hide each other, so each of them is the least that it can be.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from costing.estimators.money import Money, quantised
from costing.estimators.validation import USAGE_RECORD_TYPES


class Charge(StrEnum):
    """What a line of a bill is, beside EC2 compute usage."""

    OTHER_SERVICES = "other_services"
    COMMITMENTS = "commitments"
    DISCOUNTS = "discounts"
    CREDITS = "credits"
    TAX = "tax"
    OTHER = "other"


class StepName(StrEnum):
    """The steps in their order."""

    MISSING = "missing"
    DISCOUNTED = "discounted"
    COMMITMENTS = "commitments"
    DISCOUNTS = "discounts"
    CREDITS = "credits"
    TAX = "tax"
    OTHER_SERVICES = "other_services"
    OTHER = "other"
    ROUNDING = "rounding"


_COMMITMENTS = ("SavingsPlan", "RIFee", "Recurring", "Upfront")
_CREDITS = ("Credit", "Refund")
_NOTHING = Decimal(0)


def charge_of(record_type: str) -> Charge:
    """The kind of a charge that is no EC2 compute usage, by Cost Explorer's record type; unknown ones are OTHER."""
    if record_type in USAGE_RECORD_TYPES:
        return Charge.OTHER_SERVICES
    if record_type in _CREDITS:
        return Charge.CREDITS
    if record_type == "Tax":
        return Charge.TAX
    if record_type.endswith("Discount"):
        return Charge.DISCOUNTS
    return Charge.COMMITMENTS if record_type.startswith(_COMMITMENTS) else Charge.OTHER


@dataclass(frozen=True, slots=True)
class Step:
    """One step; negative where it makes the bill smaller than what stands before it."""

    name: StepName
    amount: Decimal
    ends_at: Decimal  # the sum up to and with it


@dataclass(frozen=True, slots=True)
class Bridge:
    """All steps between the two ends, those of nothing too, so that every bridge reads alike."""

    modelled: Decimal
    billed_usage: Decimal  # of EC2 compute: modelled + missing + discounted
    steps: tuple[Step, ...]
    billed: Money  # in all


def bridge(
    *,
    days: Iterable[tuple[Decimal | None, Decimal]],
    charges: Iterable[tuple[Charge, Decimal]],
    currency: str,
) -> Bridge:
    """The bridge over some days of one account, both sides in `currency`.

    `days` are pairs of modelled cost (None where no price was known) and billed EC2 compute usage; `charges`
    are all other lines of the bills of the same days.
    """
    modelled, missing, discounted = _NOTHING, _NOTHING, _NOTHING
    for model, usage in days:
        above = usage - (model or _NOTHING)
        modelled += model or _NOTHING
        missing += max(above, _NOTHING)
        discounted += min(above, _NOTHING)
    amounts = dict.fromkeys(StepName, _NOTHING) | {StepName.MISSING: missing, StepName.DISCOUNTED: discounted}
    for charge, amount in charges:
        amounts[StepName(charge.value)] += amount
    exact = modelled + sum(amounts.values(), _NOTHING)
    billed = quantised(Money(exact, currency))
    amounts[StepName.ROUNDING] = billed.amount - exact
    steps, reached = [], modelled
    for name in StepName:
        reached += amounts[name]
        steps.append(Step(name, amounts[name], reached))
    return Bridge(
        modelled=modelled,
        billed_usage=modelled + missing + discounted,
        steps=tuple(steps),
        billed=billed,
    )
