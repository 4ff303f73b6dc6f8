"""What is at stake in a finding: what an unused instance costs and emits in a month, by the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from accounts.estimators.resource_kinds import ResourceKind
from costing.estimators.findings import BY_KEY, Side
from costing.models import WindowTotal

_DAYS = 30
_DAYS_A_MONTH = Decimal("365.25") / 12

NOT_MONEY = "A bottleneck costs time; nothing is saved by looking at it alone."
NO_LEDGER = "The ledger has no complete day of it yet."
NO_PRICE = "It has no price, so its cost is not known."
NO_COST = "Neither the ledger nor Cost Explorer tells the cost of a single one of these."


@dataclass(frozen=True, slots=True)
class Stake:
    """Per month of 365.25 / 12 days; None with the reason."""

    usd: Decimal | None = None
    gco2e: float | None = None
    reason: str = ""


def stakes(instance_ids: Iterable[int]) -> dict[int, Stake]:
    """What each instance costs at list price and emits in a month as it ran in its last 30 days; one query."""
    rows = WindowTotal.objects.filter(
        instance__in=list(instance_ids), days=_DAYS, cost_grade="", carbon_grade="", instance_days__gt=0
    ).values_list("instance_id", "instance_days", "list_cost_usd", "operational_gco2e", "embodied_gco2e")
    found = {}
    for pk, days, cost, operational, embodied in rows:
        share = _DAYS_A_MONTH / days
        gco2e = None if operational is None else (operational + (embodied or 0.0)) * float(share)
        usd = None if cost is None else (Decimal(cost) * share).quantize(Decimal("0.0001"))
        found[pk] = Stake(usd, gco2e, "" if usd is not None else NO_PRICE)
    return found


def stake_of(rule: str, *, instance_id: int | None, known: dict[int, Stake]) -> Stake:
    """What is at stake where `rule` found something; `known` are those of the instances."""
    if BY_KEY[rule].side is Side.STRAINED:
        return Stake(reason=NOT_MONEY)
    if BY_KEY[rule].kind == ResourceKind.EC2_INSTANCE and instance_id is not None:
        return known.get(instance_id, Stake(reason=NO_LEDGER))
    return Stake(reason=NO_COST)
