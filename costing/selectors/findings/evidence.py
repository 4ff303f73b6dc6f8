"""What a finding rests on, as its row keeps it: the series with its bounds and latest values, the limits in force."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from costing.estimators.findings import BY_KEY, PARAMETERS, Verdict
from finops.core.periods import HOUR

from .estate import Things
from .limits import Limit

_LATEST_HOURS = 48
# Which series a rule of series looks at first, with the unit that CloudWatch gives it in.
SERIES_OF_RULE: Mapping[str, tuple[str, str, str]] = {
    "ec2_cpu": ("CPUUtilization", "average", "%"),
    "ec2_idle": ("CPUUtilization", "average", "%"),
    "ec2_cpu_peak": ("CPUUtilization", "maximum", "%"),
    "ec2_cpu_low": ("CPUUtilization", "average", "%"),
    "rds_cpu": ("CPUUtilization", "average", "%"),
    "rds_storage": ("FreeStorageSpace", "average", "B"),
    "rds_connections": ("DatabaseConnections", "average", ""),
    "rds_memory": ("FreeableMemory", "average", "B"),
    "rds_burst_balance": ("BurstBalance", "average", "%"),
    "rds_idle": ("DatabaseConnections", "average", ""),
    "lambda_errors": ("Errors", "total", ""),
    "lambda_throttles": ("Throttles", "total", ""),
    "lambda_duration": ("Duration", "maximum", "ms"),
    "lambda_idle": ("Invocations", "total", ""),
}


def evidence_of(verdict: Verdict, things: Things, limits: Mapping[str, Limit]) -> dict[str, Any]:
    """Plain values for the finding's row. `values` are the latest 48 hours, null where nothing was measured."""
    return {
        "measured": {name: round(value, 4) for name, value in verdict.measured.items()},
        "limits": [
            {
                "parameter": key,
                "label": PARAMETERS[key][1].label,
                "unit": PARAMETERS[key][1].unit,
                "value": limits[key].value,
                "set_by": limits[key].set_by,
            }
            for key in BY_KEY[verdict.rule].keys
        ],
        "series": _series(verdict, things),
    }


def _series(verdict: Verdict, things: Things) -> dict[str, Any] | None:
    if verdict.rule not in SERIES_OF_RULE:
        return None
    metric, statistic, unit = SERIES_OF_RULE[verdict.rule]
    values = things.series[metric, statistic][verdict.row]
    measured = np.flatnonzero(np.isfinite(values))
    latest = values[-_LATEST_HOURS:]
    first: datetime = things.first_hour
    return {
        "metric": metric,
        "statistic": statistic,
        "unit": unit,
        "from": _text(first + int(measured[0]) * HOUR if len(measured) else first),
        "to": _text(first + (int(measured[-1]) + 1) * HOUR if len(measured) else first + len(values) * HOUR),
        "hours_measured": len(measured),
        "least": _rounded(values[measured].min()) if len(measured) else None,
        "mean": _rounded(values[measured].mean(dtype=np.float64)) if len(measured) else None,
        "most": _rounded(values[measured].max()) if len(measured) else None,
        "latest_from": _text(first + (len(values) - len(latest)) * HOUR),
        "values": [_rounded(value) for value in latest],
    }


def _rounded(value: Any) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
