import json
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError

from finops.sandbox.scenario.instance_types import INSTANCE_TYPES
from finops.sandbox.scenario.prices import on_demand_usd_per_hour

EXACT = {"productFamily": "Compute Instance", "capacitystatus": "Used", "marketoption": "OnDemand"}


@pytest.fixture
def price_list(aws_client):
    return aws_client("pricing", region="us-east-1")


def products(client, filter_type="TERM_MATCH", **wanted):
    filters = [{"Type": filter_type, "Field": key, "Value": value} for key, value in wanted.items()]
    pages = client.get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=filters)
    return [json.loads(text) for page in pages for text in page["PriceList"]]


def prices_of(product):
    return [
        Decimal(dimension["pricePerUnit"]["USD"])
        for term in product["terms"]["OnDemand"].values()
        for dimension in term["priceDimensions"].values()
    ]


def test_the_usual_four_filters_find_more_than_one_product(price_list):
    careless = products(
        price_list, location="EU (Frankfurt)", instanceType="m6a.large", tenancy="Shared", operatingSystem="Linux"
    )

    assert len(careless) > 1
    assert Decimal(0) in {price for product in careless for price in prices_of(product)}


def test_only_the_license_tells_some_windows_products_apart(price_list):
    found = products(
        price_list,
        **EXACT,
        regionCode="eu-central-1",
        instanceType="m5.large",
        tenancy="Shared",
        operatingSystem="Windows",
        preInstalledSw="NA",
    )

    assert {product["product"]["attributes"]["operation"] for product in found} == {
        "RunInstances:0002",
        "RunInstances:0800",
    }
    assert len({prices_of(product)[0] for product in found}) == 2


def test_the_exact_key_finds_one_product_with_one_price_for_all_that_runs(sandbox, price_list):
    keys = {
        (run.instance_type, item.region, item.group.platform, item.price_tenancy)
        for item in sandbox.scenario.all_machines
        for run in item.timeline.runs
        if item.price_tenancy != "Host"
    }

    assert len(keys) > 50
    for kind, region, platform, tenancy in keys:
        [product] = products(
            price_list,
            **EXACT,
            instanceType=kind,
            regionCode=region,
            operation=platform.usage_operation,
            tenancy=tenancy,
        )
        assert prices_of(product) == [on_demand_usd_per_hour(INSTANCE_TYPES[kind], region, platform, tenancy)]
        assert prices_of(product)[0] > 0


def test_what_is_sold_by_the_host_has_no_price(price_list):
    found = products(price_list, instanceType="mac2.metal", regionCode="eu-west-1", tenancy="Host")

    assert {price for product in found for price in prices_of(product)} == {Decimal(0)}
    assert products(price_list, instanceType="mac2.metal", regionCode="eu-west-1", tenancy="Shared") == []


def test_pages_hold_a_hundred_at_most(sandbox, price_list):
    found = products(price_list, regionCode="eu-north-1", operatingSystem="Linux", tenancy="Shared")

    assert len(found) > 100
    assert sandbox.log.count("GetProducts") == -(-len(found) // 100)
    assert len({product["product"]["sku"] for product in found}) == len(found)


@pytest.mark.parametrize(
    ("filter_type", "value", "count"),
    [("CONTAINS", "m6g.", 2), ("ANY_OF", "m6g.large,m6g.xlarge,c5.large", 3), ("EQUALS", "m6g.large", 1)],
)
def test_the_newer_kinds_of_filter_work(price_list, filter_type, value, count):
    found = products(price_list, filter_type, instanceType=value)

    assert len({product["product"]["attributes"]["instanceType"] for product in found}) == count


def test_there_is_no_price_list_in_other_regions(aws_client):
    with pytest.raises(ClientError):
        aws_client("pricing", region="eu-west-1").get_products(ServiceCode="AmazonEC2")
