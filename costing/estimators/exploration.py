"""Sums of what an explorer's rows come to, cut into days, weeks or months, and into the largest and the rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from costing.estimators.grades import worst_grade

_DAY = timedelta(days=1)
_WEEK = 7

Amount = Decimal | float
Key = TypeVar("Key")


class Every(StrEnum):
    """How long the stretches are that a period is cut into."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One stretch: all of its days that belong to the period."""

    starts: date  # the day, the week's Monday or the month's first, also where the period begins later
    first: date
    last: date
    is_partial: bool  # the period holds only some of its days


def start_of_bucket(day: date, every: Every) -> date:
    """The day itself, the Monday of its week, or the first of its month."""
    if every is Every.WEEK:
        return day - day.weekday() * _DAY
    return day.replace(day=1) if every is Every.MONTH else day


def buckets(first: date, last: date, every: Every) -> list[Bucket]:
    """The stretches from `first` to `last`, both included, in order; none where the period is empty."""
    found = []
    starts = start_of_bucket(first, every)
    while starts <= last:
        behind = _next(starts, every)
        begins, ends = max(first, starts), min(last, behind - _DAY)
        found.append(Bucket(starts, begins, ends, is_partial=(begins, ends) != (starts, behind - _DAY)))
        starts = behind
    return found


def _next(starts: date, every: Every) -> date:
    if every is Every.MONTH:
        return (starts + 31 * _DAY).replace(day=1)
    return starts + (_WEEK if every is Every.WEEK else 1) * _DAY


@dataclass(frozen=True, slots=True)
class Part:
    """A sum: what is known of it, of how many rows, and how many days of instances are not in it.

    Of a ratio, `amount` is what is divided and `per` what it is divided by: ratios are never added themselves.
    """

    amount: Amount | None = None  # None where nothing is known, which is not zero
    per: Amount | None = None
    known: int = 0
    unknown: int = 0
    grade: str = ""

    def plus(self, other: "Part") -> "Part":
        """Both together; what one does not know is taken from the other."""
        return Part(
            _plus(self.amount, other.amount),
            _plus(self.per, other.per),
            self.known + other.known,
            self.unknown + other.unknown,
            worst_grade(*filter(None, (self.grade, other.grade))) if self.grade or other.grade else "",
        )

    def minus(self, other: "Part") -> "Part":
        """What is left of this sum without `other`, which is a part of it; nothing known where no row is left."""
        known = self.known - other.known
        return Part(
            _minus(self.amount, other.amount) if known else None,
            _minus(self.per, other.per) if known else None,
            known,
            self.unknown - other.unknown,
            self.grade,
        )

    def value(self, *, is_ratio: bool) -> Amount | None:
        """The amount, or the ratio; None where it is unknown or divided by nothing."""
        if not is_ratio or self.amount is None:
            return self.amount
        return float(self.amount) / float(self.per) if self.per and self.per > 0 else None


def added(parts: Iterable[Part]) -> Part:
    """All of them together."""
    whole = Part()
    for part in parts:
        whole = whole.plus(part)
    return whole


def largest(parts: Mapping[Key, Part], *, count: int, is_ratio: bool) -> list[Key]:
    """The keys of the largest values, credits by their size too; ties by the order of `parts`, unknown ones last.

    A ratio is as large as what is divided: a single gram for a cent would otherwise lead the list.
    """

    def size(key: Key) -> float:
        part = parts[key]
        value = part.amount if is_ratio else part.value(is_ratio=False)
        return -1.0 if value is None else abs(float(value))

    return sorted(parts, key=size, reverse=True)[:count]


def change(now: Amount | None, before: Amount | None) -> float | None:
    """By what share of `before` it grew; None where either is unknown or there was nothing before."""
    if now is None or before is None or before == 0:
        return None
    return (float(now) - float(before)) / abs(float(before))


def _plus(one: Amount | None, other: Amount | None) -> Amount | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other  # type: ignore[operator] # both money or both not


def _minus(one: Amount | None, other: Amount | None) -> Amount | None:
    if one is None or other is None:
        return one
    return one - other  # type: ignore[operator] # both money or both not
