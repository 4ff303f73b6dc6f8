"""What would raise the grades: each step with its reason, its way, and at most how much it would lift."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from accounts.models import SourceState
from accounts.selectors.health import DataHealth, OpenItem
from costing.selectors.gaps import TypeGap
from costing.selectors.ledger_days import LedgerSum, added

_NAMED = 5  # types and accounts that a sentence names


@dataclass(frozen=True, slots=True)
class Lift:
    """What share (0 to 1) of a whole a step may lift at most."""

    share: float
    of: str  # list cost, energy, running hours, instance-days or accounts
    to: str  # what it would be then


@dataclass(frozen=True, slots=True)
class Advice:
    """One step. `page` and `query` lead to where it begins."""

    title: str
    reason: str
    fix: str
    lifts: tuple[Lift, ...]
    page: str
    query: str = ""

    @property
    def most(self) -> float:
        """The largest of its lifts."""
        return max((lift.share for lift in self.lifts), default=0.0)


def advice_for(
    ledger: Mapping[int, LedgerSum], without_factor: set[int], health: DataHealth, gaps: Sequence[TypeGap]
) -> tuple[Advice, ...]:
    """The steps that may lift anything, most first; no query of its own.

    A lift is an upper bound: what is worse than it could be in the accounts a step is about, over the whole.
    """
    whole = added(ledger.values())
    found = [_of_source(item, ledger, without_factor, whole) for item in health.open_items]
    found += [_of_gap(gaps, whole, gap) for gap in _GAPS]
    kept = [each for each in found if each is not None and each.most > 0]
    return tuple(sorted(kept, key=lambda each: (-each.most, each.title)))


def _cost(days: LedgerSum) -> float:
    return float(sum(days.cost_usd_by_grade.values()))


def _cost_below_a(days: LedgerSum) -> float:
    return float(sum(days.cost_usd_by_grade.get(grade, 0) for grade in ("B", "C")))


def _energy(days: LedgerSum) -> float:
    return sum(days.energy_kwh_by_grade.values())


def _energy_defaulted(days: LedgerSum) -> float:
    return days.energy_kwh_by_grade.get("C", 0.0)


def _hours(days: LedgerSum) -> float:
    return days.hours_with_runtime


def _hours_not_aligned(days: LedgerSum) -> float:
    return days.hours_with_runtime - days.hours_aligned


def _instance_days(days: LedgerSum) -> float:
    return days.instance_days


def _without_price(days: LedgerSum) -> float:
    return days.instance_days_without_price


def _without_power(days: LedgerSum) -> float:
    return days.instance_days_without_power


def _without_intensity(days: LedgerSum) -> float:
    return days.instance_days_without_intensity


# What each source decides: which part of some ledger days, over which whole, called what, and what it would be.
_Part = Callable[[LedgerSum], float]
_TO_GRADE_A = (_cost_below_a, _cost, "list cost", "grade A")
_TO_GRADE_B = (_energy_defaulted, _energy, "energy", "grade B")
_TO_ALIGNED = (_hours_not_aligned, _hours, "running hours", "aligned")
_LIFTS: dict[str, tuple[tuple[_Part, _Part, str, str], ...]] = {
    "aws_ec2": (_TO_GRADE_A, _TO_ALIGNED),
    "aws_cloudtrail": (_TO_GRADE_A, _TO_ALIGNED),
    "aws_cloudwatch": (_TO_GRADE_B, _TO_ALIGNED),
    "aws_pricing": ((_without_price, _instance_days, "instance-days", "priced"), _TO_ALIGNED),
    "electricity_maps": (
        _TO_GRADE_B,
        (_without_intensity, _instance_days, "instance-days", "known in carbon"),
        _TO_ALIGNED,
    ),
    "boavizta": ((_without_power, _instance_days, "instance-days", "known in energy"),),
}


def _of_source(
    item: OpenItem, ledger: Mapping[int, LedgerSum], without_factor: set[int], whole: LedgerSum
) -> Advice | None:
    """What answers again would lift, of the account (or, of a shared source, of all accounts) it is about."""
    account_id = item.first.account_id
    touched = whole if account_id is None else ledger.get(account_id, LedgerSum())
    lifts: dict[tuple[str, str], float] = {}
    for source in item.sources:
        for part, of_whole, of, to in _LIFTS.get(source.source.name, ()):
            if total := of_whole(whole):
                lifts[of, to] = max(lifts.get((of, to), 0.0), part(touched) / total)
        if source.source.name == "aws_cost_explorer" and account_id in without_factor:
            lifts["accounts", "compared with their bill"] = 1 / len(ledger)
    is_late = item.first.state == SourceState.AVAILABLE
    return Advice(
        title=f"{item.first.account_name}: {item.labels}",
        reason=item.first.last_error or ("It has not answered for long." if is_late else ""),
        fix=item.first.fix or ("Start a refresh of the account." if is_late else ""),
        lifts=tuple(Lift(share, of, to) for (of, to), share in lifts.items() if share > 0),
        page="health",
        query=f"#account-{account_id or 0}",
    )


@dataclass(frozen=True, slots=True)
class _Gap:
    """A part that instance types lack."""

    attribute: str  # of TypeGap: the instance-days it touches
    title: str
    reason: str
    fix: str
    to: str


_GAPS = (
    _Gap(
        "instance_days_without_price",
        "Price",
        "The price list has none, or more than one, that fits their region, platform and tenancy.",
        "Their instance pages say what the price list answered; prices are asked for again with each refresh.",
        "priced",
    ),
    _Gap(
        "instance_days_without_power",
        "Find the power profile of",
        "The power API does not know these types, or was not asked yet.",
        "Refresh the power profiles; a newer Boavizta API may know newer types.",
        "known in energy",
    ),
)


def _of_gap(gaps: Sequence[TypeGap], whole: LedgerSum, gap: _Gap) -> Advice | None:
    days = {each.instance_type: int(getattr(each, gap.attribute)) for each in gaps}
    touched = sorted((name for name in days if days[name]), key=lambda name: (-days[name], name))
    if not touched or not whole.instance_days:
        return None
    share = sum(days.values()) / whole.instance_days
    return Advice(
        title=f"{gap.title} {_named(touched)}",
        reason=gap.reason,
        fix=gap.fix,
        lifts=(Lift(share, "instance-days", gap.to),),
        page="instances",
        query=f"?type={touched[0]}" if len(touched) == 1 and touched[0] else "",
    )


def _named(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(name or "instances of unknown type" for name in names[:_NAMED]) + (
        f" and {more} more" if more > 0 else ""
    )
