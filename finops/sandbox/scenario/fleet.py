"""The simulated machines and the plan they are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from finops.core.periods import DAY, start_of_day
from finops.sandbox.scenario.platforms import LINUX, Platform
from finops.sandbox.scenario.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time in which the simulated world is busy: from `origin` to `end`.

    `origin` is a Monday, 00:00 UTC, so that every restart within a week tells the same history. Long-lived
    machines are older than it; what lies after the present is planned but not told yet.
    """

    origin: datetime
    end: datetime

    @classmethod
    def around(cls, now: datetime, *, days: int) -> "Window":
        """At least `days` of history before `now`, and three weeks of plans beyond it."""
        earliest = start_of_day(now.date()) - days * DAY
        origin = earliest - earliest.weekday() * DAY
        return cls(origin, origin + (days + 28) * DAY)

    def at(self, day: int, hour: float = 0) -> datetime:
        """So many days and hours after the origin."""
        return self.origin + day * DAY + timedelta(seconds=round(hour * 3600))


class Lifecycle(StrEnum):
    """How the machine is bought."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"


class Load(StrEnum):
    """How busy a machine is over the week; `utilization` has the figures."""

    IDLE = "idle"
    OFFICE = "office"
    WEB = "web"
    STEADY = "steady"
    BATCH = "batch"
    HOT = "hot"
    TRAINING = "training"


@dataclass(frozen=True, slots=True)
class Group:
    """Machines of one purpose: same account, region and habits."""

    account_id: str
    region: str
    name: str
    instance_type: str
    count: int
    behaviour: str  # a name in `behaviours.BEHAVIOURS`
    load: Load
    platform: Platform = LINUX
    lifecycle: Lifecycle = Lifecycle.ON_DEMAND
    tenancy: str = "default"
    tags: Mapping[str, str] = field(default_factory=dict)
    resized_to: str = ""


@dataclass(frozen=True, slots=True)
class SimulatedInstance:
    """One simulated EC2 instance with the truth about it."""

    instance_id: str
    number: int  # what its chances hang on
    group: Group
    availability_zone: str
    reservation_id: str
    tags: Mapping[str, str]
    timeline: Timeline

    @property
    def account_id(self) -> str:
        """Whose it is."""
        return self.group.account_id

    @property
    def region(self) -> str:
        """Where it is."""
        return self.group.region

    @property
    def is_spot(self) -> bool:
        """Whether it is bought at the spot price."""
        return self.group.lifecycle is Lifecycle.SPOT

    @property
    def price_tenancy(self) -> str:
        """Its tenancy in the price list's words."""
        return {"default": "Shared", "dedicated": "Dedicated", "host": "Host"}[self.group.tenancy]
