from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.files.codes import CodeTable
from carbon.files.text import Text, plain_decimals, plain_hours

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def texts(values):
    """The values as a block of lines, with where each begins and how long it is."""
    raw = "".join(f"{value}\n" for value in values).encode()
    ends = np.flatnonzero(np.frombuffer(raw, np.uint8) == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    return Text(np.frombuffer(raw, np.uint8), zeros_at=ends), starts, ends - starts


def test_short_numbers_are_read_as_python_reads_them():
    written = ["0", "7", "100", "52.5", "0.07", "12.34567", "5.", ".5", "00000.50", "99999999"]

    values, wrong = plain_decimals(*texts(written))

    assert values.tolist() == [float(text) for text in written]
    assert not wrong.any()


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "-1",
        "+1",
        "1e1",
        "nan",
        "inf",
        "1.2.3",
        "1,5",
        "12%",
        "5 5",
        "٣",
        "0x1",
        "1_0",
        "abcdefghij",
        "1234567890",
        "1.2345678.9",
        "1.23456789012345678901234567",
    ],
)
def test_what_is_no_plain_number_is_said_to_be_none(text):
    _, wrong = plain_decimals(*texts(["1", text, "2.5"]))

    assert wrong.tolist() == [False, True, False]


@given(values=st.lists(st.floats(0, 100), min_size=1, max_size=20), digits=st.integers(0, 20))
def test_a_plain_number_is_read_as_python_reads_it_to_the_last_bit(values, digits):
    written = [f"{value:.{digits}f}" for value in values]

    read, wrong = plain_decimals(*texts(written))

    assert not wrong.any()
    assert read == pytest.approx([float(text) for text in written], rel=4e-16, abs=1e-22)
    short = [len(text) <= 8 for text in written]
    assert read[short].tolist() == [float(text) for text in np.array(written)[short]]


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=12))
def test_no_other_text_passes_as_a_number(text):
    read, wrong = plain_decimals(*texts([text]))

    assert wrong[0] or read[0] == pytest.approx(float(text))


@given(
    instant=st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31, 23, 59, 59), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis wants them naive)
    ending=st.sampled_from(["", "Z", "+00:00"]),
)
def test_every_plain_utc_time_gives_its_hour(instant, ending):
    hours, wrong = plain_hours(*texts([f"{instant:%Y-%m-%dT%H:%M:%S}{ending}"]))

    assert not wrong.any()
    assert hours[0] == (instant - EPOCH) // timedelta(hours=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-03-00T00:00:00Z",
        "2026-03-32T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T05:60:00Z",
        "2026-03-01T05:00:60Z",
        "2026-03-01 05:00:00Z",
        "2026-03-01T05:00:00z",
        "2026-03-01T05:00:00+01:00",
        "2026-03-01T05:00:00.5Z",
        "2O26-03-01T05:00:00Z",
        "2026/03/01T05:00:00Z",
        "1969-12-31T23:00:00Z",
        "2200-01-01T00:00:00Z",
        "²026-03-01T05:00:00",
    ],
)
def test_what_is_no_plain_time_is_said_to_be_none(text):
    _, wrong = plain_hours(*texts(["2026-03-01T05:00:00Z", text, "2026-03-01T06:00:00Z"]))

    assert wrong.tolist() == [False, True, False]


def test_the_leap_day_is_one_only_in_a_leap_year():
    _, wrong = plain_hours(*texts(["2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z"]))

    assert wrong.tolist() == [False, True, True]


@given(batches=st.lists(st.lists(st.text("ab", min_size=1, max_size=20), min_size=1, max_size=30), max_size=8))
def test_a_key_keeps_the_number_it_got_when_it_was_new(batches):
    table, numbers = CodeTable(300), {}

    for batch in batches:
        text, starts, lengths = texts(batch)
        codes, new_rows = table.codes(text.key_words(starts, lengths))
        for row in new_rows.tolist():
            assert batch[row] not in numbers
            numbers[batch[row]] = len(numbers) + 1
        assert codes.tolist() == [numbers[key] for key in batch]

    assert table.count == len(numbers)


def test_a_full_table_still_tells_every_key_apart():
    keys = [np.arange(1, 1001, dtype=np.uint64) << np.uint64(40)]
    table = CodeTable(1000)

    codes, new_rows = table.codes(keys)
    again, none_new = table.codes(keys)

    assert sorted(codes.tolist()) == list(range(1, 1001))
    assert (again.tolist(), none_new.size, len(new_rows)) == (codes.tolist(), 0, 1000)


def test_a_cleared_table_begins_anew():
    table = CodeTable(10)
    table.codes([np.array([7, 8], np.uint64)])

    table.clear()
    codes, new_rows = table.codes([np.array([8], np.uint64)])

    assert (codes.tolist(), new_rows.tolist(), table.count) == ([1], [0], 1)
