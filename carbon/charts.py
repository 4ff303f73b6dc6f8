"""Grid zones as static/js/charts.js draws them. Average and marginal intensity are never in one chart."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from carbon.models import Signal
from carbon.selectors.grid import Grid, ZoneView
from carbon.selectors.grid_series import HourReading, ReadingSeries
from carbon.selectors.when_and_where import WhenAndWhere
from carbon.selectors.zone_forecasts import ZoneForecast, ZoneForecasts

_UNIT = "g CO2e/kWh"
_LINE_COLORS, _DASHES = 8, 4  # what the style sheet and charts.js tell apart


def grid_lanes(grid: Grid) -> list[dict[str, Any]]:
    """One small chart for each of `read_zones`: bars by hour, hatched where estimated, the yearly mean as a line."""
    return [
        {
            "labels": _labels(grid),
            "axes": {"left": _UNIT},
            "series": [
                _bars(view.main.label if view.main else "No reading", view.main.hours if view.main else ()),
                *_yearly_mean(view, len(grid.hours)),
            ],
        }
        for view in grid.read_zones
    ]


def zone_charts(grid: Grid, view: ZoneView) -> dict[str, dict[str, Any]]:
    """By signal, one line a source; the yearly mean, which is an average, stands with the average only."""
    charts = {}
    for signal in Signal.values:
        told = [series for series in view.series if series.signal == signal and series.known_hours]
        if told:
            reference = _yearly_mean(view, len(grid.hours)) if signal == Signal.AVERAGE else []
            drawn = [_bars(told[0].label, told[0].hours)] if len(told) == 1 else _lines(told)
            charts[signal] = {"labels": _labels(grid), "axes": {"left": _UNIT}, "series": [*drawn, *reference]}
    return charts


def when_chart(answer: WhenAndWhere, *, signal: str) -> dict[str, Any]:
    """The forecasts of one signal by hour, a line for each location; hollow points lie in its best window."""
    return {
        "labels": _hour_labels(answer.hours),
        "axes": {"left": _UNIT},
        "series": [
            {
                "label": choice.location,
                "kind": "line",
                "axis": "left",
                **_ink(number),
                "chosen": True,
                "hatched": [answer.is_in_best(choice, hour) for hour in answer.hours],
                "values": list(choice.hours),
            }
            for number, choice in enumerate(answer.of_signal(signal))
        ],
    }


def forecast_charts(answer: ZoneForecasts) -> dict[str, dict[str, Any]]:
    """By signal, a line for each source, and its 80 % band as the ground between two thin ones."""
    return {
        signal: {
            "labels": _hour_labels(answer.hours),
            "axes": {"left": _UNIT},
            "series": [
                line
                for number, forecast in enumerate(answer.of_signal(signal))
                for line in _forecast_lines(forecast, number)
            ],
        }
        for signal in answer.signals
    }


def _forecast_lines(forecast: ZoneForecast, number: int) -> list[dict[str, Any]]:
    def line(label: str, values: list[float | None], **more: Any) -> dict[str, Any]:
        common = {"label": label, "kind": "line", "axis": "left", "hatched": [False] * len(values), "values": values}
        return common | _ink(number) | more

    bound = {"bound": True, "points": False, "dash": 0}
    hours = forecast.hours
    lines = [line(forecast.label, [hour.gco2e_per_kwh if hour else None for hour in hours])]
    if forecast.has_band:
        low, high = ([getattr(hour, end) if hour else None for hour in hours] for end in ("low", "high"))
        lines.append(line(f"{forecast.label}, low", low, legend=f"{forecast.label}, 80 % band", fills=True, **bound))
        lines.append(line(f"{forecast.label}, high", high, legend="", **bound))
    return lines


def _ink(number: int) -> dict[str, Any]:
    """How the line of that number is drawn: colour and dash together tell it from all others of a chart."""
    return {"color": f"line-{number % _LINE_COLORS + 1}", "dash": (number + number // _LINE_COLORS) % _DASHES}


def _labels(grid: Grid) -> list[str]:
    return _hour_labels(grid.hours)


def _hour_labels(hours: Iterable[datetime]) -> list[str]:
    return [f"{hour:%d %b %H:%M}".lstrip("0") for hour in hours]


def _bars(label: str, hours: Sequence[HourReading | None]) -> dict[str, Any]:
    return _series(label, "bar", "cost", hours)


def _lines(told: Sequence[ReadingSeries]) -> list[dict[str, Any]]:
    return [_series(series.label, "line", "", series.hours) | _ink(number) for number, series in enumerate(told)]


def _series(label: str, kind: str, color: str, hours: Sequence[HourReading | None]) -> dict[str, Any]:
    return {
        "label": label,
        "kind": kind,
        "axis": "left",
        "color": color,
        "dashed": False,
        "hatched": [bool(hour and hour.is_estimated) for hour in hours],
        "values": [hour.gco2e_per_kwh if hour else None for hour in hours],
    }


def _yearly_mean(view: ZoneView, hours: int) -> list[dict[str, Any]]:
    mean = view.zone.yearly_mean_gco2e_per_kwh
    if mean is None:
        return []
    year = f" {view.zone.yearly_mean_year}" if view.zone.yearly_mean_year else ""
    return [
        {
            "label": f"Yearly mean{year}",
            "kind": "line",
            "axis": "left",
            "color": "embodied",
            "dashed": True,
            "points": False,
            "hatched": [False] * hours,
            "values": [mean] * hours,
        }
    ]
