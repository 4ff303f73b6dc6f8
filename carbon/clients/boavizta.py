"""BoaviztAPI: what machines draw under load and what making them emitted, modelled from their parts.

Checked against BoaviztAPI 2.5.0 by `make verify-upstreams`. Its use-phase impacts are not taken: they rest on
one yearly grid factor, where we have hours. Watts come unrounded (`verbose.avg_power.value`); impacts are
rounded by the API to about a tenth of its own span between lowest and highest estimate (m6a.large: 20 kg of
11.5 to 34.9), so embodied carbon is asked for the whole life, the API's default, and stored as told.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any

from carbon.clients.power import PowerCurve, ServerConfiguration
from finops.core.upstream.answer import Refusal
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from finops.core.upstream.patience import Patience
from finops.core.upstream.session import UpstreamSession

LABEL = "Boavizta"

# Straight lines between these stay within 1.5 % of the API's own curve; four points would err by 8 %.
LOADS_PERCENT = (0, 5, 10, 20, 35, 50, 75, 100)
HIGHEST_PLAUSIBLE_WATTS = 100_000

_NOT_FOUND = 404
_LONGEST_WARNING = 300
_LONGEST_VERSION = 40


class Boavizta:
    """The part of BoaviztAPI that this project uses. Safe to share between threads."""

    def __init__(
        self,
        *,
        base_url: str,
        name: str = "boavizta",
        meter: CallMeter | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`base_url` is without /v1."""
        self.name = name
        self._session = UpstreamSession(
            name,
            base_url,
            label=LABEL,
            meter=meter,
            patience=patience,
            read_refusal=_read_refusal,
            follows_307=True,
        )
        self._version: str | None = None
        self._version_lock = Lock()

    def version(self) -> str:
        """The API's own version, asked once; empty where it does not tell."""
        with self._version_lock:
            if self._version is None:
                try:
                    told = self._session.get_json("v1/utils/version")
                except (UpstreamRejected, UpstreamMisunderstood):
                    told = ""
                self._version = _printable(told, _LONGEST_VERSION) if isinstance(told, str) else ""
            return self._version

    def power_curve(self, instance_type: str) -> PowerCurve | None:
        """The curve of an EC2 instance type, or None where the API does not know it.

        The API answers a name near to one it knows with that other type and says so in a warning, which the
        curve carries. GPUs are not in the watts, and burstable types count as if their share were always full.
        """

        def at(load_percent: int) -> Any:
            return self._session.post_json(
                "v1/cloud/instance",
                params={"verbose": "true", "criteria": "gwp"},
                body={
                    "provider": "aws",
                    "instance_type": instance_type,
                    "usage": {"time_workload": load_percent},
                },
                is_repeatable=True,
            )

        try:
            answers = self._sampled(at)
        except UpstreamRejected as error:
            if error.reason is Reason.NO_DATA:
                return None
            raise
        warning = self._warnings(answers[0])
        return self._curve(answers, instance_type=instance_type, warning=warning)

    def server_curve(self, configuration: ServerConfiguration) -> PowerCurve:
        """The curve of a whole server given by its parts."""

        def at(load_percent: int) -> Any:
            return self._session.post_json(
                "v1/server/",
                params={"verbose": "true", "criteria": "gwp"},
                body={
                    "configuration": {
                        "cpu": {
                            "units": configuration.cpu_units,
                            "core_units": configuration.cpu_core_units,
                            "name": configuration.cpu_name,
                        },
                        "ram": [{"units": ram.units, "capacity": ram.capacity_gb} for ram in configuration.ram],
                    },
                    "usage": {"time_workload": load_percent},
                },
                is_repeatable=True,
            )

        answers = self._sampled(at)
        warning = self._warnings(answers[0]) or self._other_cpu(answers[0], configuration.cpu_name)
        return self._curve(answers, instance_type="", warning=warning)

    def _sampled(self, at: Callable[[int], Any]) -> list[dict[str, Any]]:
        answers = []
        for load_percent in LOADS_PERCENT:
            answer = at(load_percent)
            if not isinstance(answer, dict):
                raise self._misunderstood("it is no object")
            answers.append(answer)
        return answers

    def _curve(self, answers: list[dict[str, Any]], *, instance_type: str, warning: str) -> PowerCurve:
        watts = tuple(self._number(answer, "verbose", "avg_power", unit="W") for answer in answers)
        if not all(0 < value <= HIGHEST_PLAUSIBLE_WATTS for value in watts):
            raise self._misunderstood("a power in it is not plausible")
        # A flat curve means that the load was not heard: the API ignores what it does not know.
        if list(watts) != sorted(watts) or watts[0] == watts[-1]:
            raise self._misunderstood("the power does not rise with the load")
        embodied = self._embodied_kgco2e(answers[0])
        return PowerCurve(
            instance_type=instance_type,
            load_percent=tuple(float(load) for load in LOADS_PERCENT),
            watts=watts,
            embodied_kgco2e=embodied,
            lifespan_hours=self._lifespan_hours(answers[0]) if embodied is not None else None,
            is_substituted=bool(warning),
            warning=warning,
            source_version=self.version(),
        )

    def _embodied_kgco2e(self, answer: dict[str, Any]) -> float | None:
        if self._at(answer, "impacts", "gwp", "embedded") == "not implemented":
            return None
        if self._at(answer, "impacts", "gwp", "unit") != "kgCO2eq":
            raise self._misunderstood("the embodied carbon is not in kgCO2eq")
        value = self._number(answer, "impacts", "gwp", "embedded")
        if value < 0:
            raise self._misunderstood("the embodied carbon is negative")
        return value

    def _lifespan_hours(self, answer: dict[str, Any]) -> float:
        """The life that the embodied carbon is for; an answer for another duration would be a part of it."""
        life = self._number(answer, "verbose", "hours_life_time", unit="hours")
        if life <= 0 or self._number(answer, "verbose", "duration", unit="hours") != life:
            raise self._misunderstood("the embodied carbon is not for the whole life")
        return life

    def _warnings(self, answer: dict[str, Any]) -> str:
        warnings = answer.get("warnings") or []
        if not isinstance(warnings, list):
            raise self._misunderstood("its warnings are no list")
        return _printable("; ".join(str(warning) for warning in warnings), _LONGEST_WARNING)

    def _other_cpu(self, answer: dict[str, Any], asked: str) -> str:
        taken = str(self._at(answer, "verbose", "CPU-1", "name", "value"))
        if taken.casefold() == asked.casefold():
            return ""
        return _printable(f"CPU '{asked}' not found; using closest match '{taken}'", _LONGEST_WARNING)

    def _number(self, answer: dict[str, Any], *path: str, unit: str = "") -> float:
        entry = self._at(answer, *path)
        value = entry.get("value") if isinstance(entry, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._misunderstood(f"“{path[-1]}” is no number")
        if unit and entry.get("unit") != unit:
            raise self._misunderstood(f"“{path[-1]}” is not in {unit}")
        return float(value)

    def _at(self, answer: dict[str, Any], *path: str) -> Any:
        entry: Any = answer
        for key in path:
            if not isinstance(entry, dict) or key not in entry:
                raise self._misunderstood(f"“{key}” is missing")
            entry = entry[key]
        return entry

    def _misunderstood(self, why: str) -> UpstreamError:
        return UpstreamMisunderstood(f"The answer of {LABEL} cannot be used: {why}.", upstream=self.name)


def _read_refusal(status: int, body: Any) -> Refusal | None:
    """404 is said of a machine it does not know, and by whatever else answers at a wrong address."""
    if status != _NOT_FOUND:
        return None
    told = body.get("detail") if isinstance(body, dict) else None
    if isinstance(told, str) and told.endswith(" not found"):
        return Refusal(Reason.NO_DATA, f"{LABEL} does not know this machine.")
    return Refusal(
        Reason.MISUNDERSTOOD,
        f"What answers is no {LABEL} API: it does not know the path asked for (404).",
        "Check BOAVIZTA_URL; it ends before /v1.",
    )


def _printable(text: str, longest: int) -> str:
    """Free text of an upstream without what a database or a page could stumble over."""
    return "".join(c for c in text if c.isprintable())[:longest]
