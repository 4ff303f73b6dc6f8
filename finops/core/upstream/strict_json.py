"""JSON as the standard has it: what Python's own parser lets pass and we cannot compute with is refused."""

import json
import math
from typing import Any

_MOST_DIGITS = 30


def parse_json(body: bytes) -> Any:
    """The value in `body`, UTF-8 with or without a byte order mark.

    Raises ValueError, with a reason that quotes nothing of the body, where it is empty, no UTF-8, no JSON,
    nested too deep, holds NaN, Infinity or a number beyond a float (1e999), or names a key twice.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    if not text.strip():
        raise ValueError("it is empty")
    if text.lstrip().startswith("<"):
        raise ValueError("it is a web page, not data")
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short,
            object_pairs_hook=_without_duplicates,
        )
    except json.JSONDecodeError:
        # Its own text says where, and `doc` holds the whole body: neither belongs into a log.
        raise ValueError("it is not JSON") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("it holds a number too large to be true")
    return number


def _short(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("it holds a number too large to be true")
    return int(digits)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("it names a key twice")
    return mapping
