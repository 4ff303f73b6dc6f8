"""The rules, what each looks at, and the limits it holds it against as long as nobody set others.

| rule                | after                                                                          |
|---------------------|--------------------------------------------------------------------------------|
| ec2_cpu, rds_cpu    | 3 hourly means in a row, or one in twenty hours: short peaks are no bottleneck |
| ec2_cpu_peak, _low  | the plain rules of a first look: a maximum, and a mean, of the last 24 hours   |
| ec2_idle            | OptScale: CPU and network of 7 days                                            |
| rds_idle            | Thrifty: connections and CPU                                                   |
| volume, snapshot, … | AWS Trusted Advisor and Thrifty: nothing uses it, and that for a while         |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

Limits = Mapping[str, float]  # by parameter: "ec2_idle.cpu_percent"

HOURS_LOOKED_AT = 14 * 24
ENOUGH_HOURS = 30  # of the 336; AWS Compute Optimizer's own rule
_WEEK = 7 * 24


class Side(StrEnum):
    """Whether there is too little of something or too much. No resource is ever on both sides at once."""

    STRAINED = "strained"
    UNUSED = "unused"


class Severity(StrEnum):
    """How soon somebody should look."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A limit of a rule, which the platform admin may change for all, for a team or for an account."""

    name: str
    label: str
    unit: str
    default: float
    least: float = 0
    most: float = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `label` says what is found; where the other side's rule stands before it, that one counts."""

    key: str
    kind: str  # of resource
    label: str
    side: Side
    severity: Severity
    parameters: tuple[Parameter, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Its parameters as `Limits` has them."""
        return tuple(f"{self.key}.{parameter.name}" for parameter in self.parameters)


def _window(hours: int) -> Parameter:
    return Parameter("window_hours", "looking back", "h", hours, 3, HOURS_LOOKED_AT)


def _in_a_row(hours: int = 3) -> Parameter:
    return Parameter("hours_in_a_row", "for so many measured hours in a row", "h", hours, 1, 72)


def _percent(name: str, label: str, default: float) -> Parameter:
    return Parameter(name, label, "%", default)


_BUSY = (
    _percent("mean_percent", "hourly mean of CPU from", 80),
    _in_a_row(),
    _percent("p95_percent", "or 95th percentile of hourly means from", 90),
    _window(_WEEK),
)
_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
_STRAINED, _UNUSED = Side.STRAINED, Side.UNUSED

# In the order in which they count: what is found by one leaves the rules of the other side behind it empty-handed.
RULES: tuple[Rule, ...] = (
    Rule("ec2_cpu", "ec2_instance", "CPU busy for hours", _STRAINED, _HIGH, _BUSY),
    Rule("rds_cpu", "rds_instance", "CPU busy for hours", _STRAINED, _HIGH, _BUSY),
    Rule("rds_storage", "rds_instance", "Storage nearly full", _STRAINED, _HIGH,
         (_percent("free_percent", "free storage below", 10), _in_a_row())),
    Rule("rds_connections", "rds_instance", "Short of connections", _STRAINED, _HIGH,
         (_percent("used_percent", "connections, of the most that its class allows, from", 80), _in_a_row())),
    Rule("rds_memory", "rds_instance", "Short of memory", _STRAINED, _MEDIUM,
         (_percent("free_percent", "freeable memory, of its class's, below", 5), _in_a_row())),
    Rule("rds_burst_balance", "rds_instance", "Burst balance used up", _STRAINED, _MEDIUM,
         (_percent("balance_percent", "burst balance below", 20), _in_a_row())),
    Rule("lambda_errors", "lambda_function", "Invocations fail", _STRAINED, _HIGH,
         (_percent("error_percent", "errors, of invocations, above", 1), _window(24))),
    Rule("lambda_throttles", "lambda_function", "Invocations are throttled", _STRAINED, _MEDIUM,
         (Parameter("throttles", "throttled invocations above", "", 0, 0, 1e9), _window(24))),
    Rule("lambda_duration", "lambda_function", "Runs near its time-out", _STRAINED, _MEDIUM,
         (_percent("timeout_percent", "longest run of most hours, of the time-out, from", 80), _window(24))),
    Rule("ec2_idle", "ec2_instance", "Idle", _UNUSED, _MEDIUM,
         (_percent("cpu_percent", "mean CPU up to", 5),
          Parameter("network_bytes_per_second", "network in and out together up to", "B/s", 1000, 0, 1e9),
          _window(_WEEK))),
    Rule("rds_idle", "rds_instance", "Idle", _UNUSED, _MEDIUM,
         (Parameter("connections", "mean connections below", "", 2, 0, 1e6),
          _percent("cpu_percent", "and mean CPU below", 25), _window(_WEEK))),
    Rule("lambda_idle", "lambda_function", "Never invoked", _UNUSED, _LOW,
         (Parameter("days", "no invocation for", "d", 30, 1, 30),)),
    Rule("volume_unattached", "ebs_volume", "Attached to nothing", _UNUSED, _MEDIUM,
         (Parameter("days", "for more than", "d", 1, 0, 3650),)),
    Rule("snapshot_old", "ebs_snapshot", "Old, and its volume is gone", _UNUSED, _LOW,
         (Parameter("days", "older than", "d", 90, 0, 3650),)),
    Rule("address_free", "elastic_ip", "Associated with nothing", _UNUSED, _LOW,
         (Parameter("days", "for more than", "d", 7, 0, 3650),)),
    Rule("ec2_cpu_peak", "ec2_instance", "CPU was high", _STRAINED, _LOW,
         (_percent("maximum_percent", "maximum of CPU above", 80), _window(24))),
    Rule("ec2_cpu_low", "ec2_instance", "Under-used", _UNUSED, _LOW,
         (_percent("mean_percent", "mean CPU below", 10), _window(24))),
)  # fmt: skip

BY_KEY: Mapping[str, Rule] = MappingProxyType({rule.key: rule for rule in RULES})
PARAMETERS: Mapping[str, tuple[Rule, Parameter]] = MappingProxyType(
    {key: (rule, parameter) for rule in RULES for key, parameter in zip(rule.keys, rule.parameters, strict=True)}
)

# A rule in plain words says more than the rule itself and adds nothing where the stricter one holds.
COVERED_BY: Mapping[str, str] = MappingProxyType({"ec2_cpu_peak": "ec2_cpu", "ec2_cpu_low": "ec2_idle"})


def defaults() -> dict[str, float]:
    """Every limit as it stands where nobody set another."""
    return {key: parameter.default for key, (_, parameter) in PARAMETERS.items()}
