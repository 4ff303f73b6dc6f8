"""The EC2 calls that made the timelines what they are: what CloudTrail records, and no more.

What happens without a call (a shutdown from inside, a retirement, a restart by spot) is in no call either.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from finops.sandbox.scenario.chance import dice
from finops.sandbox.scenario.fleet import SimulatedInstance, Window
from finops.sandbox.scenario.timeline import End, Run, Start

SCHEDULER, AUTO_SCALING, SPOT = "instance-scheduler", "autoscaling.amazonaws.com", "spot.amazonaws.com"
# Event, error code, message, and whether the call names an instance.
_FAILURES = [
    ("RunInstances", "Client.InsufficientInstanceCapacity", "We currently do not have sufficient capacity.", False),
    ("RunInstances", "Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set.", False),
    ("StopInstances", "Client.UnauthorizedOperation", "You are not authorized to perform this operation.", True),
    ("StartInstances", "Client.IncorrectInstanceState", "The instance cannot be started from its state.", True),
    ("TerminateInstances", "Client.OperationNotPermitted", "The instance may not be terminated.", True),
    ("StopInstances", "Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set.", True),
]
_PEOPLE = ("ana", "ben", "chen", "dalia")
_BY_SCHEDULER = frozenset({"office_hours", "nightly_batch"})
_BY_AUTO_SCALING = frozenset({"autoscaled", "spot_workers"})


@dataclass(frozen=True, slots=True)
class Change:
    """What a call did to one instance."""

    instance: SimulatedInstance
    previous_state: str
    current_state: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call, or one doing of an AWS service, as CloudTrail records it."""

    at: datetime
    name: str
    account_id: str
    region: str
    actor: str
    changes: tuple[Change, ...]
    instance_type: str = ""  # that it launches or sets
    hibernate: bool = False
    error_code: str = ""
    error_message: str = ""
    event_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        """Give it the id that the same call always has."""
        first = self.changes[0].instance.instance_id if self.changes else ""
        words = (self.at.isoformat(), self.name, self.account_id, self.region, self.actor, first, self.error_code)
        object.__setattr__(self, "event_id", uuid5(NAMESPACE_OID, "/".join(words)))


@dataclass(frozen=True, slots=True)
class _Deed:
    """What happens to one instance; deeds of one instant and actor become one call."""

    at: datetime
    name: str
    change: Change
    actor: str
    instance_type: str = ""
    hibernate: bool = False


def _actor(instance: SimulatedInstance) -> str:
    if instance.group.behaviour in _BY_SCHEDULER:
        return SCHEDULER
    if instance.group.behaviour in _BY_AUTO_SCALING:
        return AUTO_SCALING
    return _PEOPLE[instance.number % len(_PEOPLE)]


def _start_of(instance: SimulatedInstance, run: Run) -> Iterator[_Deed]:
    if run.type_set_at is not None:
        yield _Deed(
            run.type_set_at,
            "ModifyInstanceAttribute",
            Change(instance, "stopped", "stopped"),
            _actor(instance),
            run.instance_type,
        )
    if run.started_by is Start.USER_START:
        yield _Deed(run.start, "StartInstances", Change(instance, "stopped", "pending"), _actor(instance))


def _end_of(instance: SimulatedInstance, run: Run) -> Iterator[_Deed]:
    if run.end is None:
        return
    if run.ended_by in {End.USER_STOP, End.USER_HIBERNATE}:
        hibernate = run.ended_by is End.USER_HIBERNATE
        change = Change(instance, "running", "stopping")
        yield _Deed(run.end, "StopInstances", change, _actor(instance), hibernate=hibernate)
    elif run.ended_by is End.USER_TERMINATE:
        yield _Deed(run.end, "TerminateInstances", Change(instance, "running", "shutting-down"), _actor(instance))
    elif run.ended_by in {End.SPOT_TERMINATION, End.SPOT_STOP}:
        state = "shutting-down" if run.ended_by is End.SPOT_TERMINATION else "stopping"
        yield _Deed(run.end, "BidEvictedEvent", Change(instance, "running", state), SPOT)


def _deeds(instance: SimulatedInstance) -> Iterator[_Deed]:
    timeline = instance.timeline
    launcher = _actor(instance)
    yield _Deed(timeline.launched_at, "RunInstances", Change(instance, "", "pending"), launcher, timeline.launched_as)
    for run in timeline.runs:
        yield from _start_of(instance, run)
        yield from _end_of(instance, run)
    for at, name in timeline.calls_without_effect:
        state = timeline.state(at)
        if state is not None:
            yield _Deed(at, name, Change(instance, state.name, state.name), _actor(instance))


def _failures(instances: list[SimulatedInstance], window: Window) -> Iterator[Call]:
    """Calls that came to nothing, a few a week in each account and region."""
    standing = [item for item in instances if item.timeline.terminated_at is None]
    if not standing:
        return
    account_id, region = standing[0].account_id, standing[0].region
    for number in range((window.end - window.origin) // timedelta(days=2)):
        roll = dice("failure", account_id, region, number)
        name, code, message, names_instance = roll.choice(_FAILURES)
        at = window.at(2 * number) + timedelta(seconds=roll.randint(0, 170_000))
        instance = roll.choice(standing)
        state = instance.timeline.state(at)
        if state is None:
            continue
        changes = (Change(instance, state.name, state.name),) if names_instance else ()
        kind = instance.group.instance_type if name == "RunInstances" else ""
        yield Call(
            at, name, account_id, region, roll.choice(_PEOPLE), changes, kind, error_code=code, error_message=message
        )


def calls_of(instances: Iterable[SimulatedInstance], window: Window) -> list[Call]:
    """All calls about `instances` (of one account and region), newest first.

    What one actor did at one instant in one group is one call that names several instances, as an
    Auto Scaling group or a scheduler makes it.
    """
    instances = list(instances)
    together: dict[tuple[datetime, str, str, str, bool], list[Change]] = defaultdict(list)
    for instance in instances:
        for deed in _deeds(instance):
            # Spot takes its instances one by one: each has an event of its own.
            only = deed.change.instance.instance_id if deed.actor == SPOT else ""
            together[deed.at, deed.name, deed.actor + "/" + only, deed.instance_type, deed.hibernate].append(
                deed.change
            )
    calls = [
        Call(
            at,
            name,
            changes[0].instance.account_id,
            changes[0].instance.region,
            actor.split("/", maxsplit=1)[0],
            tuple(changes),
            kind,
            hibernate,
        )
        for (at, name, actor, kind, hibernate), changes in together.items()
    ]
    calls += _failures(instances, window)
    return sorted(calls, key=lambda call: (call.at, call.event_id), reverse=True)
