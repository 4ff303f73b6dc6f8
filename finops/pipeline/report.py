"""How a step of a run stands, for whoever watches it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(slots=True)
class StepReport:
    """How one step of a run stands; the run's row keeps these as JSON."""

    name: str
    state: str = "waiting"
    done: int = 0
    total: int = 0
    part: str = ""
    rows: int = 0
    message: str = ""
    fix: str = ""
    regions: dict[str, str] = field(default_factory=dict)  # those it has been to: done or failed

    def as_json(self) -> dict[str, object]:
        """Plain values for the run's row."""
        return {key: getattr(self, key) for key in _REPORTED}

    @classmethod
    def of_json(cls, name: str, told: Mapping[str, Any]) -> Self:
        """The report that the run's row keeps of the step `name`."""
        return cls(name, **{key: told[key] for key in _REPORTED if key in told})


_REPORTED = ("state", "done", "total", "part", "rows", "message", "fix", "regions")
