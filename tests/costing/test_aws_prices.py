from decimal import Decimal

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from costing.clients.aws_prices import AwsPrices, PriceAnswer
from costing.estimators.price_key import PriceKey
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from tests.costing.local_aws import refusal
from tests.costing.price_list import answer, filters_of, product, recorded_answer

KEY = PriceKey("m5.large", "us-east-1", "RunInstances", "Shared")


def price(aws, key=KEY):
    return AwsPrices(aws).on_demand_price(key)


def test_a_recorded_answer_of_2021_gives_its_price(aws):
    # The recording has no regionCode and no marketoption: attributes that came later.
    client = aws.client("pricing", region="us-east-1")
    filters = {
        "productFamily": "Compute Instance",
        "instanceType": "m5.large",
        "regionCode": "us-east-1",
        "operation": "RunInstances",
        "tenancy": "Shared",
        "capacitystatus": "Used",
    }
    asked = {
        "ServiceCode": "AmazonEC2",
        "FormatVersion": "aws_v1",
        "MaxResults": 100,
        "Filters": [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()],
    }
    with Stubber(client) as stubber:
        stubber.add_response("get_products", recorded_answer(), asked)
        told = price(aws)

    assert told == PriceAnswer(KEY, Decimal("0.0960000000"), sku="6C86BEPQVG73ZGGR")
    assert (aws.meter.calls, aws.meter.cost_usd) == ({"GetProducts": 1}, 0)


def test_the_three_products_that_four_filters_let_through_become_the_one_that_is_asked_for(aws, local_aws):
    # By type, region, operating system and tenancy alone, the list has Linux itself, Linux with SQL Server at
    # 0.672, and an allocated but unused reservation at 0. Answered regardless of our filters, we tell them apart.
    local_aws.answers["GetProducts"] = lambda _: answer(
        product(sku="LINUX"),
        product(sku="SQL", usd="0.6720000000", operation="RunInstances:0004", preInstalledSw="SQL Std"),
        product(sku="RESERVED", usd="0.0000000000", capacitystatus="AllocatedCapacityReservation"),
    )

    assert price(aws) == PriceAnswer(KEY, Decimal("0.096"), sku="LINUX")


def test_a_capacity_block_is_not_taken_for_an_on_demand_price(aws, local_aws):
    local_aws.answers["GetProducts"] = lambda _: answer(
        product(sku="BLOCK", usd="9", marketoption="CapacityBlock", regionCode="us-east-1"),
        product(sku="ON_DEMAND", marketoption="OnDemand", regionCode="us-east-1"),
    )

    assert price(aws).sku == "ON_DEMAND"


def test_every_page_is_read(aws, local_aws):
    pages = {None: answer(token="2"), "2": answer(product(sku="A"), token="3"), "3": answer(product(sku="B"))}
    local_aws.answers["GetProducts"] = lambda asked: pages[asked.get("NextToken")]

    assert price(aws).reason == "The price list has 2 products for this key, so none of their prices is taken."
    assert aws.meter.calls == {"GetProducts": 3}


def test_bare_metal_is_asked_for_in_its_own_family(aws, local_aws):
    local_aws.answers["GetProducts"] = lambda _: answer()

    price(aws, PriceKey("m5.metal", "us-east-1", "RunInstances", "Shared"))
    price(aws, PriceKey("m7i.metal-24xl", "us-east-1", "RunInstances", "Shared"))

    families = {filters_of(asked)["productFamily"] for asked in local_aws.asked("GetProducts")}
    assert families == {"Compute Instance (bare metal)"}


@pytest.mark.parametrize(
    ("products", "reason"),
    [
        ([], "no product for this type, region, operation and tenancy"),
        ([product(sku="A"), product(sku="B"), product(sku="C")], "3 products"),
        ([product(prices=[{"CNY": "0.7"}])], "no price in USD, only in CNY"),
        ([product(usd="0.0000000000")], "a price of 0."),
        ([product(prices=[{"USD": "0.1"}, {"USD": "0.2"}])], "2 hourly prices"),
        ([product(prices=[])], "no hourly on-demand price"),
    ],
)
def test_without_a_single_price_there_is_a_reason(aws, local_aws, products, reason):
    local_aws.answers["GetProducts"] = lambda _: answer(*products)

    told = price(aws)

    assert told.usd_per_hour is None
    assert reason in told.reason


def test_an_instance_on_a_dedicated_host_has_no_price_of_its_own(aws, local_aws):
    local_aws.answers["GetProducts"] = lambda _: answer(product(usd="0.0000000000", tenancy="Host"))

    assert (
        "dedicated host is billed for itself"
        in price(aws, PriceKey("m5.large", "eu-west-1", "RunInstances", "Host")).reason
    )


def test_an_hourly_price_of_zero_beside_a_real_one_does_not_disturb(aws, local_aws):
    local_aws.answers["GetProducts"] = lambda _: answer(product(prices=[{"USD": "0.0000000000"}, {"USD": "0.096"}]))

    assert price(aws).usd_per_hour == Decimal("0.096")


@pytest.mark.parametrize(
    "broken",
    [
        {"PriceList": ["<html>sign in</html>"]},
        {"PriceList": ["{}"]},
        {"PriceList": ["[]"]},
        {"PriceList": ["null"]},
        {"PriceList": ['{"product": {"sku": "A", "attributes": {}}, "terms": []}']},
        answer(product(usd="NaN")),
        answer(product(usd="Infinity")),
        answer(product(usd="-0.1")),
        answer(product(usd="1e9")),
        answer(product(usd="1_0")),
        answer(product(prices=[{"USD": 0.096}])),
        {"FormatVersion": "aws_v1"},
    ],
)
def test_an_answer_that_cannot_be_read_gives_no_price_and_no_reason_but_an_error(aws, local_aws, broken):
    local_aws.answers["GetProducts"] = lambda _: broken

    with pytest.raises(UpstreamMisunderstood):
        price(aws)


def test_being_denied_names_the_permission_that_is_missing(aws, local_aws):
    local_aws.answers["GetProducts"] = lambda _: refusal("AccessDeniedException")

    with pytest.raises(UpstreamRejected) as caught:
        price(aws)

    assert caught.value.reason is Reason.DENIED
    assert "pricing:GetProducts" in caught.value.fix
    assert "no reader should see" not in caught.value.message


def test_the_price_list_is_asked_only_where_it_is_served(aws):
    with pytest.raises(ValueError, match="not eu-west-1"):
        AwsPrices(aws, endpoint_region="eu-west-1")


@pytest.mark.parametrize(
    ("of_ec2", "of_the_price_list"), [("default", "Shared"), ("dedicated", "Dedicated"), ("host", "Host")]
)
def test_tenancy_is_said_in_the_words_of_the_price_list(of_ec2, of_the_price_list):
    key = PriceKey.of_instance(
        instance_type="m5.large", region="eu-west-1", usage_operation="RunInstances", tenancy=of_ec2
    )

    assert key.tenancy == of_the_price_list


@given(st.decimals(min_value=Decimal("1E-10"), max_value=99_999, places=10))
def test_any_price_comes_out_as_it_was_written(amount):
    from costing.clients.aws_prices import _answer, _Product  # noqa: PLC0415 (the parser alone, without a wire)

    told = _answer(KEY, [_Product.of(answer(product(usd=str(amount)))["PriceList"][0])])

    assert told.usd_per_hour == amount
