"""What is known of one instance: what the inventory last said of it, and what CloudTrail recorded."""

from dataclasses import dataclass
from datetime import datetime

INVENTORY_START = "InventoryStart"
INVENTORY_STOP = "InventoryStop"
"""What an earlier inventory told of a start or a stop, kept like an event (its actor is the reason's code), for the
next start overwrites LaunchTime and StateTransitionReason."""


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """What DescribeInstances said; the names are those of accounts.models.Instance.

    `launched_at` is the LAST start (AWS: LaunchTime), `first_launched_at` the attach time of the first network
    interface. Empty text and None stand for "not told".
    """

    state: str = ""
    launched_at: datetime | None = None
    first_launched_at: datetime | None = None
    state_transition_reason: str = ""
    state_reason_code: str = ""
    state_reason_message: str = ""
    instance_type: str = ""
    platform_details: str = ""
    lifecycle: str = ""
    tenancy: str = ""
    seen_at: datetime | None = None
    """When this was true (Instance.last_seen_at); None: now."""
    gone_at: datetime | None = None
    """When a complete inventory no longer had it (Instance.gone_at)."""


@dataclass(frozen=True, slots=True)
class RuntimeEvent:
    """What one CloudTrail event said of one instance, or an earlier inventory of a start or stop.

    The names are those of accounts.models.InstanceEvent.
    """

    event_id: str
    name: str
    occurred_at: datetime
    previous_state: str = ""
    current_state: str = ""
    error_code: str = ""
    instance_type: str = ""
    """The type it launches with (RunInstances) or changes to (ModifyInstanceAttribute)."""
    actor: str = ""
    hibernates: bool = False
    """A StopInstances that hibernates. No column keeps it: while it matters, StateReason says the same."""
