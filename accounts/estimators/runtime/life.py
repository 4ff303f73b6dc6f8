"""From when to when an instance was there, running or stopped: the days on which the ledger has a row for it."""

from collections.abc import Sequence
from datetime import datetime

from .facts import InstanceFacts, RuntimeEvent
from .marks import SAME_INSTANT_SECONDS
from .states import ENDING_STATES, transition_date


def ended_at(facts: InstanceFacts, events: Sequence[RuntimeEvent]) -> datetime | None:
    """When the instance ended for good; None where it has not, as far as anybody told.

    The first TerminateInstances that did not fail, or else, where the state is an ending one, the date in
    StateTransitionReason, unless that is still the one of a stop before the end; and in any case no later than
    a complete inventory no longer had it. One that ended without any of these was there when it was last seen.
    """
    ends = [event.occurred_at for event in events if event.name == "TerminateInstances" and not event.error_code][:1]
    if not ends and facts.state in ENDING_STATES:
        dated = transition_date(facts.state_transition_reason)
        if dated is not None and not _is_of_a_stop(dated, events):
            ends.append(dated)
        elif facts.gone_at is None and facts.seen_at is not None:
            ends.append(facts.seen_at)
    if facts.gone_at is not None:
        ends.append(facts.gone_at)
    return min(ends, default=None)


def _is_of_a_stop(dated: datetime, events: Sequence[RuntimeEvent]) -> bool:
    return any(
        event.name == "StopInstances"
        and not event.error_code
        and abs((event.occurred_at - dated).total_seconds()) <= SAME_INSTANT_SECONDS
        for event in events
    )
