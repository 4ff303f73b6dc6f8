"""Answers of selectors as static/js/charts.js draws them: labels, and series with their axis and marks."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from costing.selectors.bridges import BridgeLine
from costing.selectors.explorer import Block, Exploration, Kind
from costing.selectors.lanes import Lane
from costing.selectors.overview import Overview
from costing.selectors.resource import MetricSeries
from finops.core.time_zones import as_shown

_THINNEST = 1000  # a bar of less than one in so many of the tallest cannot be seen

Values = Sequence[float | Decimal | None]

_SERIES_COLORS = 8  # as many as tell apart; the style sheet has them

_DRAWN_AS_LINES = {"cpu", "intensity"}


def overview_chart(overview: Overview) -> dict[str, Any]:
    """Daily list cost as bars, carbon as lines over a second axis; an incomplete day is hatched, or apart."""
    days = overview.days
    incomplete = [not day.is_complete for day in days]
    kilograms = _scaled(1000)
    operational = [kilograms(day.amounts.operational_gco2e) for day in days]
    embodied = [kilograms(day.amounts.embodied_gco2e) for day in days]
    apart = {"apart": True}  # a line down to the hours of today so far would look like a saving
    return {
        "labels": [f"{day.day:%d %b}".lstrip("0") for day in days],
        "axes": {"left": overview.currency, "right": "kg CO2e"},
        "series": [
            _series("List cost", "bar", "left", "cost", [day.amounts.list_cost for day in days], incomplete),
            _series("Operational carbon", "line", "right", "carbon", operational, incomplete) | apart,
            _series("Embodied carbon", "line", "right", "embodied", embodied, incomplete, is_dashed=True) | apart,
        ],
    }


def instance_lanes(lanes: Sequence[Lane]) -> list[dict[str, Any]]:
    """A chart a lane; hatched with the reason where a value is filled in, and behind hours that lack one."""
    return [
        {
            "labels": [f"{as_shown(hour.starts_at):%d %b %H:%M}".lstrip("0") for hour in lane.hours],
            "axes": {"left": lane.unit.replace("gCO2e", "g")},
            "gaps": [hour.is_gap for hour in lane.hours],
            "why": [hour.why for hour in lane.hours],
            "series": [
                _series(
                    lane.label,
                    "line" if lane.key in _DRAWN_AS_LINES else "bar",
                    "left",
                    lane.key,
                    [hour.value for hour in lane.hours],
                    [bool(hour.why) for hour in lane.hours],
                )
            ],
        }
        for lane in lanes
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
        "turns": True,  # where the screen is too narrow for that
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


def explorer_chart(answer: Exploration, block: Block, addresses: Sequence[str]) -> dict[str, Any]:
    """The lines of the table as stacked bars, a ratio as lines; a stretch the period cuts into is hatched."""
    scale = 0.001 if block.unit == "gCO2e" else 1.0
    is_ratio = answer.question.measure.is_ratio
    partial = [bucket.is_partial for bucket in answer.buckets]
    return {
        "labels": [f"{bucket.first:%d %b}".lstrip("0") for bucket in answer.buckets],
        "axes": {"left": {"gCO2e": "kg CO2e"}.get(block.unit, block.unit.replace("gCO2e", "g"))},
        "stacked": not is_ratio,
        "why": ["the period holds a part of it" if is_cut else "" for is_cut in partial],
        "series": [
            _series(
                " · ".join(line.labels),
                "line" if is_ratio else "bar",
                "left",
                f"series-{number % _SERIES_COLORS}" if line.kind is Kind.GROUP else "rest",
                [None if value is None else float(value) * scale for value in line.values],
                partial,
            )
            | {"address": address}
            for number, (line, address) in enumerate(zip(block.lines, addresses, strict=True))
        ],
    }


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


def metric_charts(series: Sequence[MetricSeries]) -> list[dict[str, Any]]:
    """A chart a metric, with the limit that it is held against as a line; bytes are shown in GiB or MiB."""
    charts = []
    for each in series:
        unit, divisor = _unit_of(each)
        labels = [
            f"{as_shown(hour):%d %b}" if each.metric.is_daily else f"{as_shown(hour):%d %b %H:%M}"
            for hour in each.hours
        ]
        scaled = _scaled(divisor)
        blank = [False] * len(each.hours)
        drawn = [
            _series(name.capitalize(), "line", "left", color, [scaled(value) for value in each.values[name]], blank)
            for name, color in (("average", "cpu"), ("maximum", "cost"), ("total", "cost"))
            if name in each.values
        ]
        if each.line is not None:
            level = [each.line.value / divisor] * len(each.hours)
            limit = _series(each.line.label, "line", "left", "embodied", level, blank, is_dashed=True)
            drawn.append(limit | {"points": False})
        charts.append({"labels": [label.lstrip("0") for label in labels], "axes": {"left": unit}, "series": drawn})
    return charts


def _unit_of(series: MetricSeries) -> tuple[str, float]:
    """The unit to show a metric in, and what its values are divided by."""
    if series.metric.unit != "bytes":
        return {"per cent": "%", "milliseconds": "ms"}.get(series.metric.unit, series.metric.unit), 1
    most = max((value or 0 for values in series.values.values() for value in values), default=0)
    return ("GiB", 1024.0**3) if most >= 1024**3 else ("MiB", 1024.0**2)
