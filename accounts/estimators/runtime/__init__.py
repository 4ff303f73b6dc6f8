"""When an EC2 instance was running, and what of it AWS bills.

From events (which are incomplete), LaunchTime, the date in StateTransitionReason and the state now. Every
rule has its sentence in docs/methodology.md. The way: `marks` reads the events, `inventory` puts what the
inventory knows between them, `runs` goes from mark to mark, `samples` narrows what stays open, `billing` bills.
"""

from .answers import HourlyRuntime, RunningInterval, Runtime
from .facts import INVENTORY_START, INVENTORY_STOP, InstanceFacts, RuntimeEvent
from .history import History, history_of, runtime_of
from .instants import parse_instant
from .life import ended_at
from .runs import Certainty
from .sights import forgotten_sights
from .states import ENDING_STATES

__all__ = [
    "ENDING_STATES",
    "INVENTORY_START",
    "INVENTORY_STOP",
    "Certainty",
    "History",
    "HourlyRuntime",
    "InstanceFacts",
    "RunningInterval",
    "Runtime",
    "RuntimeEvent",
    "ended_at",
    "forgotten_sights",
    "history_of",
    "parse_instant",
    "runtime_of",
]
