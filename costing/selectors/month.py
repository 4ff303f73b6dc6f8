"""The month so far: against as many days of the month before, and what it will come to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from costing.estimators.comparison import ComparedPeriods, compared_periods, compared_weeks, relative_change
from costing.estimators.month_end import BAND_SHARE, NEEDED_DAYS, month_end
from costing.estimators.window import LEDGER_LAG, Window
from costing.selectors.figures import Basis, Figure, figures_of
from costing.selectors.movers import Groups
from costing.selectors.totals import Sums, Totals, total
from finops.core.periods import DAY, Period, start_of_day

_PLACES = Decimal("0.00000001")

ByDay = Mapping[date, Totals]


@dataclass(frozen=True, slots=True)
class Compared:
    """Which days are held against which; none where no two equal stretches have a ledger, and `reason` says why."""

    number: int | None  # among the stretches that could be compared
    periods: ComparedPeriods | None
    reason: str = ""

    @property
    def label(self) -> str:
        """1–21 Nov against 1–21 Oct."""
        if self.periods is None:
            return ""
        return f"{_span(self.periods.current)} against {_span(self.periods.previous)}"


@dataclass(frozen=True, slots=True)
class Change:
    """By what share of `previous` a figure grew, over the days that `label` names."""

    share: float | None
    current: float | Decimal | None
    previous: float | Decimal | None
    label: str
    reason: str  # why there is no share

    @property
    def size(self) -> float | None:
        """The share without its sign."""
        return None if self.share is None else abs(self.share)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the month will come to: most likely, and between which values in four cases of five."""

    value: float | Decimal | None
    low: float | Decimal | None
    high: float | Decimal | None
    unit: str
    band_share: float
    days_known: int
    days_needed: int
    reason: str


@dataclass(frozen=True, slots=True)
class MonthFigure:
    """One figure of the month so far."""

    figure: Figure
    change: Change
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class Month:
    """The month that a window ends in, up to its last complete day."""

    first: date
    last: date  # of the calendar month
    complete_days: int
    days_with_ledger: int
    is_over: bool
    compared: Compared
    list_cost: MonthFigure
    operational: MonthFigure

    @property
    def last_complete(self) -> date | None:
        """The last day that counts; None on the first day of a month."""
        return self.first + (self.complete_days - 1) * DAY if self.complete_days else None


def stretches(window: Window) -> list[ComparedPeriods]:
    """What the month could be held against, best first: the same days of the last month, else the week before."""
    of_month = compared_periods(month=window.last, now=window.now, lag=LEDGER_LAG)
    of_week = [] if _is_over(window) else [compared_weeks(now=window.now, lag=LEDGER_LAG)]
    return [*([of_month] if of_month else []), *of_week]


def reach(window: Window) -> Period:
    """All days that the month and the window look at."""
    first_of_previous = (window.last.replace(day=1) - DAY).replace(day=1)
    return Period(
        min(start_of_day(window.first), start_of_day(first_of_previous)), max(window.period.end, window.complete.end)
    )


def choose(candidates: Sequence[ComparedPeriods], by_day: ByDay, groups: Groups) -> Compared:
    """The first of `candidates` all of whose days, of all accounts, have a ledger."""
    reason = ""
    for number, periods in enumerate(candidates):
        asked = [*periods.current.days(), *periods.previous.days()]
        known = sum(day in by_day for day in asked)
        late = groups.late_accounts(periods.previous.days()[0])
        if known == len(asked) and not late:
            return Compared(number, periods)
        why = f"{known} of {len(asked)} days have a ledger"
        if known == len(asked):
            why = f"of {' and '.join(late[:2])}{' and others' if late[2:] else ''} no ledger is as old"
        reason = reason or f"Not compared with {_span(periods.previous)}: {why}."
    return Compared(None, None, reason or "No day of this month is complete yet.")


def month_so_far(window: Window, by_day: ByDay, rows: Iterable[Sums], basis: Basis, compared: Compared) -> Month:
    """The month that `window` ends in; `rows` are the sums by day and grade that `by_day` was made of."""
    first = window.last.replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - DAY
    complete = Window.of_month(first, now=window.now).complete.days()
    counted = set(complete)
    figures = figures_of(total(row for row in rows if row["day"] in counted), basis)
    name = f"{first:%B}"
    empty = "" if complete else f"No day of {name} is complete yet."

    def of(figure: Figure, unit: str) -> MonthFigure:
        figure = replace(
            figure,
            name=f"month_{figure.name}",
            label=f"{figure.label}, {name}{'' if _is_over(window) else ' so far'}",
            reason=empty or figure.reason,
        )
        return MonthFigure(
            figure=figure,
            change=_change(compared, by_day, unit, basis),
            outlook=_outlook(by_day, unit, basis, complete=complete, last=last),
        )

    return Month(
        first=first,
        last=last,
        complete_days=len(complete),
        days_with_ledger=sum(day in by_day for day in complete),
        is_over=_is_over(window),
        compared=compared,
        list_cost=of(figures.list_cost, "cost"),
        operational=of(figures.operational, "carbon"),
    )


def _change(compared: Compared, by_day: ByDay, unit: str, basis: Basis) -> Change:
    if compared.periods is None:
        return Change(None, None, None, "", compared.reason)
    current, previous = (
        _sum(by_day, period.days(), unit) for period in (compared.periods.current, compared.periods.previous)
    )
    share = relative_change(current=current, previous=previous)
    return Change(
        share=share,
        current=_shown(current, unit, basis),
        previous=_shown(previous, unit, basis),
        label=compared.label,
        reason="" if share is not None else f"Nothing known in {_span(compared.periods.previous)} to grow from.",
    )


def _outlook(by_day: ByDay, unit: str, basis: Basis, *, complete: Sequence[date], last: date) -> Outlook:
    rest = [day for day in Period.of_days(last.replace(day=1), last).days() if day not in set(complete)]
    daily = [
        (day, value)
        for day, totals in by_day.items()
        if day < (rest[0] if rest else last) and (value := _value(totals, unit)) is not None
    ]
    so_far = _sum(by_day, complete, unit)
    found = None
    reason = f"{last:%B} is over." if not rest else ""
    if rest and complete and so_far is None:
        reason = "Nothing is known of the month so far."
    elif rest:
        found = month_end(so_far=so_far or 0.0, daily=daily, rest=rest)
        if found is None:
            reason = f"A forecast needs {NEEDED_DAYS} days of ledger; there are {len(daily)}."
    return Outlook(
        value=_shown(found.expected, unit, basis) if found else None,
        low=_shown(found.low, unit, basis) if found else None,
        high=_shown(found.high, unit, basis) if found else None,
        unit=basis.currency if unit == "cost" else "gCO2e",
        band_share=BAND_SHARE,
        days_known=len(daily),
        days_needed=NEEDED_DAYS,
        reason=reason,
    )


def _value(totals: Totals, unit: str) -> float | None:
    value = totals.list_cost_usd if unit == "cost" else totals.operational_gco2e
    return None if value is None else float(value)


def _sum(by_day: ByDay, days: Iterable[date], unit: str) -> float | None:
    values = [_value(by_day[day], unit) for day in days if day in by_day]
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _shown(value: float | None, unit: str, basis: Basis) -> float | Decimal | None:
    """Money as money, in the currency that is shown."""
    if value is None or unit != "cost":
        return value
    return basis.money(Decimal(repr(value)).quantize(_PLACES))


def _is_over(window: Window) -> bool:
    first = window.last.replace(day=1)
    return Window.of_month(first, now=window.now).complete.days()[-1:] == [
        (first + timedelta(days=32)).replace(day=1) - DAY
    ]


def _span(period: Period) -> str:
    days = period.days()
    first, last = days[0], days[-1]
    if first == last:
        return f"{first.day} {first:%b}"
    return f"{first.day}{'' if first.month == last.month else f' {first:%b}'}–{last.day} {last:%b}"
