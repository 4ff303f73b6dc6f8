"""What a finding rests on, in words."""

from typing import Any

from django import template

from costing.models import Finding

register = template.Library()

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024.0
# What was measured, by rule; {name} is a figure of the evidence.
_WORDS = {
    "ec2_cpu": "{longest_hours} hours in a row at the limit or above, 95th percentile {p95_percent} %.",
    "rds_cpu": "{longest_hours} hours in a row at the limit or above, 95th percentile {p95_percent} %.",
    "ec2_cpu_peak": "Maximum {maximum_percent} %.",
    "ec2_cpu_low": "Mean {mean_percent} %.",
    "ec2_idle": "CPU {mean_cpu_percent} %, network {network_bytes_per_second} B/s on average.",
    "rds_storage": "{latest} % of its storage is free.",
    "rds_connections": "{latest} % of the connections that its class allows by default are in use.",
    "rds_memory": "{latest} % of its class's memory can be freed.",
    "rds_burst_balance": "{latest} % of the burst balance is left.",
    "rds_idle": "{mean_connections} connections and {mean_cpu_percent} % of CPU on average.",
    "lambda_errors": "{errors} of {invocations} invocations failed: {error_percent} %.",
    "lambda_throttles": "{throttles} invocations were throttled.",
    "lambda_duration": "In most hours the longest run took {timeout_percent} % of the time-out.",
    "lambda_idle": "Not invoked once in {days} days.",
    "volume_unattached": "No instance uses it.",
    "snapshot_old": "{age_days} days old, and the volume it was made of is gone.",
    "address_free": "No instance and no interface uses it.",
}


class _Figures(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "–"


@register.simple_tag
def measured_words(finding: Finding) -> str:
    """What was measured, as a sentence."""
    figures = _Figures({name: f"{value:,.4g}" for name, value in finding.evidence.get("measured", {}).items()})
    figures |= {
        name: f"{value:,.0f}" for name, value in finding.evidence.get("measured", {}).items() if abs(value) >= _STEP
    }
    return _WORDS.get(finding.rule, "").format_map(_Figures(figures))


@register.simple_tag
def evidence_value(value: Any, unit: str) -> str:
    """A value with its unit, bytes in the largest unit that leaves a whole."""
    if not isinstance(value, int | float):
        return "–"
    if unit != "B":
        return f"{value:,.4g} {unit}".rstrip()
    step = 0
    while abs(value) >= _STEP and step < len(_BINARY) - 1:
        value, step = value / _STEP, step + 1
    return f"{value:.3g} {_BINARY[step]}"
