"""Answers as JSON. The long lists are put together as text, several times faster than through a tree of objects."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from carbon.api.carbon_aware.durations import duration_text
from carbon.api.carbon_aware.times import utc_text
from carbon.estimators.selection import Floats, Ints

_MICROSECONDS_PER_MINUTE = 60_000_000


def text(value: str | None) -> str:
    """A text, or null."""
    return json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """A number as JSON has it, whole ones without a point: 70 and not 70.0."""
    written = repr(float(value))
    return written.removesuffix(".0")


def array(items: Iterable[str]) -> str:
    """An array of what is written already."""
    return f"[{','.join(items)}]"


def members(**written: str) -> str:
    """An object whose values are written already."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in written.items()) + "}"


def emissions_data(location: str, starts_at: Ints, duration: Ints, gco2e_per_kwh: Floats) -> list[str]:
    """Observed points of one location, each as EmissionsData."""
    head = f'{{"location":{text(location)},"time":"'
    return [
        f'{head}{utc_text(start)}","rating":{number(value)},"duration":"{duration_text(length)}"}}'
        for start, length, value in _rows(starts_at, duration, gco2e_per_kwh)
    ]


def forecast_points(location: str, starts_at: Ints, duration: Ints, gco2e_per_kwh: Floats) -> list[str]:
    """Points or windows of a forecast, each as EmissionsDataDTO; minutes are cut, as the SDK does."""
    head = f'{{"location":{text(location)},"timestamp":"'
    return [
        f'{head}{utc_text(start)}","duration":{length // _MICROSECONDS_PER_MINUTE},"value":{number(value)}}}'
        for start, length, value in _rows(starts_at, duration, gco2e_per_kwh)
    ]


def _rows(starts_at: Ints, duration: Ints, values: Floats) -> Any:
    columns: Sequence[list[Any]] = (starts_at.tolist(), duration.tolist(), values.tolist())
    return zip(*columns, strict=True)
