"""What holds of every history: bounds, adding up, and agreement with a simulation minute by minute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.estimators.runtime import InstanceFacts, RuntimeEvent, history_of, runtime_of
from finops.core.periods import HOUR, Period
from tests.accounts.runtime_histories import MARCH

MINUTE = timedelta(minutes=1)
SPAN = 60 * 48
STATES = ["", "pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
NAMES = [
    "RunInstances",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
    "RebootInstances",
    "BidEvictedEvent",
    "ModifyInstanceAttribute",
    "CreateTags",
]

minute = st.integers(-600, SPAN + 600)
instants = minute.map(lambda number: MARCH.start + number * MINUTE)
windows = st.tuples(instants, instants).map(lambda pair: Period(min(pair), max(pair)))
types = st.sampled_from(["", "m5.large", "m5.xlarge"])
reasons = st.sampled_from(["", "User initiated", "Server.InternalError"]) | instants.map(
    lambda at: f"User initiated ({at:%Y-%m-%d %H:%M:%S} GMT)"
)
any_events = st.lists(
    st.builds(
        RuntimeEvent,
        event_id=st.integers(0, 10**9).map(str),
        name=st.sampled_from(NAMES),
        occurred_at=instants,
        previous_state=st.sampled_from(STATES),
        current_state=st.sampled_from(STATES),
        error_code=st.sampled_from(["", "", "", "Client.DryRunOperation"]),
        instance_type=types,
        hibernates=st.booleans(),
    ),
    max_size=8,
)
any_facts = st.none() | st.builds(
    InstanceFacts,
    state=st.sampled_from(STATES),
    launched_at=st.none() | instants,
    first_launched_at=st.none() | instants,
    state_transition_reason=reasons,
    state_reason_code=st.sampled_from(
        ["", "Client.UserInitiatedHibernate", "Server.SpotInstanceTermination", "Client.VolumeLimitExceeded"]
    ),
    instance_type=types,
    platform_details=st.sampled_from(["Linux/UNIX", "SUSE Linux"]),
    seen_at=st.none() | instants,
    gone_at=st.none() | instants,
)
any_minutes = st.dictionaries(
    st.integers(-10, 60).map(lambda number: MARCH.start + number * HOUR), st.sampled_from([0, 5, 30, 55, 60])
)


@given(any_facts, any_events, windows, instants, any_minutes)
@settings(max_examples=200, deadline=None)
def test_the_estimate_lies_within_its_bounds_and_they_within_the_window(facts, events, window, now, minutes):
    runtime = runtime_of(facts, events, window=window, now=now, cpu_sample_minutes=minutes)

    known = max(timedelta(0), min(window.end, now) - window.start) / HOUR
    assert -1e-9 <= runtime.lower_hours <= runtime.estimated_hours + 1e-9
    assert runtime.estimated_hours <= runtime.upper_hours + 1e-9
    assert runtime.upper_hours <= known + 1e-9
    assert runtime.billed_hours >= 0
    assert runtime.is_exact or runtime.lower_hours < runtime.upper_hours
    assert sum(runtime.hours_by_type.values()) == pytest.approx(runtime.estimated_hours)


@given(any_facts, any_events, st.lists(instants, min_size=3, max_size=3), instants, any_minutes)
@settings(max_examples=200, deadline=None)
def test_a_window_cut_in_two_adds_up(facts, events, bounds, now, minutes):
    start, cut, end = sorted(bounds)
    history = history_of(facts, events, now=now, events_since=MARCH.start, cpu_sample_minutes=minutes)

    whole = history.during(Period(start, end))
    first, second = history.during(Period(start, cut)), history.during(Period(cut, end))

    for name in ("lower_hours", "estimated_hours", "upper_hours", "billed_hours"):
        assert getattr(first, name) + getattr(second, name) == pytest.approx(getattr(whole, name), abs=1e-9)


@given(any_facts, any_events, instants, any_minutes)
@settings(max_examples=200, deadline=None)
def test_the_hours_add_up_to_the_whole(facts, events, now, minutes):
    history = history_of(facts, events, now=now, events_since=MARCH.start, cpu_sample_minutes=minutes)

    by_hour, whole = history.by_hour(MARCH.start, 48), history.during(Period(MARCH.start, MARCH.start + 48 * HOUR))

    for seconds, total in (
        (by_hour.lower_seconds, whole.lower_hours),
        (by_hour.running_seconds, whole.estimated_hours),
        (by_hour.upper_seconds, whole.upper_hours),
        (by_hour.billed_seconds, whole.billed_hours),
    ):
        assert seconds.sum() / 3600 == pytest.approx(total, abs=1e-9)
    assert (by_hour.upper_seconds <= 3600 + 1e-6).all()
    assert ((by_hour.certainty > 0) == ((by_hour.upper_seconds > 0) | (by_hour.billed_seconds > 0))).all()


@given(any_facts, any_events, windows, instants, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_events_and_their_repetition_change_nothing(facts, events, window, now, random):
    shuffled = [*events, *random.sample(events, len(events) // 2)]
    random.shuffle(shuffled)

    before = runtime_of(facts, events, window=window, now=now)
    after = runtime_of(facts, shuffled, window=window, now=now)

    assert replace(after, events_ignored={}) == replace(before, events_ignored={})


@dataclass
class Simulated:
    """A machine and what AWS would tell of it, by the minute."""

    ran: list[bool]
    events: list[RuntimeEvent]
    facts: InstanceFacts


@st.composite
def simulated_machines(draw):
    """Launched before, in or after the span; started, stopped and asked needlessly by logged calls."""
    launched_at = draw(st.integers(-300, SPAN - 10))
    gaps = draw(
        st.lists(st.tuples(st.integers(5, 900), st.sampled_from(["switch", "switch", "needless"])), max_size=12)
    )
    changes, moment, state = {launched_at: True}, launched_at, "running"
    events = [_call("RunInstances", launched_at, "", "pending")]
    last_start = launched_at
    last_stop = None
    for gap, kind in gaps:
        moment += gap
        if moment >= SPAN:
            break
        is_running = state == "running"
        if kind == "needless":
            events.append(_call("StartInstances" if is_running else "StopInstances", moment, state, state))
        elif is_running:
            events.append(_call("StopInstances", moment, "running", "stopping"))
            state, last_stop = "stopped", moment
            changes[moment] = False
        else:
            events.append(_call("StartInstances", moment, "stopped", "pending"))
            state, last_start = "running", moment
            changes[moment] = True
    ran, on = [], False
    for number in range(-300, SPAN):
        on = changes.get(number, on)
        if number >= 0:
            ran.append(on)
    reason = f"User initiated ({_at(last_stop):%Y-%m-%d %H:%M:%S} GMT)" if state == "stopped" else ""
    facts = InstanceFacts(state, _at(last_start), _at(launched_at), reason, instance_type="m5.large")
    return Simulated(ran, events, facts)


def _at(number):
    return MARCH.start + number * MINUTE


def _call(name, number, was, becomes):
    return RuntimeEvent(f"{name}{number}", name, _at(number), was, becomes)


@given(simulated_machines(), st.integers(0, SPAN), st.integers(0, SPAN))
@settings(max_examples=150, deadline=None)
def test_a_logged_history_is_told_to_the_minute(machine, first, last):
    first, last = sorted((first, last))
    window = Period(_at(first), _at(last))

    runtime = runtime_of(machine.facts, machine.events, window=window, now=_at(SPAN))

    assert runtime.is_exact
    assert runtime.running_hours == pytest.approx(sum(machine.ran[first:last]) / 60)


@given(simulated_machines(), st.data())
@settings(max_examples=150, deadline=None)
def test_an_unlogged_call_leaves_the_truth_within_the_bounds(machine, data):
    # One of the calls that changed something was never logged: a shutdown from inside, or a start by spot.
    telling = [event for event in machine.events if event.previous_state != event.current_state]
    lost = data.draw(st.sampled_from(telling))
    told = [event for event in machine.events if event is not lost]
    facts = machine.facts
    if facts.state == "stopped" and lost is telling[-1]:
        facts = replace(facts, state_transition_reason="")
    window = Period(_at(0), _at(SPAN))

    runtime = runtime_of(facts, told, window=window, now=_at(SPAN), events_since=_at(-300))

    truth = sum(machine.ran) / 60
    assert runtime.lower_hours - 1e-9 <= truth <= runtime.upper_hours + 1e-9
