"""Validation: does what we model agree with what AWS billed?

factor = billed / modelled, both over the SAME scope: EC2 compute, usage record types, same account, same
complete days. The quality follows from the deviation max(factor, 1/factor): too high is as bad as too low.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from costing.estimators.money import Money

# Cost Explorer's words for the scope: what is in "EC2 - Other" (volumes, addresses, traffic) is not modelled.
EC2_COMPUTE = "Amazon Elastic Compute Cloud - Compute"
# Usage however it was paid for: on demand, by a reservation, by a savings plan.
USAGE_RECORD_TYPES = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")

EXCELLENT_BELOW = Decimal("1.5")
LIMITED_ABOVE = Decimal(5)


class ValidationQuality(StrEnum):
    """How well model and bill agree."""

    EXCELLENT = "excellent"  # deviation below 1.5
    MODERATE = "moderate"  # 1.5 to 5
    LIMITED = "limited"  # above 5


@dataclass(frozen=True, slots=True)
class Validation:
    """The factor and its quality, or the reason why there is none."""

    factor: Decimal | None
    quality: ValidationQuality | None
    reason: str = ""


def validation(*, billed: Money | None, modelled: Money | None) -> Validation:
    """Compare the bill with the model; None means unknown, which is not zero."""
    reason = _why_not(billed, modelled)
    if reason or billed is None or modelled is None:
        return Validation(None, None, reason)
    lower, higher = sorted((billed.amount, modelled.amount))
    # Compared as products, for a division would round where a deviation lies on the limit.
    if higher < lower * EXCELLENT_BELOW:
        quality = ValidationQuality.EXCELLENT
    elif higher <= lower * LIMITED_ABOVE:
        quality = ValidationQuality.MODERATE
    else:
        quality = ValidationQuality.LIMITED
    return Validation(billed.amount / modelled.amount, quality)


def _why_not(billed: Money | None, modelled: Money | None) -> str:  # noqa: PLR0911 (one line a reason)
    if billed is None:
        return "No bill is known for these days yet."
    if modelled is None:
        return "No cost could be modelled for these days."
    if billed.currency != modelled.currency:
        return f"The bill is in {billed.currency} and the model in {modelled.currency}; they are not compared."
    if modelled.amount <= 0:
        return "The modelled cost is zero, so there is nothing to compare the bill with."
    if billed.amount == 0:
        return "The bill is zero, so there is nothing to compare the model with."
    if billed.amount < 0:
        return "The bill is negative (credits exceed usage), so it cannot be compared with the model."
    return ""
