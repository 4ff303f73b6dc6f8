"""Money: a Decimal and its currency. Sums stay within a currency; conversion is the last thing that happens."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

USD = "USD"
# What upstreams write; Decimal itself would also take "1_000", "NaN" and digits of other scripts.
_AMOUNT = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([Ee][+-]?[0-9]{1,2})?")

# ISO 4217: currencies whose smaller unit is not a hundredth.
_DECIMAL_PLACES = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0, "KRW": 0,
    "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0,
    "XOF": 0, "XPF": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217). Negative amounts are credits."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse an amount that is no number: it would spread through every sum."""
        if not self.amount.is_finite():
            raise ValueError(f"An amount of money is a finite number, not {self.amount}.")


@dataclass(frozen=True, slots=True)
class Rate:
    """How many units of `currency` one US dollar buys, since which day and by whose word."""

    currency: str
    per_usd: Decimal
    day: date
    source: str

    def __post_init__(self) -> None:
        """Refuse a rate that would make money vanish or change its sign."""
        if not (self.per_usd.is_finite() and self.per_usd > 0):
            raise ValueError(f"An exchange rate is a number above 0, not {self.per_usd}.")


@dataclass(frozen=True, slots=True)
class Displayed:
    """Money as a page shows it; `converted_from` and `rate` say how it came about, where it was converted."""

    money: Money
    converted_from: Money | None = None
    rate: Rate | None = None


def amount_of(text: str) -> Decimal:
    """The exact number that `text` writes. A float is refused, for it is no longer what was written."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ValueError("an amount is a plain number, written as text")
    return Decimal(text)


def quantised(money: Money) -> Money:
    """Rounded to the smallest unit of its currency, half up, as an invoice is."""
    places = _DECIMAL_PLACES.get(money.currency, 2)
    amount = money.amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return Money(amount or abs(amount), money.currency)  # a tiny credit becomes 0.00, never −0.00


def sums_by_currency(amounts: Iterable[Money]) -> list[Money]:
    """One sum for each currency, by its name. Sums of different currencies are never added."""
    sums: dict[str, Decimal] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    return [Money(amount, currency) for currency, amount in sorted(sums.items())]


def rate_on(rates: Iterable[Rate], *, currency: str, day: date) -> Rate | None:
    """The latest rate of `currency` on or before `day`, or None: a later one is not yet known on that day."""
    known = [rate for rate in rates if rate.currency == currency and rate.day <= day]
    return max(known, key=lambda rate: rate.day, default=None)


def converted(money: Money, *, rate: Rate) -> Displayed:
    """Dollars in the currency of `rate`, rounded only now."""
    if money.currency != USD:
        raise ValueError(f"Rates start from US dollars; {money.currency} cannot be converted with one.")
    if rate.currency == USD:
        return Displayed(quantised(money))
    return Displayed(quantised(Money(money.amount * rate.per_usd, rate.currency)), converted_from=money, rate=rate)


def displayed(amounts: Iterable[Money], *, rate: Rate) -> list[Displayed]:
    """Each currency's sum as a page shows it: dollars converted by `rate`, any other currency as it is.

    A bill in euros and dollars shown in euros stay two lines, for one of them is not what was billed.
    """
    return [
        converted(money, rate=rate) if money.currency == USD else Displayed(quantised(money))
        for money in sums_by_currency(amounts)
    ]


@dataclass(frozen=True, slots=True)
class GradeShares:
    """How a total is made up of grades. `parts_without_figure` counts what could not be added at all."""

    total: Decimal
    by_grade: Mapping[str, float]
    parts_without_figure: int


def shares_by_grade(parts: Iterable[tuple[str, Decimal | float | None]]) -> GradeShares:
    """What share (0 to 1) of a total of dollars or kWh rests on each grade; parts are (grade, figure).

    Where the total is 0 there are no shares. A part whose figure is unknown (None) has no share and is counted,
    so that 100 % of A does not look like the whole.
    """
    sums: dict[str, Decimal] = {}
    without_figure = 0
    for grade, figure in parts:
        if figure is None:
            without_figure += 1
            continue
        if not 0 <= figure < Decimal("Infinity"):
            raise ValueError(f"A share needs finite figures of 0 or more, not {figure}.")
        sums[grade] = sums.get(grade, Decimal(0)) + Decimal(figure)
    total = sum(sums.values(), Decimal(0))
    shares = {grade: float(figure / total) for grade, figure in sorted(sums.items())} if total else {}
    return GradeShares(total, shares, without_figure)


def gco2e_per_currency_unit(*, gco2e: float | None, cost: Money | None) -> float | None:
    """Grams emitted for each unit of money spent; None where either is unknown or nothing was spent."""
    if gco2e is None or cost is None or cost.amount <= 0:
        return None
    return gco2e / float(cost.amount)
