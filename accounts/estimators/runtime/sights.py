"""What the next start makes EC2 forget: it has one LaunchTime and one StateTransitionReason, those of the last."""

from datetime import UTC, datetime

from .facts import INVENTORY_START, INVENTORY_STOP, InstanceFacts, RuntimeEvent
from .inventory import dated_stop
from .marks import SAME_INSTANT_SECONDS
from .states import LAUNCH_FAILURES, reason_code, transition_date


def forgotten_sights(before: InstanceFacts, after: InstanceFacts) -> list[RuntimeEvent]:
    """The start and the stop that the inventory told `before` and does not tell `after`, in order; often neither.

    A start that failed is none, for it never ran. An older LaunchTime than before is an answer of a server of
    EC2's that lags behind; nothing is forgotten then.
    """
    sights = []
    start, stop, next_start = before.launched_at, dated_stop(before), after.launched_at
    is_restarted = bool(start and next_start and _is_after(next_start, start))
    if start and is_restarted and reason_code(before) not in LAUNCH_FAILURES:
        sights.append(_sight(INVENTORY_START, start))
    is_believed = not (stop and next_start and is_restarted and _is_after(stop, next_start))
    if stop and is_believed and stop != transition_date(after.state_transition_reason):
        sights.append(_sight(INVENTORY_STOP, stop, code=reason_code(before)))
    return sights


def _is_after(later: datetime, earlier: datetime) -> bool:
    return (later - earlier).total_seconds() > SAME_INSTANT_SECONDS


def _sight(name: str, at: datetime, *, code: str = "") -> RuntimeEvent:
    return RuntimeEvent(
        event_id=f"{name}-{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        name=name,
        occurred_at=at,
        current_state="running" if name == INVENTORY_START else "stopped",
        actor=code,
    )
