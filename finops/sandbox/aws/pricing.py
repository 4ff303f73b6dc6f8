"""The price list API: GetProducts, in the three regions that have it."""

from collections.abc import Iterator, Mapping
from typing import Any

from finops.sandbox.aws.endpoint import Caller, Handlers, Parameters
from finops.sandbox.aws.errors import AwsError
from finops.sandbox.aws.pages import BadTokenError, Position, position_of, token_for
from finops.sandbox.aws.price_list import products
from finops.sandbox.scenario.instance_types import INSTANCE_TYPES
from finops.sandbox.scenario.regions import REGIONS

_REGIONS = {"us-east-1", "eu-central-1", "ap-south-1"}
_LARGEST_PAGE = 100


class Pricing:
    """Prices of EC2, with the traps of the real list."""

    def handlers(self) -> Handlers:
        """What it answers."""
        return {("pricing", "GetProducts"): self.get_products}

    def get_products(self, caller: Caller, parameters: Parameters) -> Mapping[str, Any]:
        """A page of products that pass all filters."""
        if caller.region not in _REGIONS:
            # The real service has no host there at all; to be told so is the nearest a single endpoint can come.
            raise AwsError("UnknownEndpointException", f"The price list has no endpoint in {caller.region}.", 404)
        size = parameters.get("MaxResults", _LARGEST_PAGE)
        if not 1 <= size <= _LARGEST_PAGE:
            raise AwsError("InvalidParameterException", f"MaxResults must be between 1 and {_LARGEST_PAGE}.")
        try:
            position = position_of(parameters.get("NextToken"), parameters, now=caller.now)
        except BadTokenError as error:
            raise AwsError("InvalidNextTokenException", "The token is not valid for this request.") from error
        if parameters["ServiceCode"] != "AmazonEC2":
            raise AwsError("NotFoundException", f"The sandbox has no prices of {parameters['ServiceCode']}.")
        matching = [text for attributes, text in _candidates(parameters) if _passes(attributes, parameters)]
        end = position.offset + size
        page: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": matching[position.offset : end]}
        if end < len(matching):
            page["NextToken"] = token_for(Position(end, position.as_of), parameters)
        return page


def _candidates(parameters: Parameters) -> Iterator[tuple[dict[str, str], str]]:
    """Only the products of the type and region asked for, where both are: the list is long."""
    exact = {item["Field"]: item["Value"] for item in parameters.get("Filters", []) if _is_exact(item)}
    kinds = [exact["instanceType"]] if "instanceType" in exact else list(INSTANCE_TYPES)
    regions = [exact["regionCode"]] if "regionCode" in exact else list(REGIONS)
    for kind in kinds:
        for region in regions:
            if kind in INSTANCE_TYPES and region in REGIONS:
                yield from products(kind, region)


def _is_exact(wanted: Mapping[str, str]) -> bool:
    return wanted["Type"] in {"TERM_MATCH", "EQUALS"}


def _passes(attributes: Mapping[str, str], parameters: Parameters) -> bool:
    for wanted in parameters.get("Filters", []):
        value, asked = attributes.get(wanted["Field"], ""), wanted["Value"]
        choices = asked.split(",")
        passes = {
            "TERM_MATCH": value == asked,
            "EQUALS": value == asked,
            "CONTAINS": asked in value,
            "ANY_OF": value in choices,
            "NONE_OF": value not in choices,
        }[wanted["Type"]]
        if not passes:
            return False
    return True
