"""Answers of selectors as static/js/charts.js draws them: labels, and series with their axis and marks."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from costing.selectors.bridges import BridgeLine
from costing.selectors.hours import HourLine
from costing.selectors.instance import InstanceDetail
from costing.selectors.overview import Overview

_THINNEST = 1000  # a bar of less than one in so many of the tallest cannot be seen

Values = Sequence[float | Decimal | None]

# Drawn hatched: what was not measured for that very hour.
_FILLED = {
    "bounded",
    "assumed",
    "default",
    "estimated_by_source",
    "carried",
    "same_hour_last_week",
    "yearly_mean",
    "substituted",
}


def overview_chart(overview: Overview) -> dict[str, Any]:
    """Daily list cost as bars, carbon as lines over a second axis; an incomplete day is hatched."""
    days = overview.days
    incomplete = [not day.is_complete for day in days]
    kilograms = _scaled(1000)
    return {
        "labels": [f"{day.day:%d %b}".lstrip("0") for day in days],
        "axes": {"left": overview.currency, "right": "kg CO2e"},
        "series": [
            _series("List cost", "bar", "left", "cost", [day.amounts.list_cost for day in days], incomplete),
            _series(
                "Operational carbon",
                "line",
                "right",
                "carbon",
                [kilograms(day.amounts.operational_gco2e) for day in days],
                incomplete,
            ),
            _series(
                "Embodied carbon",
                "line",
                "right",
                "embodied",
                [kilograms(day.amounts.embodied_gco2e) for day in days],
                incomplete,
                is_dashed=True,
            ),
        ],
    }


def instance_lanes(detail: InstanceDetail) -> list[dict[str, Any]]:
    """Five lanes over the same hours: running, CPU, intensity, cost, carbon; hatched where not measured."""
    hours = detail.hours
    labels = [f"{hour.starts_at:%d %b %H:%M}".lstrip("0") for hour in hours]
    minutes = _scaled(60)
    percent = _scaled(0.01)
    return [
        _lane(
            "Running", "min", "running", "bar", [minutes(h.running_seconds) for h in hours], hours, labels, "runtime"
        ),
        _lane("CPU", "%", "cpu", "line", [percent(h.cpu_utilization) for h in hours], hours, labels, "cpu"),
        _lane("Intensity", "g/kWh", "intensity", "line", [h.gco2e_per_kwh for h in hours], hours, labels, "intensity"),
        _lane("List cost", "USD", "cost", "bar", [h.list_cost_usd for h in hours], hours, labels, "price"),
        _lane(
            "Carbon", "g CO2e", "carbon", "bar", [h.operational_gco2e for h in hours], hours, labels, "intensity", "cpu"
        ),
    ]


def bridge_chart(lines: Sequence[BridgeLine], currency: str) -> dict[str, Any]:
    """A waterfall: levels from zero, between them steps that hang where the last ended; the thinnest are left out."""
    tallest = max(abs(line.starts_at + line.amount) for line in lines)
    shown = [line for line in lines if line.is_level or abs(line.amount) * _THINNEST > tallest]
    kinds = (
        ("Level", "cost", [line.is_level for line in shown]),
        ("Adds to the bill", "embodied", [not line.is_level and line.amount > 0 for line in shown]),
        ("Takes off the bill", "running", [not line.is_level and line.amount < 0 for line in shown]),
    )
    spans = [[float(line.starts_at), float(line.starts_at + line.amount)] for line in shown]
    return {
        "labels": [line.label.split() for line in shown],  # a word a line, so that they fit below their bars
        "axes": {"left": currency},
        "amounts": [float(line.amount) for line in shown],
        "series": [
            {
                "label": label,
                "kind": "bar",
                "axis": "left",
                "color": color,
                "dashed": False,
                "grouped": False,
                "hatched": [False] * len(shown),
                "values": [span if is_of_kind else None for span, is_of_kind in zip(spans, of_kind, strict=True)],
            }
            for label, color, of_kind in kinds
        ],
    }


def _lane(  # noqa: PLR0917 (one caller, five lines that read as a table)
    label: str,
    unit: str,
    color: str,
    kind: str,
    values: Values,
    hours: Sequence[HourLine],
    labels: list[str],
    *parts: str,
) -> dict[str, Any]:
    filled = [not hour.is_over or any(hour.quality[part] in _FILLED for part in parts) for hour in hours]
    return {"labels": labels, "axes": {"left": unit}, "series": [_series(label, kind, "left", color, values, filled)]}


def _series(  # noqa: PLR0917 (as above)
    label: str, kind: str, axis: str, color: str, values: Values, hatched: list[bool], *, is_dashed: bool = False
) -> dict[str, Any]:
    return {
        "label": label,
        "kind": kind,
        "axis": axis,
        "color": color,
        "dashed": is_dashed,
        "hatched": hatched,
        "values": [None if value is None else float(value) for value in values],
    }


def _scaled(by: float) -> Callable[[float | None], float | None]:
    return lambda value: None if value is None else value / by
