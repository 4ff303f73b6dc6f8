"""Words to tell an instance's history with: March 2026 is the window, seen from the tenth of April."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from accounts.estimators.runtime import InstanceFacts, RuntimeEvent, runtime_of
from finops.core.periods import Period

MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
HOURS_OF_MARCH = 744
APRIL_10 = datetime(2026, 4, 10, tzinfo=UTC)
JANUARY = datetime(2026, 1, 5, 9, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 3, 9, tzinfo=UTC)

_ids = count()


def at(text):
    """ "10 08:00" is the tenth of March, eight o'clock UTC; "4-02 08:00" the second of April."""
    day, clock = text.split()
    month, _, day = day.rpartition("-")
    hour, minute, *second = map(int, clock.split(":"))
    return datetime(2026, int(month or 3), int(day), hour, minute, *second, tzinfo=UTC)


def dated(text):
    """StateTransitionReason as AWS dates it."""
    return f"User initiated ({at(text):%Y-%m-%d %H:%M:%S} GMT)"


def event(name, when, *, was="", becomes="", **more):
    more.setdefault("event_id", f"event-{next(_ids)}")
    return RuntimeEvent(name=name, occurred_at=at(when), previous_state=was, current_state=becomes, **more)


def launch(when, **more):
    return event("RunInstances", when, becomes="pending", **more)


def start(when, *, was="stopped", **more):
    return event("StartInstances", when, was=was, becomes="running" if was == "running" else "pending", **more)


def stop(when, *, was="running", **more):
    return event("StopInstances", when, was=was, becomes="stopped" if was == "stopped" else "stopping", **more)


def terminate(when, *, was="running", **more):
    return event("TerminateInstances", when, was=was, becomes="shutting-down", **more)


def evict(when, **more):
    return event("BidEvictedEvent", when, **more)


def inventory_start(when, **more):
    return event("InventoryStart", when, becomes="running", **more)


def inventory_stop(when, **more):
    return event("InventoryStop", when, becomes="stopped", **more)


def retype(when, instance_type, **more):
    return event("ModifyInstanceAttribute", when, instance_type=instance_type, **more)


def facts(state="running", **more):
    return InstanceFacts(state=state, **{"instance_type": "m5.large", "platform_details": "Linux/UNIX", **more})


def march(instance, *events, window=MARCH, now=APRIL_10, **more):
    """The runtime of March."""
    return runtime_of(instance, events, window=window, now=now, **more)


def hours(runtime):
    """Lower, estimated and upper hours."""
    return runtime.lower_hours, runtime.estimated_hours, runtime.upper_hours


def spans(runtime):
    """The intervals, without their reasons."""
    return [(interval.start, interval.end) for interval in runtime.intervals]
