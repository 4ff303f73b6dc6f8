import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core import display


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1234.5, "1,230"),
        (12.345, "12.3"),
        (0.0123456, "0.0123"),
        (999.6, "1,000"),
        (9.996, "10.0"),
        (Decimal("2.76"), "2.76"),
        (Decimal("1234567.89"), "1,230,000"),
        (-45.678, "-45.7"),
        (1e-9, "0.00000000100"),
    ],
)
def test_three_digits_are_significant_and_no_power_of_ten_is_written(value, shown):
    assert display.significant(value) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (Decimal("1234.5"), "USD", "USD 1,230"),
        (Decimal(0), "EUR", "EUR 0"),
        (456.7, "gCO2e", "457 g CO2e"),
        (45_678.0, "gCO2e", "45.7 kg CO2e"),
        (4_567_800.0, "gCO2e", "4.57 t CO2e"),
        (0.5, "gCO2e", "0.500 g CO2e"),
        (0.0, "gCO2e", "0 g CO2e"),
        (0.0, "kWh", "0 kWh"),
        (0.0042, "kWh", "4.20 Wh"),
        (2250.0, "kWh", "2.25 MWh"),
        (22.6, "gCO2e/USD", "22.6 g CO2e/USD"),
        (0.631, "share", "63 %"),
        (1.0, "share", "100 %"),
        (0.9999, "share", "99.9 %"),
        (0.0004, "share", "<0.1 %"),
        (0.0, "share", "0 %"),
        (None, "USD", "–"),
    ],
)
def test_a_tile_shows_a_unit_that_fits_the_number(value, unit, shown):
    assert str(display.short(value, unit)) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1.0, "100.0"),
        (0.9999, "99.9"),
        (0.98, "98.0"),
        (0.0, "0.0"),
        (0.0004, "<0.1"),
        (-0.0004, ">-0.1"),
        (-0.25, "-25.0"),
        (12.345, "1,234.5"),
    ],
)
def test_shares_below_each_other_have_the_same_decimals(share, shown):
    assert display.percent(share) == shown


def test_a_title_has_every_digit_that_means_anything():
    assert display.full(Decimal("12.34567800"), "USD") == "12.345678 USD"
    assert display.full(1.2999123, "kWh") == "1.299912 kWh"
    assert display.full(0.12345678, "share") == "12.3457 %"


def test_a_rounded_zero_has_no_sign():
    assert display.fixed(-0.0001, decimals=2) == "0.00"


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=7), "7 h"),
        (timedelta(days=3), "3 d"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_an_age_is_told_in_one_unit(length, shown):
    assert display.age(length) == shown


def test_an_instant_names_its_zone():
    assert display.instant(datetime(2026, 3, 8, 6, 5, tzinfo=UTC)) == "8 Mar 2026 06:05 UTC"


@given(st.floats(min_value=1e-12, max_value=1e15, allow_nan=False))
def test_what_is_shown_is_never_more_than_half_a_percent_off(value):
    shown = float(display.significant(value).replace(",", ""))

    assert abs(shown - value) <= 0.00501 * value
    assert re.fullmatch(r"[0-9,]+(\.[0-9]+)?", display.significant(value))
