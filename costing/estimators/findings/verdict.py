"""What a rule says of many resources at once, and which of its words count beside those of other rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .rules import BY_KEY, COVERED_BY, RULES, Side

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Hours = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One rule over n resources. Where `is_judged` is False there is not enough to say anything, good or bad."""

    is_judged: Bools
    is_found: Bools  # never where it is not judged
    since_hour: Hours  # place in the series of the hour it began in; -1 where that is not known
    measured: Mapping[str, Floats] = field(default_factory=dict)  # what was held against the limits, by name


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule of one resource, which it found."""

    rule: str
    row: int
    since_hour: int
    measured: Mapping[str, float]


def settle(verdicts: Mapping[str, Verdicts], rows: int) -> list[Verdict]:
    """The findings that stand, by row and then in the rules' order.

    A resource is strained or unused, never both: the rule that comes first in RULES decides. Of two rules of which
    one covers the other, the stricter one stands alone.
    """
    strained = np.zeros(rows, dtype=np.bool_)
    unused = np.zeros(rows, dtype=np.bool_)
    found: list[Verdict] = []
    taken: dict[str, Bools] = {}
    for rule in RULES:
        told = verdicts.get(rule.key)
        if told is None:
            continue
        is_strained = rule.side is Side.STRAINED
        stands = told.is_found & told.is_judged & ~(unused if is_strained else strained)
        if (stricter := COVERED_BY.get(rule.key)) in taken:
            stands &= ~taken[stricter]
        taken[rule.key] = stands
        (strained if is_strained else unused)[stands] = True
        found += [_verdict(rule.key, told, int(row)) for row in np.flatnonzero(stands)]
    order = {rule.key: place for place, rule in enumerate(RULES)}
    return sorted(found, key=lambda one: (one.row, order[one.rule]))


def sides(rules: Iterable[str]) -> set[Side]:
    """The sides that some rules are on."""
    return {BY_KEY[rule].side for rule in rules}


def _verdict(rule: str, told: Verdicts, row: int) -> Verdict:
    measured = {name: float(values[row]) for name, values in told.measured.items()}
    return Verdict(rule, row, int(told.since_hour[row]), {k: v for k, v in measured.items() if np.isfinite(v)})


def of_ages(ages_days: Sequence[float | None], *, is_candidate: Sequence[bool], more_than_days: float) -> Verdicts:
    """What is so for longer than so many days. None: it was so before anybody looked, so for an unknown time."""
    known = np.array([np.nan if age is None else age for age in ages_days], dtype=np.float64)
    is_old = np.isnan(known) | (known > more_than_days)
    count = len(known)
    return Verdicts(
        is_judged=np.ones(count, dtype=np.bool_),
        is_found=np.array(is_candidate, dtype=np.bool_) & is_old,
        since_hour=np.full(count, -1, dtype=np.int64),
        measured={"age_days": known},
    )
