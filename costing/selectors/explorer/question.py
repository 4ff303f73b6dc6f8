"""What can be asked of the explorer, and what no data can answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from costing.estimators.exploration import Every
from costing.selectors.figures import BILL_SOURCES, CARBON_SOURCES, COST_SOURCES, ENERGY_SOURCES

DEFAULT_TOP = 8
MOST_TOP = 50
MOST_INSTANCE_DAYS = 93  # days that are read instance by instance
NONE = "(none)"  # in an address: rows that have nothing there


class Measure(StrEnum):
    """What is summed."""

    BILLED = "billed"
    AMORTIZED = "amortized"
    LIST = "list"
    ENERGY = "energy"
    CARBON = "carbon"
    OPERATIONAL = "operational"
    EMBODIED = "embodied"
    INTENSITY = "intensity"

    @property
    def label(self) -> str:
        """Its name, which says which cost or carbon it is."""
        return _MEASURES[self][0]

    @property
    def note(self) -> str:
        """What it is made of."""
        return _MEASURES[self][1]

    @property
    def sources(self) -> tuple[str, ...]:
        """What it rests on."""
        return _MEASURES[self][2]

    @property
    def is_bill(self) -> bool:
        """Whether Cost Explorer told it, rather than the ledger."""
        return self in {Measure.BILLED, Measure.AMORTIZED}

    @property
    def is_ratio(self) -> bool:
        """Whether it is a quotient of two sums, which does not add up."""
        return self is Measure.INTENSITY


_MEASURES: Mapping[Measure, tuple[str, str, tuple[str, ...]]] = {
    Measure.BILLED: ("Billed cost", "As Cost Explorer told it, unblended, all record types.", BILL_SOURCES),
    Measure.AMORTIZED: (
        "Billed cost, amortized",
        "As Cost Explorer told it, fees of commitments spread over what they cover, all record types.",
        BILL_SOURCES,
    ),
    Measure.LIST: ("List cost", "EC2 on-demand prices × billed hours, before discounts.", COST_SOURCES),
    Measure.ENERGY: ("Energy", "EC2 instances, with the PUE of their region.", ENERGY_SOURCES),
    Measure.CARBON: ("Carbon", "Operational and embodied, of EC2 instances.", CARBON_SOURCES),
    Measure.OPERATIONAL: (
        "Operational carbon",
        "Energy × carbon intensity of each hour, EC2 instances.",
        CARBON_SOURCES,
    ),
    Measure.EMBODIED: ("Embodied carbon", "The share of making the machines, EC2 instances.", CARBON_SOURCES),
    Measure.INTENSITY: (
        "Carbon per money",
        "Operational and embodied carbon over list cost, of days on which both are known.",
        tuple(dict.fromkeys((*COST_SOURCES, *CARBON_SOURCES))),
    ),
}


class Dimension(StrEnum):
    """What rows are grouped by."""

    TEAM = "team"
    ACCOUNT = "account"
    REGION = "region"
    SERVICE = "service"
    USAGE_TYPE = "usage_type"
    RECORD_TYPE = "record_type"
    TYPE = "type"
    INSTANCE = "instance"
    TAG = "tag"

    @property
    def label(self) -> str:
        """Its name."""
        return _LABELS[self]


_LABELS = {
    Dimension.TEAM: "Team",
    Dimension.ACCOUNT: "Account",
    Dimension.REGION: "Region",
    Dimension.SERVICE: "Service",
    Dimension.USAGE_TYPE: "Usage type",
    Dimension.RECORD_TYPE: "Record type",
    Dimension.TYPE: "Instance type",
    Dimension.INSTANCE: "Instance",
    Dimension.TAG: "Tag",
}

OF_BILLS = frozenset(
    {
        Dimension.TEAM,
        Dimension.ACCOUNT,
        Dimension.REGION,
        Dimension.SERVICE,
        Dimension.USAGE_TYPE,
        Dimension.RECORD_TYPE,
    }
)
OF_LEDGER = frozenset(
    {Dimension.TEAM, Dimension.ACCOUNT, Dimension.REGION, Dimension.TYPE, Dimension.INSTANCE, Dimension.TAG}
)
SPLITS = frozenset({Dimension.REGION, Dimension.USAGE_TYPE})  # what a bill's usage is told by besides
BY_INSTANCE = frozenset({Dimension.INSTANCE, Dimension.TAG})


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the explorer; an address holds all of it."""

    measure: Measure = Measure.BILLED
    group_by: tuple[Dimension, ...] = (Dimension.SERVICE,)
    every: Every = Every.DAY
    top: int = DEFAULT_TOP
    tag: str = ""  # the key that TAG means
    filters: Mapping[Dimension, str] = field(default_factory=dict)  # "" chooses rows that have nothing there

    @property
    def used(self) -> frozenset[Dimension]:
        """All that it groups or narrows by."""
        return frozenset({*self.group_by, *self.filters})


def why_unanswerable(question: Question) -> str:
    """Why no data can answer it, as a sentence; empty where they can."""
    measure, used = question.measure, question.used
    foreign = sorted(used - (OF_BILLS if measure.is_bill else OF_LEDGER))
    if foreign and measure.is_bill:
        names = _named(foreign)
        return (
            f"{measure.label} is not known by {names}: Cost Explorer tells it by service, region, usage type, "
            "account and record type. Choose list cost, energy or carbon, or another grouping."
        )
    if foreign:
        return (
            f"{measure.label} is not known by {_named(foreign)}: the ledger holds EC2 instances, which no bill's "
            "line names. Choose billed cost, or group by account, region, instance type, instance or tag."
        )
    if used >= SPLITS:
        return (
            "Region and usage type are not known together: Cost Explorer groups by two things at a time, and the "
            "service is one of them. Leave one of the two out."
        )
    if used & SPLITS and Dimension.RECORD_TYPE in used:
        return (
            "Only usage is told by region or usage type, so record types cannot be split by them. "
            "Leave the record type out."
        )
    if Dimension.TAG in used and not question.tag:
        return "Say which tag: give its key."
    return ""


def _named(dimensions: list[Dimension]) -> str:
    return " and ".join(dimension.label.lower() for dimension in dimensions)
