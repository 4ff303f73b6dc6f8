from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.models import TouchedDay
from costing.models import Price
from costing.services.prices import refresh_prices
from finops.core.upstream.errors import Reason, UpstreamRejected
from tests.costing.local_aws import refusal
from tests.costing.price_list import answer, filters_of, product
from tests.factories import (
    NOW,
    AwsAccountFactory,
    DailyTotalFactory,
    InstanceEventFactory,
    InstanceFactory,
    PriceFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("price_list")]
WEEK = timedelta(days=7)


@pytest.fixture
def account(team):
    return AwsAccountFactory.create(team=team)


@pytest.fixture
def price_list(local_aws):
    """What the price list asks an hour of each type; a type it does not name has no product."""
    prices = {"m5.large": "0.1150000000"}

    def told(asked):
        wanted = filters_of(asked)
        if wanted["instanceType"] not in prices:
            return answer()
        attributes = {name: wanted[name] for name in ("instanceType", "regionCode", "operation", "tenancy")}
        return answer(product(usd=prices[wanted["instanceType"]], **attributes))

    local_aws.answers["GetProducts"] = told
    return prices


def refresh(account, aws, *, now=NOW, **more):
    return refresh_prices(account=account, aws=aws, now=now, **more)


def asked_types(local_aws):
    return sorted(filters_of(asked)["instanceType"] for asked in local_aws.asked("GetProducts"))


def test_each_kind_of_instance_is_priced_once(account, aws, local_aws, price_list):
    price_list["c5.large"] = "0.0970000000"
    InstanceFactory.create_batch(3, aws_account=account)
    InstanceFactory.create(aws_account=account, tenancy="dedicated")
    InstanceFactory.create(aws_account=account, instance_type="c5.large", usage_operation="RunInstances:0002")
    InstanceFactory.create()  # another team's

    outcome = refresh(account, aws)

    assert {(p.instance_type, p.usage_operation, p.tenancy, p.usd_per_hour) for p in Price.objects.all()} == {
        ("m5.large", "RunInstances", "Shared", Decimal("0.115")),
        ("m5.large", "RunInstances", "Dedicated", Decimal("0.115")),
        ("c5.large", "RunInstances:0002", "Shared", Decimal("0.097")),
    }
    assert (outcome.rows_read, outcome.rows_written, len(outcome.parts)) == (3, 3, 3)
    assert len(local_aws.requests) == 3


def test_a_type_that_an_instance_once_had_is_priced_too(account, aws, price_list):
    price_list["m5.xlarge"] = "0.2300000000"
    InstanceFactory.create(aws_account=account, instance_id="i-1", usage_operation="RunInstances:0002")
    InstanceEventFactory.create(aws_account=account, instance_id="i-1", instance_type="m5.xlarge")
    InstanceEventFactory.create(aws_account=account, instance_id="i-1", instance_type="x1.large", error_code="Refused")

    refresh(account, aws)

    assert set(Price.objects.values_list("instance_type", "usage_operation")) == {
        ("m5.large", "RunInstances:0002"),
        ("m5.xlarge", "RunInstances:0002"),
    }


def test_an_instance_that_only_cloudtrail_names_has_no_platform_and_is_counted(account, aws, local_aws):
    InstanceEventFactory.create(aws_account=account, instance_id="i-gone", instance_type="m5.large")

    outcome = refresh(account, aws)

    assert outcome.notes == ["1 instances are known from CloudTrail alone, so their platform and price are not."]
    assert local_aws.requests == []


def test_a_fresh_price_is_not_asked_for_again(account, aws, local_aws):
    InstanceFactory.create(aws_account=account)
    PriceFactory.create(retrieved_at=NOW - WEEK + timedelta(minutes=1))

    assert refresh(account, aws).rows_written == 0
    assert local_aws.requests == []

    refresh(account, aws, now=NOW + timedelta(minutes=2))

    assert len(local_aws.requests) == 1
    assert Price.objects.get().retrieved_at == NOW + timedelta(minutes=2)


def test_a_second_run_asks_nothing_and_changes_nothing(account, aws, local_aws):
    InstanceFactory.create(aws_account=account)
    refresh(account, aws)
    before = list(Price.objects.values())

    again = refresh(account, aws, now=NOW + timedelta(hours=1))

    assert (again.rows_read, again.rows_written) == (0, 0)
    assert list(Price.objects.values()) == before
    assert len(local_aws.requests) == 1


def test_where_the_list_has_no_single_price_the_reason_is_kept(account, aws):
    InstanceFactory.create(aws_account=account, instance_type="z9.large")

    outcome = refresh(account, aws)

    price = Price.objects.get()
    assert (price.usd_per_hour, price.reason) == (
        None,
        "The price list has no product for this type, region, operation and tenancy.",
    )
    assert outcome.notes[0].startswith("1 of 1 kinds of instance have no price; z9.large eu-central-1")


@pytest.mark.usefixtures("local_aws")
def test_an_instance_without_an_operation_is_priced_as_linux(account, aws):
    InstanceFactory.create(aws_account=account, usage_operation="")

    refresh(account, aws)

    price = Price.objects.get()
    assert (price.usage_operation, price.usd_per_hour) == ("RunInstances", Decimal("0.115"))


def test_a_changed_price_touches_the_ledger_of_every_account_with_such_an_instance(account, aws):
    PriceFactory.create(usd_per_hour=Decimal("0.2"), retrieved_at=NOW - WEEK)
    other = AwsAccountFactory.create()
    once = AwsAccountFactory.create()
    elsewhere = AwsAccountFactory.create()
    for one in (account, other):
        InstanceFactory.create(aws_account=one)
    InstanceEventFactory.create(aws_account=once, instance_type="m5.large")
    InstanceFactory.create(aws_account=elsewhere, instance_type="c5.large")
    for one in (account, other, once, elsewhere):
        DailyTotalFactory.create(aws_account=one, day=date(2026, 3, 10))
    DailyTotalFactory.create(aws_account=account, day=date(2026, 3, 11), region="us-east-1")

    refresh(account, aws)

    assert Price.objects.get().usd_per_hour == Decimal("0.115")
    assert set(TouchedDay.objects.values_list("aws_account_id", "day")) == {
        (one.pk, date(2026, 3, 10)) for one in (account, other, once)
    }


def test_a_day_that_is_being_derived_while_its_price_changes_is_derived_again(account, aws):
    InstanceFactory.create(aws_account=account)
    TouchedDay.objects.create(aws_account=account, day=date(2026, 3, 10))

    refresh(account, aws)

    assert TouchedDay.objects.get().version > 1


def test_a_price_that_is_confirmed_touches_no_day(account, aws):
    InstanceFactory.create(aws_account=account)
    PriceFactory.create(retrieved_at=NOW - WEEK)
    DailyTotalFactory.create(aws_account=account)

    outcome = refresh(account, aws)

    assert outcome.rows_written == 1  # fresh again
    assert not TouchedDay.objects.exists()


def test_one_kind_that_fails_leaves_the_others_priced_and_its_old_price_standing(account, aws, local_aws):
    PriceFactory.create(instance_type="c5.large", usd_per_hour=Decimal("0.09"), retrieved_at=NOW - WEEK)
    for instance_type in ("c5.large", "m5.large"):
        InstanceFactory.create(aws_account=account, instance_type=instance_type)
    told = local_aws.answers["GetProducts"]
    local_aws.answers["GetProducts"] = lambda asked: (
        {"PriceList": ["{"]} if filters_of(asked)["instanceType"] == "c5.large" else told(asked)
    )

    outcome = refresh(account, aws)

    assert list(outcome.failed_parts) == ["c5.large eu-central-1 RunInstances"]
    assert dict(Price.objects.values_list("instance_type", "usd_per_hour")) == {
        "c5.large": Decimal("0.09"),
        "m5.large": Decimal("0.115"),
    }


def test_where_nothing_is_allowed_the_list_is_not_asked_a_thousand_times(account, aws, local_aws):
    for number in range(40):
        InstanceFactory.create(aws_account=account, instance_type=f"m{number}.large")
    local_aws.answers["GetProducts"] = lambda _: refusal("AccessDeniedException")

    with pytest.raises(UpstreamRejected) as caught:
        refresh(account, aws)

    assert caught.value.reason is Reason.DENIED
    assert len(local_aws.requests) <= 8  # what four threads had begun
    assert not Price.objects.exists()


def test_progress_is_told_kind_by_kind(account, aws):
    for instance_type in ("c5.large", "m5.large"):
        InstanceFactory.create(aws_account=account, instance_type=instance_type)
    seen = []

    refresh(account, aws, progress=lambda **told: seen.append((told["done"], told["total"], told["part"])))

    assert (len(seen), seen[-1][:2]) == (2, (2, 2))
    assert {part for *_, part in seen} == {f"{kind}.large eu-central-1 RunInstances" for kind in ("c5", "m5")}
