"""What the estimator answers: the runtime of a window, and the same hour by hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from .runs import Certainty

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RunningInterval:
    """A stretch [start, end) in which the instance ran, or may have run, and how we know."""

    start: datetime
    end: datetime
    because: str
    instance_type: str
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Runtime:
    """How long the instance ran within a window, up to now.

    `hours_by_type` adds up to `estimated_hours`, `billed_hours` follows it with AWS's rules; the type "" is
    one that is not known. The best estimate of what is known within bounds is the middle of what is open, and
    CloudWatch's minutes where there are any: it errs by no more than half of what is open, whichever way it
    was. Two exceptions: what ran when somebody last looked is taken to run on, all of it, until somebody looks
    again (a sign-in that ends must not halve a fleet); and where nothing at all is known, it is the whole window
    ("always on", 730 hours a month).
    `events_ignored` counts the events that say nothing of running, by reason.
    """

    intervals: tuple[RunningInterval, ...]
    lower_hours: float
    estimated_hours: float
    upper_hours: float
    billed_hours: float
    hours_by_type: Mapping[str, float]
    events_ignored: Mapping[str, int]

    @property
    def is_exact(self) -> bool:
        """Whether the running hours are known, up to the delays of the calls themselves."""
        return self.lower_hours == self.upper_hours

    @property
    def running_hours(self) -> float | None:
        """The hours it ran; None where they are known within bounds only."""
        return self.upper_hours if self.is_exact else None


@dataclass(frozen=True, slots=True)
class HourlyRuntime:
    """The same hour by hour: each array has one value an hour, `starts_at` begins the first.

    Seconds lie in 0 to 3600, billed seconds may exceed them (a minimum or a full hour is billed where it
    begins). Hours after now, and those in which it did not run, are 0. `certainty` has the numbers of
    Certainty, the worst that touched the hour. `type_index` points into `instance_types`: the type that ran
    longest in the hour, or where none ran the one it would have started as.
    """

    starts_at: datetime
    running_seconds: Floats
    lower_seconds: Floats
    upper_seconds: Floats
    billed_seconds: Floats
    certainty: npt.NDArray[np.uint8]
    instance_types: tuple[str, ...]
    type_index: npt.NDArray[np.intp]
