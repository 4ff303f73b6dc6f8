"""One simulated world: who, which machines, since when. All stand-ins are driven by it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self

from finops.core.periods import start_of_hour
from finops.sandbox.scenario.accounts import ACCOUNTS, DENIALS, PLATFORM_PAYER, PLATFORM_WORKLOADS, Account, Denial
from finops.sandbox.scenario.behaviours import BEHAVIOURS
from finops.sandbox.scenario.calls import Call, calls_of
from finops.sandbox.scenario.chance import hex_from, number_from
from finops.sandbox.scenario.estate import Thing, default_estate
from finops.sandbox.scenario.estate.plan import disks_of
from finops.sandbox.scenario.fleet import Group, SimulatedInstance, Window
from finops.sandbox.scenario.plan import default_plan, large_plan

Clock = Callable[[], datetime]
DAYS = 35


def real_clock() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Scenario:
    """A simulated world with its clock.

    Same `now` (to the week), same world. Everything is told as of what `clock` says, so a sandbox that runs for
    hours goes on living; a clock that stands still makes every answer repeat.
    """

    clock: Clock
    window: Window
    groups: tuple[Group, ...]
    accounts: tuple[Account, ...] = ACCOUNTS
    denials: tuple[Denial, ...] = DENIALS
    estate: tuple[Thing, ...] = ()
    checks_every_answer: bool = True
    _by_place: dict[tuple[str, str], list[SimulatedInstance]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the machines."""
        by_place: dict[tuple[str, str], list[SimulatedInstance]] = defaultdict(list)
        for group in self.groups:
            by_place[group.account_id, group.region] += _machines(group, self.window)
        for place, machines in by_place.items():
            self._by_place[place] = sorted(machines, key=lambda item: (item.reservation_id, item.instance_id))

    @classmethod
    def demo(cls, *, now: datetime | None = None, days: int = DAYS) -> Self:
        """Some 190 machines at a time in four accounts. With `now` the clock stands still at it."""
        return cls._of(default_plan(), now=now, days=days)

    @classmethod
    def small(cls, *, now: datetime | None = None, days: int = DAYS) -> Self:
        """The same habits, but two machines of each at most: for tests."""
        groups = [replace(group, count=min(group.count, 2)) for group in default_plan()]
        return cls._of(groups, now=now, days=days)

    @classmethod
    def large(
        cls, *, instances: int = 10_000, regions: Iterable[str] = (), now: datetime | None = None, days: int = DAYS
    ) -> Self:
        """So many machines, and nothing else, in the two Platform accounts, for benchmarks.

        Only the first answer of each operation is checked against AWS's model, for checking costs time that would
        be counted against the client.
        """
        regions = tuple(regions) or PLATFORM_WORKLOADS.enabled_regions
        accounts = tuple(replace(account, enabled_regions=regions) for account in (PLATFORM_PAYER, PLATFORM_WORKLOADS))
        plan = large_plan(instances=instances, regions=regions, accounts=accounts)
        return cls._of(
            plan, now=now, days=days, has_estate=False, accounts=accounts, denials=(), checks_every_answer=False
        )

    @classmethod
    def _of(cls, groups: list[Group], *, now: datetime | None, days: int, has_estate: bool = True, **more: Any) -> Self:
        window = Window.around(start_of_hour(now or real_clock()), days=days)
        estate = default_estate(window) if has_estate else ()
        return cls(real_clock if now is None else lambda: now, window, tuple(groups), estate=estate, **more)

    def now(self) -> datetime:
        """The present of the simulated world."""
        return self.clock()

    def account(self, account_id: str) -> Account | None:
        """The account of that number, or None."""
        return next((account for account in self.accounts if account.account_id == account_id), None)

    def machines(self, account_id: str, region: str) -> list[SimulatedInstance]:
        """All machines of a place, past, present and planned, ordered as they are listed."""
        return self._by_place.get((account_id, region), [])

    def machines_of(self, account_id: str) -> list[SimulatedInstance]:
        """All machines of an account."""
        return [item for place, items in self._by_place.items() if place[0] == account_id for item in items]

    def things(self, account_id: str, kind: str, region: str | None = None) -> list[Thing]:
        """What an account, or a region of it, holds of a kind as of now; ordered as it is listed."""
        at = self.now()
        found = [
            thing
            for thing in self.estate
            if (thing.account_id, thing.kind) == (account_id, kind) and region in {None, thing.region}
        ]
        if kind == "ebs_volume" and self.estate and region is not None:
            machines = self.machines(account_id, region)
            found += disks_of(
                item for item in machines if item.timeline.terminated_at is None or item.timeline.terminated_at > at
            )
        return sorted((thing for thing in found if thing.created_at <= at), key=lambda thing: thing.identifier)

    @cached_property
    def all_machines(self) -> list[SimulatedInstance]:
        """All machines of the world."""
        return [item for items in self._by_place.values() for item in items]

    @cached_property
    def _calls(self) -> dict[tuple[str, str], list[Call]]:
        return {}

    def calls(self, account_id: str, region: str) -> list[Call]:
        """All calls of a place, past and planned, newest first."""
        place = account_id, region
        if place not in self._calls:
            self._calls[place] = calls_of(self.machines(account_id, region), self.window)
        return self._calls[place]

    def is_denied(self, account_id: str, service: str, operation: str, region: str) -> bool:
        """Whether an action may not be done."""
        return any(
            denial.account_id == account_id
            and (denial.service, denial.operation) == (service, operation)
            and denial.region in {"", region}
            for denial in self.denials
        )


def _machines(group: Group, window: Window) -> list[SimulatedInstance]:
    machines = []
    zones = "abc"
    for index, timeline in enumerate(BEHAVIOURS[group.behaviour](group, window)):
        words = (window.origin.date(), group.account_id, group.region, group.name, index)
        launch = (group.account_id, group.region, group.name, timeline.launched_at)
        tags = dict(group.tags)
        if group.count > 1 and tags.get("Name") == group.name:
            tags["Name"] = f"{group.name}-{index + 1:02d}"
        if group.behaviour == "autoscaled":
            tags["aws:autoscaling:groupName"] = group.name
        machines.append(
            SimulatedInstance(
                instance_id="i-" + hex_from("instance", *words, digits=17),
                number=number_from("instance", *words) % 2**31,
                group=group,
                availability_zone=group.region + zones[index % len(zones)],
                reservation_id="r-" + hex_from("reservation", *launch, digits=17),
                tags=tags,
                timeline=timeline,
            )
        )
    return machines
