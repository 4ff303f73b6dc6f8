from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.api.carbon_aware.durations import duration_text
from carbon.api.carbon_aware.times import ClientTime, read_in_address, read_in_body, utc_text

NOT_A_TIME = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-03-01T15:30:00Z", "2022-03-01T15:30:00+00:00"),
        ("2022-03-01t15:30:00z", "2022-03-01T15:30:00+00:00"),
        ("2022-03-01T15:30:00", "2022-03-01T15:30:00+00:00"),
        ("2022-03-01T15:30", "2022-03-01T15:30:00+00:00"),
        ("2022-03-01 15:30", "2022-03-01T15:30:00+00:00"),
        ("2022-03-01", "2022-03-01T00:00:00+00:00"),
        ("2022-03", "2022-03-01T00:00:00+00:00"),
        (" 2022-03-01 ", "2022-03-01T00:00:00+00:00"),
        ("2022-1-1T04:05:06Z", "2022-01-01T04:05:06+00:00"),
        ("2022-03-01T15:30:00+02:00", "2022-03-01T15:30:00+02:00"),
        ("2022-03-01T15:30:00-0430", "2022-03-01T15:30:00-04:30"),
        # What the generated Python client sends, and what is left of a + that nobody encoded.
        ("2021-10-25T15:00:00.000000+0000", "2021-10-25T15:00:00+00:00"),
        ("2021-10-25T15:00:00 00:00", "2021-10-25T15:00:00+00:00"),
        ("2021-10-25T15:00:00.5 0200", "2021-10-25T15:00:00.5+02:00"),
        ("2022-05-17T20:45:11.5092741+00:00", "2022-05-17T20:45:11.5092741+00:00"),
        ("2022-05-17T20:45:11.50927419Z", "2022-05-17T20:45:11.5092741+00:00"),
        ("1/2/2022", "2022-01-02T00:00:00+00:00"),
        ("1/2/22 3:04 PM", "2022-01-02T15:04:00+00:00"),
        ("12/31/2021 12:00 AM", "2021-12-31T00:00:00+00:00"),
        ("Tue, 01 Mar 2022 15:30:00 GMT", "2022-03-01T15:30:00+00:00"),
        ("March 1, 2022", "2022-03-01T00:00:00+00:00"),
        ("0001-01-01", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999+00:00"),
    ],
)
def test_an_address_is_read_as_dotnet_reads_it(text, expected):
    assert str(read_in_address(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "",
        "24",
        "2022-02-30",
        "2022-13-01",
        "31/12/2021",
        "2022-03-01T24:00:00Z",
        "2022-03-01T15:60:00Z",
        "2022-03-01T15:30:00+15:00",
        "1/2/2022 13:00 PM",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2022-03-01T15:30:00Zx",
        "2022-03-01" + " " * 100_000 + "x",
    ],
)
def test_what_dotnet_cannot_read_is_no_time(text):
    assert read_in_address(text) is NOT_A_TIME


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-03-01", "2022-03-01T00:00:00+00:00"),
        ("2022-03-01T15:30", "2022-03-01T15:30:00+00:00"),
        ("2022-03-01T15:30:00", "2022-03-01T15:30:00+00:00"),
        ("2022-03-01T15:30:00.1234567-04:00", "2022-03-01T15:30:00.1234567-04:00"),
        ("2022-03-01T15:30:00Z", "2022-03-01T15:30:00+00:00"),
        ("2022-03-01T15:30:00+02", "2022-03-01T15:30:00+02:00"),
    ],
)
def test_a_body_is_read_as_strict_iso(text, expected):
    assert str(read_in_body(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2022-3-1T15:30:00Z",
        "2022-03-01 15:30:00Z",
        "2022-03-01T15:30:00z",
        "2022-03-01T15:30:00+0200",
        "2022-03-01T15:30:00 02:00",
        "2022-03-01Z",
        "1/2/2022",
        " 2022-03-01",
        "",
    ],
)
def test_a_body_is_not_read_loosely(text):
    assert read_in_body(text) is NOT_A_TIME


@given(
    days=st.integers(2, date.max.toordinal() - 1),
    microseconds=st.integers(0, 86_400_000_000 - 1),
    offset=st.integers(-14 * 60, 14 * 60),
)
def test_what_is_written_is_read_again(days, microseconds, offset):
    given_time = ClientTime(((days - 1) * 86_400_000_000 + microseconds) * 10, offset)

    assert read_in_address(str(given_time)) == given_time
    assert read_in_body(str(given_time)) == given_time
    assert utc_text(given_time.microseconds) == str(given_time.in_utc())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(3600, "01:00:00"), (300, "00:05:00"), (25 * 3600, "1.01:00:00"), (0, "00:00:00"), (0.5, "00:00:00.5000000")],
)
def test_lengths_are_written_as_dotnet_writes_them(seconds, expected):
    assert duration_text(round(seconds * 1_000_000)) == expected
