"""Which type the instance had when: it changes only while the instance is stopped."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .facts import InstanceFacts, RuntimeEvent
from .marks import SAME_INSTANT_SECONDS, Mark
from .states import State

UNKNOWN_TYPE = ""


@dataclass(frozen=True, slots=True)
class TypeHistory:
    """The types, each since an instant, oldest first; the first one since ever."""

    since: tuple[float, ...]
    types: tuple[str, ...]

    def at(self, instant: float) -> str:
        """The type at `instant`; empty where it is not known."""
        return self.types[bisect_right(self.since, instant) - 1]

    @property
    def names(self) -> tuple[str, ...]:
        """Each type once, in the order it first had them."""
        return tuple(dict.fromkeys(self.types))

    def index_at(self, instant: float) -> int:
        """The type at `instant` as its place in `names`."""
        return self.names.index(self.at(instant))

    def indexes_at(self, instants: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
        """The same for many instants."""
        places = np.array([self.names.index(name) for name in self.types], np.intp)
        indexes: npt.NDArray[np.intp] = places[np.searchsorted(self.since, instants, side="right") - 1]
        return indexes


def type_history(facts: InstanceFacts | None, events: Sequence[RuntimeEvent], marks: Sequence[Mark]) -> TypeHistory:
    """From launches and changes, and the inventory's type for the last start, whose change nobody may have told.

    What an instance was before its first known change is not known: the inventory only has what it became.
    """
    told = [(event.occurred_at.timestamp(), event) for event in events if event.instance_type]
    current = facts.instance_type if facts else UNKNOWN_TYPE
    if not told:
        return TypeHistory((-math.inf,), (current,))
    first = told[0][1]
    changes = [(at, event.instance_type) for at, event in told]
    before = first.instance_type if first.name == "RunInstances" else UNKNOWN_TYPE
    last_start = _last_start_of_inventory(facts, marks)
    if current and last_start > told[-1][0]:
        changes.append((last_start, current))
    return TypeHistory((-math.inf, *(at for at, _ in changes)), (before, *(name for _, name in changes)))


def _last_start_of_inventory(facts: InstanceFacts | None, marks: Sequence[Mark]) -> float:
    """The last start, if the inventory has seen it: only then its type is the one that started."""
    starts = (mark.at for mark in marks if mark.after is State.RUNNING and mark.before is not State.RUNNING)
    last = max(starts, default=-math.inf)
    if facts is None or facts.launched_at is None:
        return -math.inf
    return last if abs(facts.launched_at.timestamp() - last) <= SAME_INSTANT_SECONDS else -math.inf
