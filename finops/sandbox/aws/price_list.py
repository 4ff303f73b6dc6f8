"""The price list in the words of GetProducts, with all that makes a careless question get several answers.

For each type and region there are, beside the one product one looks for: rows for capacity that was reserved and
not used, rows at 0.00 for reserved capacity, other platforms and licences, other tenancies, and reserved terms.
"""

from decimal import Decimal
from functools import lru_cache
from json import dumps
from typing import Any

from finops.sandbox.scenario.chance import hex_from
from finops.sandbox.scenario.instance_types import INSTANCE_TYPES, InstanceType
from finops.sandbox.scenario.platforms import PLATFORMS, Platform
from finops.sandbox.scenario.prices import RESERVED_FACTOR, on_demand_usd_per_hour
from finops.sandbox.scenario.regions import REGIONS

_ON_DEMAND, _HOURLY = "JRTCKXETXF", "6YS6EN2CT7"  # AWS's codes for the term and for the rate by the hour
_USAGE = {"Shared": "BoxUsage", "Dedicated": "DedicatedUsage", "Host": "HostBoxUsage"}
_CAPACITY_USAGE = {"UnusedCapacityReservation": "Unused", "AllocatedCapacityReservation": "Res"}


def _attributes(kind: InstanceType, region: str, platform: Platform, tenancy: str, capacity: str) -> dict[str, str]:
    place = REGIONS[region]
    usage = _CAPACITY_USAGE.get(capacity, "") + _USAGE[tenancy]
    return {
        "servicecode": "AmazonEC2",
        "servicename": "Amazon Elastic Compute Cloud",
        "location": place.location,
        "locationType": "AWS Region",
        "regionCode": region,
        "instanceType": kind.name,
        "instanceFamily": kind.family.label,
        "currentGeneration": "Yes",
        "vcpu": str(kind.vcpu),
        "memory": f"{kind.memory_gib} GiB",
        "physicalProcessor": kind.family.processor,
        "processorArchitecture": "64-bit",
        "operatingSystem": platform.operating_system,
        "preInstalledSw": platform.pre_installed_software,
        "licenseModel": platform.license_model,
        "operation": platform.usage_operation,
        "tenancy": tenancy,
        "capacitystatus": capacity,
        "marketoption": "OnDemand",
        "usagetype": f"{place.usage_prefix}{usage}:{kind.name}",
        "availabilityzone": "NA",
    }


def _dimension(code: str, description: str, price: Decimal) -> dict[str, Any]:
    return {
        code: {
            "unit": "Hrs",
            "endRange": "Inf",
            "beginRange": "0",
            "description": description,
            "appliesTo": [],
            "rateCode": code,
            "pricePerUnit": {"USD": f"{price:.10f}"},
        }
    }


def _product(kind: InstanceType, region: str, platform: Platform, tenancy: str, capacity: str) -> dict[str, Any]:
    attributes = _attributes(kind, region, platform, tenancy, capacity)
    sku = hex_from("sku", *attributes.values(), digits=16).upper()
    price = on_demand_usd_per_hour(kind, region, platform, tenancy)
    if price is None or capacity == "AllocatedCapacityReservation":
        price = Decimal(0)
    term, reserved = f"{sku}.{_ON_DEMAND}", f"{sku}.4NA7Y494T4"
    says = f"${price} per {capacity} {platform.operating_system} {kind.name} Instance Hour"
    terms: dict[str, Any] = {
        "OnDemand": {
            term: {
                "sku": sku,
                "offerTermCode": _ON_DEMAND,
                "effectiveDate": "2026-01-01T00:00:00Z",
                "priceDimensions": _dimension(f"{term}.{_HOURLY}", says, price),
                "termAttributes": {},
            }
        }
    }
    if capacity == "Used" and price:
        terms["Reserved"] = {
            reserved: {
                "sku": sku,
                "offerTermCode": "4NA7Y494T4",
                "effectiveDate": "2026-01-01T00:00:00Z",
                "priceDimensions": _dimension(f"{reserved}.{_HOURLY}", "reserved instance", price * RESERVED_FACTOR),
                "termAttributes": {
                    "LeaseContractLength": "1yr",
                    "OfferingClass": "standard",
                    "PurchaseOption": "No Upfront",
                },
            }
        }
    family = "Compute Instance (bare metal)" if kind.name.endswith("metal") else "Compute Instance"
    return {
        "product": {"productFamily": family, "attributes": attributes, "sku": sku},
        "serviceCode": "AmazonEC2",
        "terms": terms,
        "version": "20260101000000",
        "publicationDate": "2026-01-01T00:00:00Z",
    }


@lru_cache(maxsize=1024)
def products(instance_type: str, region: str) -> tuple[tuple[dict[str, str], str], ...]:
    """All products of a type in a region: what filters look at, and the product as JSON text."""
    kind = INSTANCE_TYPES[instance_type]
    # What is sold by the host only has rows for hosts, all at 0.00: the host is paid, not the instance.
    tenancies = ["Shared", "Dedicated", "Host"] if kind.is_sold_by_the_hour else ["Host"]
    made = []
    for platform in PLATFORMS:
        for tenancy in tenancies:
            for capacity in ["Used", "UnusedCapacityReservation", "AllocatedCapacityReservation"]:
                product = _product(kind, region, platform, tenancy, capacity)
                looked_at = product["product"]["attributes"] | {"productFamily": product["product"]["productFamily"]}
                made.append((looked_at, dumps(product, separators=(",", ":"))))
    return tuple(made)
