from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.upstream.patience import Patience, retry_after_seconds

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("٣", None),  # a digit, and not one of HTTP's
        ("1.5", None),
        ("-3", None),
        ("0", 0.0),
        ("2", 2.0),
        (" 120 ", 120.0),
        ("86400", 86_400.0),
        ("999999999999", 86_400.0),
        ("Wed, 18 Mar 2026 12:31:30 GMT", 90.0),
        ("Wed, 18 Mar 2026 12:00:00 GMT", 0.0),
        ("Wed, 18 Mar 2036 12:00:00 GMT", 86_400.0),
    ],
)
def test_retry_after_is_read_in_both_of_its_forms(header: str | None, seconds: float | None):
    assert retry_after_seconds(header, now=NOW) == seconds


def test_pauses_double_and_are_spread():
    patience = Patience(first_pause_seconds=0.5, longest_pause_seconds=10)

    # 0.5 × 2^(tries − 1), times 0.5 to 1.5
    assert [patience.pause_seconds(tried=n, asked_for=None, chance=0.5) for n in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert patience.pause_seconds(tried=1, asked_for=None, chance=0.0) == 0.25
    assert patience.pause_seconds(tried=9, asked_for=None, chance=1.0) == 10


def test_a_longer_wait_than_a_call_may_take_is_no_pause_but_an_end():
    patience = Patience(longest_pause_seconds=10)

    assert patience.pause_seconds(tried=1, asked_for=10, chance=0.9) == 10
    assert patience.pause_seconds(tried=1, asked_for=11, chance=0.9) is None


@given(tried=st.integers(1, 50), chance=st.floats(0, 1))
def test_no_pause_is_longer_than_the_longest(tried: int, chance: float):
    pause = Patience().pause_seconds(tried=tried, asked_for=None, chance=chance)

    assert pause is not None
    assert 0 < pause <= Patience().longest_pause_seconds
