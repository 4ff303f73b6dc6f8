from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.upstream.strict_json import parse_json


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<html></html>", "web page"),
        (b"  <?xml?>", "web page"),
        (b"{", "not JSON"),
        (b'{"a": 1} x', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"\xff\xfe{\x00", "not UTF-8"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b'{"a": {"b": 1e999}}', "too large"),
        (b"-1e999", "too large"),
        (b"1" * 5000, "too large"),
        (b'{"a": 1, "b": 2, "a": 1}', "twice"),
        (b"[" * 100_000, "too deep"),
    ],
)
def test_what_python_lets_pass_and_json_does_not_is_refused(body: bytes, why: str):
    with pytest.raises(ValueError, match=why) as caught:
        parse_json(body)

    assert not isinstance(caught.value, json.JSONDecodeError)


def test_numbers_keep_their_kind():
    assert parse_json(b'{"a": 1, "b": 1.5, "c": null, "d": true}') == {"a": 1, "b": 1.5, "c": None, "d": True}


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(values)
def test_every_json_value_survives_the_way_there_and_back(value: object):
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_value_error(body: bytes):
    try:
        value = parse_json(body)
    except ValueError:
        return
    assert not isinstance(value, float) or math.isfinite(value)
