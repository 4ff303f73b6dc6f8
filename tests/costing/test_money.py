from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costing.estimators.money import (
    Displayed,
    Money,
    Rate,
    converted,
    displayed,
    gco2e_per_currency_unit,
    quantised,
    rate_on,
    shares_by_grade,
    sums_by_currency,
)

EURO = Rate("EUR", Decimal("0.92"), date(2026, 3, 1), "European Central Bank")
amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=10)


def usd(amount):
    return Money(Decimal(amount), "USD")


def test_dollars_are_converted_once_with_a_rate_that_stays_visible():
    # 1,234.5678 USD × 0.92 = 1,135.802376 → 1,135.80 EUR
    shown = converted(usd("1234.5678"), rate=EURO)

    assert shown == Displayed(Money(Decimal("1135.80"), "EUR"), converted_from=usd("1234.5678"), rate=EURO)


def test_dollars_shown_in_dollars_are_not_converted():
    rate = Rate("USD", Decimal(1), date(2026, 3, 1), "")

    assert converted(usd("1.005"), rate=rate) == Displayed(usd("1.01"))


def test_only_dollars_can_be_converted():
    with pytest.raises(ValueError, match="INR cannot be converted"):
        converted(Money(Decimal(1), "INR"), rate=EURO)


def test_sums_stay_within_a_currency():
    # USD: 1.10 + 2.20 = 3.30; EUR: 5; never 8.30
    sums = sums_by_currency([usd("1.10"), Money(Decimal(5), "EUR"), usd("2.20")])

    assert sums == [Money(Decimal(5), "EUR"), usd("3.30")]
    assert sums_by_currency([]) == []


def test_a_bill_in_euros_and_converted_dollars_stay_two_lines():
    shown = displayed([usd(10), Money(Decimal(5), "EUR"), usd(10)], rate=EURO)

    assert [(line.money.amount, line.money.currency, line.rate) for line in shown] == [
        (Decimal("5.00"), "EUR", None),
        (Decimal("18.40"), "EUR", EURO),  # 20 × 0.92
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0.005", "USD", "0.01"),
        ("-0.005", "USD", "-0.01"),
        ("-0.001", "USD", "0.00"),
        ("1234.5", "JPY", "1235"),
        ("1.2345", "KWD", "1.235"),
    ],
)
def test_an_amount_is_rounded_to_the_smallest_unit_of_its_currency(amount, currency, shown):
    assert str(quantised(Money(Decimal(amount), currency)).amount) == shown


def test_the_rate_of_a_day_is_the_latest_on_or_before_it():
    later = Rate("EUR", Decimal("0.95"), date(2026, 3, 10), "European Central Bank")
    pound = Rate("GBP", Decimal("0.79"), date(2026, 3, 2), "Bank of England")
    rates = [later, EURO, pound]

    assert rate_on(rates, currency="EUR", day=date(2026, 3, 9)) == EURO
    assert rate_on(rates, currency="EUR", day=date(2026, 3, 10)) == later
    assert rate_on(rates, currency="EUR", day=date(2026, 2, 28)) is None
    assert rate_on(rates, currency="JPY", day=date(2026, 3, 10)) is None


@pytest.mark.parametrize("per_usd", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_that_is_no_rate_is_refused(per_usd):
    with pytest.raises(ValueError, match="above 0"):
        Rate("EUR", Decimal(per_usd), date(2026, 3, 1), "")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_an_amount_that_is_no_number_is_refused(amount):
    with pytest.raises(ValueError, match="finite"):
        usd(amount)


def test_shares_by_grade_tell_what_a_total_rests_on():
    # 60 of A and 20 + 20 of C out of 100; one part without a figure is counted, not shared out
    shares = shares_by_grade([("A", Decimal(60)), ("C", Decimal(20)), ("C", Decimal(20)), ("D", None)])

    assert shares.total == 100
    assert shares.by_grade == {"A": 0.6, "C": 0.4}
    assert shares.parts_without_figure == 1


def test_a_total_of_zero_has_no_shares():
    assert shares_by_grade([("A", 0.0)]).by_grade == {}
    assert shares_by_grade([]).by_grade == {}


@pytest.mark.parametrize("figure", [-1.0, float("nan"), float("inf"), Decimal(-1)])
def test_a_share_of_a_figure_that_cannot_be_is_refused(figure):
    with pytest.raises(ValueError, match="finite figures"):
        shares_by_grade([("A", figure)])


def test_grams_per_dollar_need_dollars():
    # 500 g / 2 USD = 250 g/USD
    assert gco2e_per_currency_unit(gco2e=500.0, cost=usd(2)) == 250.0
    assert gco2e_per_currency_unit(gco2e=500.0, cost=usd(0)) is None
    assert gco2e_per_currency_unit(gco2e=500.0, cost=None) is None
    assert gco2e_per_currency_unit(gco2e=None, cost=usd(2)) is None


@given(one=amounts, other=amounts)
def test_converting_a_sum_differs_from_the_sum_of_the_converted_by_rounding_alone(one, other):
    together = converted(usd(one + other), rate=EURO).money.amount
    apart = converted(usd(one), rate=EURO).money.amount + converted(usd(other), rate=EURO).money.amount

    assert abs(together - apart) <= Decimal("0.02")  # each of the three roundings moves at most 0.005


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.floats(0, 1e12)), max_size=20))
def test_shares_add_up_to_the_whole_or_there_are_none(parts):
    shares = shares_by_grade(parts).by_grade

    assert not shares or sum(shares.values()) == pytest.approx(1)
