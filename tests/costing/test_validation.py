from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costing.estimators.money import Money
from costing.estimators.validation import ValidationQuality, validation

amounts = st.decimals(min_value=Decimal("0.01"), max_value=10**9, places=10)


def usd(amount):
    return Money(Decimal(amount), "USD")


def test_the_factor_says_how_far_the_bill_is_from_the_model():
    # 82.80 billed / 69.00 modelled = 1.2; deviation max(1.2, 1/1.2) = 1.2 < 1.5
    result = validation(billed=usd("82.80"), modelled=usd("69.00"))

    assert (result.factor, result.quality, result.reason) == (Decimal("1.2"), ValidationQuality.EXCELLENT, "")


@pytest.mark.parametrize(
    ("billed", "modelled", "quality"),
    [
        ("1", "1", "excellent"),
        ("1.4999999999", "1", "excellent"),
        ("1.5", "1", "moderate"),
        ("1", "1.5", "moderate"),
        ("0.1", "0.15", "moderate"),
        ("5", "1", "moderate"),
        ("1", "5", "moderate"),
        ("5.0000000001", "1", "limited"),
        ("1", "5.0000000001", "limited"),
        ("3", "9", "moderate"),
    ],
)
def test_the_limits_of_the_qualities_lie_where_they_should(billed, modelled, quality):
    assert validation(billed=usd(billed), modelled=usd(modelled)).quality == quality


@pytest.mark.parametrize(
    ("billed", "modelled", "words"),
    [
        (None, usd(1), "No bill is known"),
        (usd(1), None, "No cost could be modelled"),
        (usd(1), usd(0), "modelled cost is zero"),
        (usd(0), usd(0), "modelled cost is zero"),
        (usd(0), usd(1), "bill is zero"),
        (usd(-1), usd(1), "bill is negative"),
        (Money(Decimal(1), "INR"), usd(1), "in INR and the model in USD"),
    ],
)
def test_without_two_amounts_to_compare_there_is_a_reason_in_place_of_a_factor(billed, modelled, words):
    result = validation(billed=billed, modelled=modelled)

    assert (result.factor, result.quality) == (None, None)
    assert words in result.reason


@given(one=amounts, other=amounts)
def test_too_high_is_as_bad_as_too_low(one, other):
    assert (
        validation(billed=usd(one), modelled=usd(other)).quality
        == validation(billed=usd(other), modelled=usd(one)).quality
    )
