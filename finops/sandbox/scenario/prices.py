"""What an hour of each kind of machine costs: the simulation's own price list and its discounts."""

from datetime import date
from decimal import Decimal

from finops.sandbox.scenario.chance import share_from
from finops.sandbox.scenario.instance_types import InstanceType
from finops.sandbox.scenario.platforms import Platform
from finops.sandbox.scenario.regions import REGIONS

DEDICATED_FACTOR = Decimal("1.06")
DEDICATED_HOST_USD_PER_HOUR = Decimal("0.6500")  # for the one kind of host there is: a Mac
SAVINGS_PLAN_FACTOR = Decimal("0.72")  # what a covered hour costs, against on demand
RESERVED_FACTOR = Decimal("0.62")
_CENT_OF_A_CENT = Decimal("0.0001")


def on_demand_usd_per_hour(kind: InstanceType, region: str, platform: Platform, tenancy: str) -> Decimal | None:
    """The list price; None where the price list has none.

    `tenancy` in the price list's words. On a dedicated host the host is paid, so the instance is free.
    """
    if tenancy == "Host":
        return Decimal(0)
    if not kind.is_sold_by_the_hour:
        return None
    linux = kind.usd_per_hour * REGIONS[region].price_factor
    if tenancy == "Dedicated":
        linux *= DEDICATED_FACTOR
    return (linux + platform.surcharge_usd_per_hour(kind)).quantize(_CENT_OF_A_CENT)


def spot_usd_per_hour(kind: InstanceType, region: str, platform: Platform, day: date) -> Decimal:
    """The spot price of a day, 28 to 46 per cent of the list price."""
    price = on_demand_usd_per_hour(kind, region, platform, "Shared") or Decimal(0)
    share = Decimal(28 + int(18 * share_from("spot", kind.name, region, day))) / 100
    return (price * share).quantize(_CENT_OF_A_CENT)
