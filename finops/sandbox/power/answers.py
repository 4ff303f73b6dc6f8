"""Answers in the nested shape of BoaviztAPI 2.5."""

from collections.abc import Sequence
from typing import Any

from finops.sandbox.power.machines import (
    LIFE_HOURS,
    PROCESSORS,
    REST_OF_THE_SERVER,
    SERVER_LIFE_HOURS,
    Machine,
)

_DEFAULT_LOAD = 50.0
_NO_END_OF_LIFE = ["End of life is not included in the calculation"]
_SPREAD = {"min": 0.6, "max": 1.75}
# Criterion: description, unit, impact of a kWh, impact of making it per kg CO2e.
CRITERIA: dict[str, tuple[str, str, float, float]] = {
    "gwp": ("Total climate change", "kgCO2eq", 0.38, 1.0),
    "adp": ("Use of minerals and fossil ressources", "kgSbeq", 6.42317e-08, 1.0e-04),
    "pe": ("Consumption of primary energy", "MJ", 12.873, 12.9),
}
Workload = float | Sequence[dict[str, float]]


def watts_under(machine: Machine, workload: Workload | None) -> float:
    """Mean watts under a load, given as per cent or as shares of time at several; 50 per cent where none is."""
    if workload is None:
        return machine.watts(_DEFAULT_LOAD)
    if isinstance(workload, int | float):
        return machine.watts(float(workload))
    return sum(part["time_percentage"] / 100 * machine.watts(part["load_percentage"]) for part in workload)


def _rounded(value: float, digits: int) -> float:
    """Impacts are told to a few digits only, which is why watts are the better thing to ask for."""
    return float(f"{value:.{digits}g}")


def _impacts(machine: Machine, watts: float, hours: float, life: float, criteria: Sequence[str]) -> dict[str, Any]:
    made = machine.embodied_kgco2e * hours / life
    kwh = watts / 1000 * hours
    impacts = {}
    for name in criteria:
        description, unit, per_kwh, per_kg = CRITERIA[name]
        impacts[name] = {
            "unit": unit,
            "description": description,
            "embedded": {
                "value": _rounded(made * per_kg, 2),
                "min": _rounded(made * per_kg * _SPREAD["min"], 4),
                "max": _rounded(made * per_kg * _SPREAD["max"], 4),
                "warnings": _NO_END_OF_LIFE,
            },
            "use": {
                "value": _rounded(kwh * per_kwh, 1),
                "min": _rounded(kwh * per_kwh * 0.02, 4),
                "max": _rounded(kwh * per_kwh * 4.5, 4),
            },
        }
    return impacts


def _completed(value: Any, unit: str | None = None, status: str = "COMPLETED") -> dict[str, Any]:
    described = {"value": value, "status": status, "min": value, "max": value}
    return described | ({"unit": unit} if unit else {})


def _power(watts: float) -> dict[str, Any]:
    return {"value": watts, "status": "COMPLETED", "unit": "W", "min": watts * 0.9, "max": watts * 1.2}


def answer(
    machine: Machine,
    *,
    workload: Workload | None,
    location: str | None,
    hours: float | None,
    criteria: Sequence[str],
    is_verbose: bool,
    is_server: bool = False,
) -> dict[str, Any]:
    """What the API says of a machine; for its whole life where no duration is asked for."""
    life = float(SERVER_LIFE_HOURS if is_server else LIFE_HOURS)
    duration = life if hours is None else hours
    watts = watts_under(machine, workload)
    answered: dict[str, Any] = {"impacts": _impacts(machine, watts, duration, life, criteria)}
    if not is_verbose:
        return answered
    idle, full = PROCESSORS[machine.processor]
    load: Any = _DEFAULT_LOAD if workload is None else workload
    verbose: dict[str, Any] = {
        "duration": {"value": duration, "unit": "hours"},
        "avg_power": _power(watts),
        "usage_location": {
            "value": location or "EEE",
            "status": "INPUT" if location else "DEFAULT",
            "unit": "CodSP3 - NCS Country Codes - NATO",
        },
        "use_time_ratio": _completed(1.0, "/1", "ARCHETYPE"),
        "hours_life_time": _completed(life, "hours"),
        "other_consumption_ratio": {
            "value": REST_OF_THE_SERVER, "status": "ARCHETYPE", "unit": "ratio /1", "min": 0.2, "max": 0.6,
        },
        "gwp_factor": {"value": 0.38, "status": "DEFAULT", "unit": "kg CO2eq/kWh", "min": 0.023, "max": 1.13161},
        "CPU-1": {
            "units": _completed(2.0, status="ARCHETYPE"),
            "name": _completed(machine.processor),
            "workloads": {
                "value": [
                    {"load_percentage": 0, "power_watt": idle * machine.vcpu},
                    {"load_percentage": 100, "power_watt": full * machine.vcpu},
                ],
                "status": "COMPLETED",
                "unit": "workload_rate:W",
            },
        },
        "RAM-1": {"capacity": _completed(machine.memory_gib, "GB", "ARCHETYPE")},
    }  # fmt: skip
    if workload is not None:
        verbose["time_workload"] = {"value": load, "status": "INPUT", "unit": "%"}
    if is_server:
        verbose["units"] = _completed(1, status="ARCHETYPE")
    else:
        verbose["vcpu"] = {"value": machine.vcpu, "status": "ARCHETYPE"}
        verbose["memory"] = {"value": machine.memory_gib, "status": "ARCHETYPE", "unit": "GB"}
    return answered | {"verbose": verbose}
