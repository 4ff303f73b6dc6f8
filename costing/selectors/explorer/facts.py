"""The rows that an exploration sums, and their sums as the database answers: two queries, however many rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import CharField, Count, F, Max, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, TruncMonth, TruncWeek

from costing.estimators.exploration import Amount, Every, Part

Keys = tuple[str, ...]
Group = tuple[Keys, str]  # the keys, and the currency or unit
ByGroup = dict[Group, Part]


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of one table by day, narrowed to what was asked for, and how they are grouped and summed."""

    rows: QuerySet[Any]
    all_rows: QuerySet[Any]  # of the same accounts, narrowed to nothing
    columns: Mapping[str, Any]  # a dimension → its column, or an expression
    unit: str | None  # None: the row's own currency
    amount: Any
    places: Decimal | None = None  # to which money is rounded, for SQLite sums it as binary fractions
    per: Any = None
    unknown: Any = None  # days of instances that are not in the amount, by column or expression
    grade: str = ""  # the column
    money: Callable[[Decimal], Decimal] | None = None  # turns dollars into the currency that is shown

    def totals(self, dimensions: Sequence[str], first: date, last: date, *, before: date) -> tuple[ByGroup, ByGroup]:
        """The sums from `first` to `last`, and those of the days from `before` up to `first`; by key and currency."""
        rows = self._grouped(dimensions, before, last).annotate(
            **self._sums(Q(day__gte=first)), **self._sums(Q(day__lt=first), prefix="before_")
        )
        now: ByGroup = {}
        earlier: ByGroup = {}
        for row in rows:
            group = self._group(row, dimensions)
            for prefix, into in (("", now), ("before_", earlier)):
                part = self._part(row, prefix)
                if part.known or part.unknown:
                    into[group] = part
        return now, earlier

    def reach_back_to(self, day: date) -> bool:
        """Whether anything is known of `day` or before: what begins later says nothing of the whole time."""
        return self.all_rows.filter(day__lte=day).exists()

    def series(
        self, dimensions: Sequence[str], first: date, last: date, *, every: Every, only: Sequence[Keys] | None = None
    ) -> dict[Group, dict[date, Part]]:
        """The sums by the day that each stretch begins with; of the keys in `only`, or of all."""
        rows = self._grouped(dimensions, first, last, bucket=_BUCKETS[every])
        if only is not None:
            if not only:
                return {}
            rows = rows.filter(
                reduce(or_, (Q(**{f"d{n}": value for n, value in enumerate(keys)}) for keys in only))
                if dimensions
                else Q()
            )
        found: dict[Group, dict[date, Part]] = {}
        for row in rows.annotate(**self._sums(None)):
            found.setdefault(self._group(row, dimensions), {})[row["bucket"]] = self._part(row, "")
        return found

    def _grouped(self, dimensions: Sequence[str], first: date, last: date, *, bucket: Any = None) -> QuerySet[Any]:
        names = {f"d{n}": _expression(self.columns[name]) for n, name in enumerate(dimensions)}
        if self.unit is None:
            names["unit"] = F("currency")
        if bucket is not None:
            names["bucket"] = bucket
        rows = self.rows.filter(day__gte=first, day__lte=last).order_by()
        # Without any name there is one group of all rows.
        grouped: QuerySet[Any] = rows.annotate(**(names or {"nothing": Value(0)})).values(*(names or {"nothing": 0}))
        return grouped

    def _sums(self, only: Q | None, *, prefix: str = "") -> dict[str, Any]:
        sums: dict[str, Any] = {
            "amount": Sum(self.amount, filter=only),
            "known": Count(self.amount, filter=only),
        }
        if self.per is not None:
            sums["per"] = Sum(self.per, filter=only)
        if self.unknown is not None:
            sums["unknown"] = Sum(self.unknown, filter=only)
        if self.grade:
            sums["grade"] = Max(self.grade, filter=only)
        return {f"{prefix}sum_{name}": each for name, each in sums.items()}

    def _group(self, row: Mapping[str, Any], dimensions: Sequence[str]) -> Group:
        return tuple(str(row[f"d{n}"]) for n in range(len(dimensions))), self.unit or row["unit"]

    def _part(self, row: Mapping[str, Any], prefix: str) -> Part:
        def told(name: str) -> Any:
            return row.get(f"{prefix}sum_{name}")

        return Part(
            amount=self._shown(told("amount")),
            per=self._shown(told("per")),
            known=told("known"),
            unknown=told("unknown") or 0,
            grade=told("grade") or ("" if self.grade or not told("known") else "A"),
        )

    def _shown(self, amount: Amount | None) -> Amount | None:
        if not isinstance(amount, Decimal):
            return amount
        exact = amount if self.places is None else amount.quantize(self.places)
        return exact if self.money is None else self.money(exact)


_BUCKETS: Mapping[Every, Any] = {
    Every.DAY: F("day"),
    Every.WEEK: TruncWeek("day"),
    Every.MONTH: TruncMonth("day"),
}


def _expression(column: Any) -> Any:
    return F(column) if isinstance(column, str) else column


def as_text(expression: Any) -> Any:
    """A number as text, to be grouped and asked for like any other key."""
    return Cast(expression, CharField(max_length=20))


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows of several tables, of which none holds what another does; their sums are those of all."""

    parts: tuple[Facts, ...]

    def totals(self, dimensions: Sequence[str], first: date, last: date, *, before: date) -> tuple[ByGroup, ByGroup]:
        """As Facts.totals."""
        now: ByGroup = {}
        earlier: ByGroup = {}
        for facts in self.parts:
            for into, groups in zip((now, earlier), facts.totals(dimensions, first, last, before=before), strict=True):
                for group, part in groups.items():
                    into[group] = into[group].plus(part) if group in into else part
        return now, earlier

    def reach_back_to(self, day: date) -> bool:
        """As Facts.reach_back_to."""
        return any(facts.reach_back_to(day) for facts in self.parts)

    def series(
        self, dimensions: Sequence[str], first: date, last: date, *, every: Every, only: Sequence[Keys] | None = None
    ) -> dict[Group, dict[date, Part]]:
        """As Facts.series."""
        found: dict[Group, dict[date, Part]] = {}
        for facts in self.parts:
            for group, by_bucket in facts.series(dimensions, first, last, every=every, only=only).items():
                into = found.setdefault(group, {})
                for bucket, part in by_bucket.items():
                    into[bucket] = into[bucket].plus(part) if bucket in into else part
        return found
