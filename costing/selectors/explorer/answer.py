"""An exploration: the largest groups, the others, and what they all come to, over time and beside the period before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from accounts.models import Instance
from accounts.selectors.aws_accounts import account_rows
from accounts.selectors.health import DataHealth, Stand, data_health
from accounts.selectors.scope import Scope
from costing.estimators.exploration import Amount, Bucket, Part, added, buckets, change, largest
from costing.estimators.window import Window
from costing.selectors.billed import no_bill
from costing.selectors.complete_days import billing_lag
from costing.selectors.emptiness import Emptiness, why_empty
from costing.selectors.explorer.bills import BillFacts, bill_facts, why_not_split
from costing.selectors.explorer.facts import Keys
from costing.selectors.explorer.ledger import ledger_facts
from costing.selectors.explorer.question import (
    BY_INSTANCE,
    MOST_INSTANCE_DAYS,
    SPLITS,
    Dimension,
    Question,
    why_unanswerable,
)
from costing.selectors.figures import Basis, basis_for
from finops.core.periods import DAY

_NOTHING_THERE = {
    Dimension.SERVICE: "No service (charges of a payer that are not usage)",
    Dimension.TAG: "Without this tag",
}


class Kind(StrEnum):
    """What a line stands for."""

    GROUP = "group"
    OTHER = "other"  # all groups that have no line of their own
    UNTOLD = "untold"  # what the bill holds and no region or usage type is told for
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table, and one series of the chart."""

    kind: Kind
    keys: Keys  # as a filter takes them; empty but for groups
    labels: tuple[str, ...]
    parts: tuple[Part, ...]  # by stretch
    whole: Part
    before: Part
    is_ratio: bool
    share: float | None = None  # of the total

    @property
    def value(self) -> Amount | None:
        """Over the whole period; None is unknown."""
        return self.whole.value(is_ratio=self.is_ratio)

    @property
    def values(self) -> list[Amount | None]:
        """By stretch."""
        return [part.value(is_ratio=self.is_ratio) for part in self.parts]

    @property
    def previous(self) -> Amount | None:
        """Over the period before, of the same length."""
        return self.before.value(is_ratio=self.is_ratio)

    @property
    def change(self) -> float | None:
        """Growth since the period before, as a share of it."""
        return change(self.value, self.previous)


@dataclass(frozen=True, slots=True)
class Block:
    """All lines of one currency or unit; blocks are never added to each other."""

    unit: str
    lines: tuple[Line, ...]  # the largest groups, then the rest
    total: Line
    group_count: int

    @property
    def all_lines(self) -> tuple[Line, ...]:
        """The lines, and behind them the total that they add up to."""
        return (*self.lines, self.total)


@dataclass(frozen=True, slots=True)
class Exploration:
    """The answer to a question, or the sentence that says why there is none."""

    scope: Scope
    window: Window
    question: Question
    first: date
    last: date | None  # the last complete day; None where no day is complete
    buckets: tuple[Bucket, ...]
    blocks: tuple[Block, ...]
    health: DataHealth
    stand: Stand
    basis: Basis
    refusal: str = ""
    emptiness: Emptiness | None = None
    reason: str = ""  # why nothing is there, where the emptiness is the bill's

    @property
    def days(self) -> int:
        """How many complete days count."""
        return (self.last - self.first).days + 1 if self.last else 0

    @property
    def days_left_out(self) -> int:
        """How many days of the period are not complete yet."""
        return (self.window.last - self.window.first).days + 1 - self.days


def explore(scope: Scope, window: Window, question: Question) -> Exploration:
    """The answer over the complete days of `window`; queries do not grow with rows, groups or days.

    The lines of a block add up to its total: exactly for money, and but for the rounding of floats for the rest.
    """
    health = data_health(scope, now=window.now)
    basis = basis_for(scope, window, health=health)
    complete = (window.complete_after(billing_lag()) if question.measure.is_bill else window.complete).days()
    last = complete[-1] if complete else None
    refusal = why_unanswerable(question)
    if not refusal and question.used & BY_INSTANCE and len(complete) > MOST_INSTANCE_DAYS:
        refusal = f"Instances and tags are read row by row: ask for at most {MOST_INSTANCE_DAYS} days at a time."
    if not refusal and last and question.measure.is_bill:
        refusal = why_not_split(scope, question, window.first, last)
    blocks: tuple[Block, ...] = ()
    stretches = buckets(window.first, last, question.every) if last else []
    if last and not refusal:
        if question.measure.is_bill:
            answer = bill_facts(scope, question, (window.first, last))
        else:
            answer = BillFacts(ledger_facts(scope, question, basis))
        blocks = _blocks(scope, question, answer, days=(window.first, last), stretches=stretches, health=health)
    is_empty = not blocks and not refusal
    return Exploration(
        scope=scope,
        window=window,
        question=question,
        first=window.first,
        last=last,
        buckets=tuple(stretches),
        blocks=blocks,
        health=health,
        stand=health.stand(question.measure.sources),
        basis=basis,
        refusal=refusal,
        emptiness=_emptiness(scope, question, health) if is_empty else None,
        reason=no_bill(health, has_complete_days=bool(complete)).reason
        if is_empty and question.measure.is_bill
        else "",
    )


def _emptiness(scope: Scope, question: Question, health: DataHealth) -> Emptiness | None:
    if question.filters:
        return Emptiness.FILTERED
    emptiness = why_empty(scope, account_rows(scope), health)
    if question.measure.is_bill and emptiness not in {Emptiness.NO_TEAM, Emptiness.NO_ACCOUNT, Emptiness.REFRESHING}:
        return None  # the bill has reasons of its own
    return emptiness


def _blocks(
    scope: Scope,
    question: Question,
    answer: BillFacts,
    *,
    days: tuple[date, date],
    stretches: Sequence[Bucket],
    health: DataHealth,
) -> tuple[Block, ...]:
    first, last = days
    dimensions = [str(dimension) for dimension in question.group_by]
    before = first - ((last - first).days + 1) * DAY
    now, earlier = answer.facts.totals(dimensions, first, last, before=before)
    # A period of which only the last days are known would look like growth.
    is_compared = (answer.whole or answer.facts).reach_back_to(before)
    earlier = earlier if is_compared else {}
    tops = {
        unit: largest(
            {keys: part for (keys, of), part in now.items() if of == unit},
            count=question.top,
            is_ratio=question.measure.is_ratio,
        )
        for unit in sorted({unit for _, unit in now})
    }
    shown = sorted({keys for top in tops.values() for keys in top})
    by_time = answer.facts.series(dimensions, first, last, every=question.every, only=shown)
    of_all = (answer.overall or answer.facts).series([], first, last, every=question.every)
    whole = whole_before = whole_by_time = None
    if answer.whole is not None:
        whole, whole_before = answer.whole.totals([], first, last, before=before)
        whole_before = whole_before if is_compared else {}
        whole_by_time = answer.whole.series([], first, last, every=question.every)
    labels = _labels(scope, question, shown, health)

    def cut(parts: Mapping[date, Part] | None) -> tuple[Part, ...]:
        return tuple((parts or {}).get(stretch.starts, Part()) for stretch in stretches)

    found = []
    for unit in sorted({unit for _, unit in (whole or now)}):
        top = tops.get(unit, [])
        is_ratio = question.measure.is_ratio
        lines = [
            Line(
                Kind.GROUP, keys, labels[keys], cut(by_time.get((keys, unit))), now[keys, unit],
                earlier.get((keys, unit), Part()), is_ratio,
            )
            for keys in top
        ]  # fmt: skip
        told = Line(
            Kind.TOTAL, (), ("Total",), cut(of_all.get(((), unit))),
            added(part for (_, of), part in now.items() if of == unit),
            added(part for (_, of), part in earlier.items() if of == unit), is_ratio,
        )  # fmt: skip
        total, groups = told, [keys for keys, of in now if of == unit]
        others = set(groups) - set(top)
        others_before = told.before.minus(added(each.before for each in lines))
        if others or others_before.known:
            parts = tuple(part.minus(added(each.parts[n] for each in lines)) for n, part in enumerate(told.parts))
            rest = added(now[keys, unit] for keys in sorted(others))
            lines.append(Line(Kind.OTHER, (), (f"Other ({len(others)})",), parts, rest, others_before, is_ratio))
        if whole is not None and whole_before is not None and whole_by_time is not None:
            total = Line(
                Kind.TOTAL, (), ("Total",), cut(whole_by_time.get(((), unit))), whole.get(((), unit), Part()),
                whole_before.get(((), unit), Part()), is_ratio,
            )  # fmt: skip
            untold = _untold(question, total, told)
            if untold.value or untold.previous or any(untold.values):
                lines.append(untold)
        found.append(Block(unit, tuple(_with_shares(lines, total)), total, len(groups)))
    return tuple(found)


def _less(whole: Part, told: Part) -> Part:
    """What of the whole bill is not in its split. The two count different rows."""
    if whole.amount is None:
        return Part()
    return Part(whole.amount - (told.amount or 0), known=1, grade=whole.grade)  # type: ignore[operator] # both money


def _untold(question: Question, total: Line, told: Line) -> Line:
    """What the bill holds beyond its split."""
    split = next(each for each in question.group_by if each in SPLITS)
    return Line(
        Kind.UNTOLD,
        (),
        (f"Not told by {split.label.lower()}: tax, credits, fees, and days not split yet",),
        tuple(_less(part, split_part) for part, split_part in zip(total.parts, told.parts, strict=True)),
        _less(total.whole, told.whole),
        _less(total.before, told.before),
        total.is_ratio,
    )


def _with_shares(lines: Sequence[Line], total: Line) -> list[Line]:
    whole = total.value
    if total.is_ratio or not whole:
        return list(lines)
    return [replace(each, share=None if each.value is None else float(each.value) / float(whole)) for each in lines]


def _labels(scope: Scope, question: Question, shown: Sequence[Keys], health: DataHealth) -> dict[Keys, tuple[str, ...]]:
    """What people call each key; one query more where instances are named."""
    names: dict[Dimension, dict[str, str]] = {
        Dimension.TEAM: {team.slug: team.name for team in scope.teams},
        Dimension.ACCOUNT: {
            account.aws_account_id: f"{account.name} ({account.aws_account_id})"
            for account in health.accounts
            if account.account_id is not None
        },
    }
    if Dimension.INSTANCE in question.group_by:
        position = question.group_by.index(Dimension.INSTANCE)
        wanted = Instance.objects.visible_to(scope.user).filter(pk__in=[int(keys[position]) for keys in shown])
        names[Dimension.INSTANCE] = {
            str(pk): f"{name} ({instance_id})" if name else instance_id
            for pk, name, instance_id in wanted.values_list("pk", "name", "instance_id")
        }
    return {
        keys: tuple(
            names.get(dimension, {}).get(key, key) or _NOTHING_THERE.get(dimension, f"No {dimension.label.lower()}")
            for dimension, key in zip(question.group_by, keys, strict=True)
        )
        for keys in shown
    }
