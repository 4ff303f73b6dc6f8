"""When an EC2 instance was running, and what of it AWS bills."""

from .facts import InstanceFacts, RuntimeEvent
from .instants import parse_instant

__all__ = ["InstanceFacts", "RuntimeEvent", "parse_instant"]
