"""Products of the price list, made from a real one (m5.large, February 2021)."""

import json
from copy import deepcopy
from pathlib import Path

from django.conf import settings

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"
RECORDED = SHARED / "aws_recordings" / "ec2-instance-selector" / "pricing.GetProducts_m5_large.json"


def recorded_answer():
    return json.loads(RECORDED.read_text())


def product(*, sku="SKU1", usd="0.0960000000", prices=None, **attributes):
    """The recorded product with another SKU, price and attributes; an attribute that is None is left out."""
    made = deepcopy(json.loads(recorded_answer()["PriceList"][0]))
    made["product"]["sku"] = sku
    made["product"]["attributes"] |= attributes
    made["product"]["attributes"] = {k: v for k, v in made["product"]["attributes"].items() if v is not None}
    prices = [{"USD": usd}] if prices is None else prices
    made["terms"]["OnDemand"] = {
        f"{sku}.JRTCKXETXF": {
            "priceDimensions": {
                f"{sku}.JRTCKXETXF.{number}": {"unit": "Hrs", "pricePerUnit": price}
                for number, price in enumerate(prices)
            }
        }
    }
    return made


def answer(*products, token=None):
    """An answer to GetProducts."""
    told = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(one) for one in products]}
    return told | ({"NextToken": token} if token else {})


def filters_of(asked):
    """The filters of a request by field."""
    return {one["Field"]: one["Value"] for one in asked["Filters"]}
