"""Numbers as people read them: three significant digits, a unit always, thousands apart."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal

from finops.core.time_zones import as_shown, offset_of

UNKNOWN = "–"

Number = float | Decimal

_EXACT = Context(prec=60)
_SCALES = {
    "gCO2e": ((Decimal(1_000_000), "t CO2e"), (Decimal(1000), "kg CO2e"), (Decimal(1), "g CO2e")),
    "kWh": ((Decimal(1000), "MWh"), (Decimal(1), "kWh"), (Decimal("0.001"), "Wh")),
}
_CURRENCY_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit, as text; `is_prefix` where the unit stands before the number, as a currency does."""

    number: str
    unit: str
    is_prefix: bool = False

    def __str__(self) -> str:
        if not self.unit:
            return self.number
        return f"{self.unit} {self.number}" if self.is_prefix else f"{self.number} {self.unit}"


def is_currency(unit: str) -> bool:
    """Whether `unit` is a currency code (ISO 4217) rather than a unit of measurement."""
    return len(unit) == _CURRENCY_LETTERS and unit.isascii() and unit.isalpha() and unit.isupper()


def significant(value: Number, *, digits: int = 3) -> str:
    """`value` with so many significant digits, never in powers of ten: 1,230 · 12.3 · 0.0123."""
    number = _decimal(value)
    if number == 0:
        return "0"
    rounded = number.quantize(Decimal(1).scaleb(number.adjusted() - digits + 1), context=_EXACT)
    if rounded.adjusted() > number.adjusted():  # 9.996 became 10.00, a digit more than asked for
        rounded = rounded.quantize(Decimal(1).scaleb(rounded.adjusted() - digits + 1), context=_EXACT)
    return f"{rounded:,f}"


def fixed(value: Number, *, decimals: int) -> str:
    """`value` with so many decimals, for a column whose numbers stand below each other."""
    rounded = _decimal(value).quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
    return f"{abs(rounded) if rounded == 0 else rounded:,f}"


def short(value: Number | None, unit: str) -> Quantity:
    """`value` as a tile shows it: g become kg and t, kWh become Wh and MWh, a share becomes per cent."""
    if value is None:
        return Quantity(UNKNOWN, "")
    if is_currency(unit):
        return Quantity(significant(value), unit, is_prefix=True)
    if unit == "share":
        return Quantity(_percent(value), "%")
    if unit in _SCALES:
        number = _decimal(value)
        scale, name = next(((scale, name) for scale, name in _SCALES[unit] if abs(number) >= scale), _SCALES[unit][-1])
        if number == 0:
            scale, name = Decimal(1), unit.replace("gCO2e", "g CO2e")
        return Quantity(significant(number / scale), name)
    return Quantity(significant(value), unit.replace("gCO2e", "g CO2e"))


def full(value: Number | None, unit: str) -> str:
    """`value` with all the digits that mean anything, for a title."""
    if value is None:
        return UNKNOWN
    if unit == "share":
        return f"{significant(_decimal(value) * 100, digits=6)} %"
    places = 8 if isinstance(value, Decimal) else max(0, 6 - _decimal(value).adjusted())
    text = fixed(value, decimals=min(places, 12))
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text} {unit}"


def age(length: timedelta) -> str:
    """How long ago in the largest unit that is still telling: 40 s, 5 min, 7 h, 3 d."""
    seconds = max(0, int(length.total_seconds()))
    for size, name, until in ((1, "s", 90), (60, "min", 90 * 60), (3600, "h", 48 * 3600)):
        if seconds < until:
            return f"{seconds // size} {name}"
    return f"{seconds // 86400} d"


def instant(moment: datetime) -> str:
    """An instant on the clock that the reader's team chose, with its distance from UTC."""
    shown = as_shown(moment)
    return f"{shown:%d %b %Y %H:%M} {offset_of(shown)}".lstrip("0")


def percent(share: Number, *, decimals: int = 1) -> str:
    """A share as per cent with so many decimals, for a column: 100 only where it is whole, 0 only where it is nothing.

    0.9999 is 99.9 and not 100.0; 0.0001 is <0.1 and not 0.0.
    """
    number, step = _decimal(share) * 100, Decimal(1).scaleb(-decimals)
    if 0 < abs(number) < step:
        return f"{'>-' if number < 0 else '<'}{step}"
    if 100 - step < abs(number) < 100:  # noqa: PLR2004 (what would round to a whole it is not)
        return f"{number.quantize(step, rounding=ROUND_DOWN):,f}"
    return fixed(number, decimals=decimals)


def _percent(value: Number) -> str:
    """A share as per cent: 100 only where it is whole, 0 only where it is nothing."""
    percent = _decimal(value) * 100
    if 0 < percent < 1:
        return significant(percent, digits=1) if percent >= Decimal("0.1") else "<0.1"
    if Decimal("99.5") <= percent < 100:  # noqa: PLR2004 (what would round to a whole it is not)
        return f"{percent.quantize(Decimal('0.1'), rounding=ROUND_DOWN)}"
    return f"{percent:.0f}"


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))
