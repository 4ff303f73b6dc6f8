"""The hours of one instance as five lanes: running, CPU, intensity, cost, carbon; and why a part of one is hatched."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.models import Instance
from costing.selectors.hours import HourLine
from costing.selectors.rests_on import QUALITY_LABELS
from finops.core.periods import HOUR, Period

# What is known for that very hour needs no reason.
_PLAIN = {"exact", "measured", "curve", "listed", "not_running"}
_NOT_RUNNING = "not_running"
_NOT_OVER = "not over yet"


@dataclass(frozen=True, slots=True)
class LaneHour:
    """One hour of a lane: its value, and why it is not simply known; a gap is an hour that ought to have a value."""

    starts_at: datetime
    value: float | Decimal | None
    why: str = ""
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """One quantity over all hours shown, those without a ledger included."""

    key: str
    label: str
    unit: str
    hours: tuple[LaneHour, ...]

    @property
    def says(self) -> list[tuple[str, int]]:
        """Each reason and how many hours it is given for, the most frequent first."""
        return Counter(hour.why for hour in self.hours if hour.why).most_common()


def lanes_of(instance: Instance, lines: Sequence[HourLine], period: Period, *, now: datetime) -> tuple[Lane, ...]:
    """The lanes of the hours of `period` that have begun at `now`."""
    by_hour = {line.starts_at: line for line in lines}
    hours = [(at, by_hour.get(at)) for at in _hours(period) if at < now]

    def lane(key: str, label: str, unit: str, told: Callable[[HourLine], tuple[float | Decimal | None, str]]) -> Lane:
        return Lane(key, label, unit, tuple(_lane_hour(instance, at, line, told) for at, line in hours))

    return (
        lane("running", "Running", "min", _running),
        lane("cpu", "CPU", "%", _cpu),
        lane("intensity", "Intensity", "gCO2e/kWh", _intensity),
        lane("cost", "List cost", "USD", _cost),
        lane("carbon", "Operational carbon", "gCO2e", _carbon),
    )


def _hours(period: Period) -> Iterator[datetime]:
    at = period.start
    while at < period.end:
        yield at
        at += HOUR


def _lane_hour(
    instance: Instance,
    at: datetime,
    line: HourLine | None,
    told: Callable[[HourLine], tuple[float | Decimal | None, str]],
) -> LaneHour:
    if line is None:
        return LaneHour(at, None, _no_ledger(instance, at), is_gap=True)
    value, why = told(line)
    is_gap = value is None and bool(why)
    return LaneHour(at, value, why or ("" if line.is_over else _NOT_OVER), is_gap)


def _no_ledger(instance: Instance, at: datetime) -> str:
    if instance.first_launched_at is not None and at + HOUR <= instance.first_launched_at:
        return "it did not exist yet"
    if instance.gone_at is not None and at >= instance.gone_at:
        return "it had ended"
    return "no ledger yet"


def _filled(line: HourLine, *parts: str) -> str:
    """The first of `parts` that is not known for that very hour, in words."""
    return next(
        (
            QUALITY_LABELS[part].get(line.quality[part], line.quality[part].replace("_", " "))
            for part in parts
            if line.quality[part] not in _PLAIN and line.quality[part] != "none"
        ),
        "",
    )


def _stood_still(line: HourLine) -> bool:
    return line.quality["runtime"] == _NOT_RUNNING


def _running(line: HourLine) -> tuple[float | None, str]:
    seconds = line.running_seconds
    return None if seconds is None else seconds / 60, _filled(line, "runtime")


def _cpu(line: HourLine) -> tuple[float | None, str]:
    if line.cpu_utilization is not None:
        return line.cpu_utilization * 100, ""
    return None, "" if _stood_still(line) else _filled(line, "cpu")


def _intensity(line: HourLine) -> tuple[float | None, str]:
    if line.gco2e_per_kwh is None:
        return None, "no reading and no mean is known"
    return line.gco2e_per_kwh, _filled(line, "intensity")


def _cost(line: HourLine) -> tuple[Decimal | None, str]:
    if line.list_cost_usd is None:
        return None, "" if _stood_still(line) else "no price is known"
    return line.list_cost_usd, _filled(line, "price")


def _carbon(line: HourLine) -> tuple[float | None, str]:
    if line.operational_gco2e is not None:
        return line.operational_gco2e, "" if _stood_still(line) else _filled(line, "power", "cpu", "intensity")
    if _stood_still(line):
        return None, ""
    return None, "no power of its type is known" if line.energy_kwh is None else "no intensity is known"
