"""AWS's price list: what an instance hour costs on demand."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.clients.aws.session import AwsSession, Operation
from costing.estimators.money import USD, amount_of
from costing.estimators.price_key import PriceKey
from finops.core.upstream.errors import UpstreamMisunderstood
from finops.core.upstream.strict_json import parse_json

GET_PRODUCTS = Operation("aws_pricing", "pricing", "GetProducts", "PriceList")

# The price list of all regions is served from these three only; botocore makes addresses of others without a word.
ENDPOINT_REGIONS = ("us-east-1", "eu-central-1", "ap-south-1")
_LARGEST_PAGE = 100
_IMPLAUSIBLE_FROM_USD = Decimal(100_000)
_DECIMAL_PLACES = Decimal("1E-10")


@dataclass(frozen=True, slots=True)
class PriceAnswer:
    """The price of a key, or the reason in words why there is none."""

    key: PriceKey
    usd_per_hour: Decimal | None
    sku: str = ""
    reason: str = ""


class AwsPrices:
    """The part of the AWS price list that this project uses."""

    name = GET_PRODUCTS.upstream

    def __init__(self, aws: AwsSession, *, endpoint_region: str = ENDPOINT_REGIONS[0]) -> None:
        """Ask through `aws`; the price list is the same at each of its three endpoints."""
        if endpoint_region not in ENDPOINT_REGIONS:
            raise ValueError(f"The price list is served from {', '.join(ENDPOINT_REGIONS)}, not {endpoint_region}.")
        self._aws = aws
        self._endpoint_region = endpoint_region

    def on_demand_price(self, key: PriceKey) -> PriceAnswer:
        """The one price of `key`. Where the list names none or several there is no price: a first one is no answer."""
        wanted = _attributes_of(key)
        pages = self._aws.pages(
            GET_PRODUCTS,
            region=self._endpoint_region,
            ServiceCode="AmazonEC2",
            FormatVersion="aws_v1",
            MaxResults=_LARGEST_PAGE,
            Filters=[
                {"Type": "TERM_MATCH", "Field": field, "Value": value}
                for field, value in {"productFamily": _product_family(key.instance_type), **wanted}.items()
            ],
        )
        # Not among the filters sent, for older products lack it and would be left out.
        wanted["marketoption"] = "OnDemand"
        found = {}
        for page in pages:
            for text in page["PriceList"]:
                product = _Product.of(text)
                if product.has(wanted):
                    found[product.sku] = product
        return _answer(key, list(found.values()))


def _attributes_of(key: PriceKey) -> dict[str, str]:
    return {
        "instanceType": key.instance_type,
        "regionCode": key.region,
        "operation": key.usage_operation,
        "tenancy": key.tenancy,
        "capacitystatus": "Used",
    }


def _product_family(instance_type: str) -> str:
    is_bare_metal = instance_type.partition(".")[2].startswith("metal")
    return "Compute Instance (bare metal)" if is_bare_metal else "Compute Instance"


def _answer(key: PriceKey, products: list["_Product"]) -> PriceAnswer:
    if not products:
        reason = "The price list has no product for this type, region, operation and tenancy."
        return PriceAnswer(key, None, reason=reason)
    if len(products) > 1:
        reason = f"The price list has {len(products)} products for this key, so none of their prices is taken."
        return PriceAnswer(key, None, reason=reason)
    product = products[0]
    above_zero = [price for prices in product.hourly_prices if (price := prices.get(USD, Decimal(0))) > 0]
    if len(above_zero) == 1:
        return PriceAnswer(key, above_zero[0], sku=product.sku)
    return PriceAnswer(key, None, sku=product.sku, reason=_why_no_price(key, product, above_zero))


def _why_no_price(key: PriceKey, product: "_Product", above_zero: list[Decimal]) -> str:
    if above_zero:
        return f"The price list gives {len(above_zero)} hourly prices, so none is taken."
    currencies = sorted({currency for prices in product.hourly_prices for currency in prices})
    if USD in currencies:
        why = "; a dedicated host is billed for itself, not for its instances" if key.tenancy == "Host" else ""
        return f"The price list gives a price of 0{why}."
    if currencies:
        return f"The price list gives no price in USD, only in {', '.join(currencies)}."[:300]
    return "The price list gives no hourly on-demand price."


@dataclass(frozen=True, slots=True)
class _Product:
    """One product of the list: its attributes, and its on-demand prices an hour, each by currency."""

    sku: str
    attributes: dict[str, str]
    hourly_prices: list[dict[str, Decimal]]

    @classmethod
    def of(cls, text: str) -> "_Product":
        """Read an element of PriceList, which is JSON within a string of JSON."""
        try:
            told = parse_json(text.encode())
            return cls(
                sku=str(told["product"]["sku"]),
                attributes=dict(told["product"]["attributes"]),
                hourly_prices=list(_hourly_prices(told["terms"].get("OnDemand", {}))),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UpstreamMisunderstood(
                "AWS answered GetProducts with a product that cannot be read.", upstream=GET_PRODUCTS.upstream
            ) from error

    def has(self, wanted: dict[str, str]) -> bool:
        """Whether none of its attributes says otherwise; one that is missing does not."""
        return all(self.attributes.get(field, value) == value for field, value in wanted.items())


def _hourly_prices(terms: dict[str, Any]) -> Iterator[dict[str, Decimal]]:
    for term in terms.values():
        for dimension in term["priceDimensions"].values():
            if dimension["unit"] in {"Hrs", "Hours"}:
                yield {currency: _price(text) for currency, text in dimension["pricePerUnit"].items()}


def _price(text: str) -> Decimal:
    price = amount_of(text)
    if not 0 <= price < _IMPLAUSIBLE_FROM_USD:
        raise ValueError("a price an hour is neither negative nor as large as this")
    return price.quantize(_DECIMAL_PLACES)
