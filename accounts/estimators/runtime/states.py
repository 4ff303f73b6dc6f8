"""What EC2's words for a state and for its reason mean for the question: does it run?"""

import re
from datetime import UTC, datetime
from enum import Enum

from .facts import InstanceFacts


class State(Enum):
    """What matters of EC2's six states. Only `running` is billed, hibernating apart."""

    RUNNING = "running"
    PENDING = "pending"
    NOT_RUNNING = "not running"


_STATES = {
    "pending": State.PENDING,
    "running": State.RUNNING,
    "stopping": State.NOT_RUNNING,
    "stopped": State.NOT_RUNNING,
    "shutting-down": State.NOT_RUNNING,
    "terminated": State.NOT_RUNNING,
}
ENDING_STATES = frozenset({"shutting-down", "terminated"})

HIBERNATED = "Client.UserInitiatedHibernate"
SPOT_INTERRUPTIONS = frozenset({"Server.SpotInstanceTermination", "Server.SpotInstanceShutdown"})
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html: ended during its launch
LAUNCH_FAILURES = frozenset(
    {
        "Server.InternalError",
        "Server.InsufficientInstanceCapacity",
        "Client.InternalError",
        "Client.InvalidSnapshot.NotFound",
        "Client.VolumeLimitExceeded",
    }
)

_CODE = re.compile(r"\b(?:Server|Client)\.[A-Za-z]+(?:\.[A-Za-z]+)*")
_DATE = re.compile(r"\((\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:\.\d+)?\s*(?:GMT|UTC|Z)?\)")


def state_of(text: str) -> State | None:
    """The state of one of EC2's words; None for no word, or one EC2 does not know."""
    return _STATES.get(text.strip().lower())


def transition_date(reason: str) -> datetime | None:
    """The date in a StateTransitionReason such as "User initiated (2026-03-01 18:00:00 GMT)", if it has one."""
    found = _DATE.search(reason)
    if not found:
        return None
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError:
        return None


def reason_code(facts: InstanceFacts) -> str:
    """The code behind the last change of state, in whichever of three texts AWS wrote it; or empty."""
    for text in (facts.state_reason_code, facts.state_transition_reason, facts.state_reason_message):
        found = _CODE.search(text)
        if found:
            return found[0]
    return ""
