"""Times as the Carbon Aware SDK reads and writes them: what .NET understands in an address, ISO 8601 in a body."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

TICKS_PER_SECOND = 10_000_000  # of .NET: 100 ns
_TICKS_PER_MICROSECOND = 10
_TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
_TICKS_PER_DAY = 86_400 * TICKS_PER_SECOND
_EPOCH_TICKS = (date(1970, 1, 1).toordinal() - 1) * _TICKS_PER_DAY
_END_TICKS = date.max.toordinal() * _TICKS_PER_DAY  # the first tick that is no more in the year 9999
_LARGEST_OFFSET_MINUTES = 14 * 60
_TWO_DIGIT_YEARS_FROM = 1950
_FRACTION_DIGITS = 7
_LONGEST_TEXT = 64

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAME = "|".join(
    ("january|february|march|april|may|june|july|august|september|october|november|december", *_MONTHS)
)
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]?\.?)?"
)
# A `+` that nobody encoded arrives as a blank, so a blank before an offset stands for one.
_OFFSET = (
    r"(?:\s*(?P<zulu>[Zz]|GMT|UTC)|\s*(?P<sign>[+-]|\s)\s*(?P<offset_hour>\d{1,2})(?::?(?P<offset_minute>\d{2}))?)"
)
_TIME = rf"(?:(?:\s*[Tt]\s*|,?\s+){_CLOCK}{_OFFSET}?|{_OFFSET.replace('?P<', '?P<bare_')})?"
_QUERY_FORMS = tuple(
    re.compile(rf"\s*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?{day}{_TIME}\s*", re.ASCII | re.IGNORECASE)
    for day in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?:(?P=mark)(?P<day>\d{1,2}))?",
        r"(?P<month>\d{1,2})(?P<mark>[-/.])(?P<day>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})",
        rf"(?P<day>\d{{1,2}})[\s-]+(?P<month>{_MONTH_NAME})\.?,?[\s-]+(?P<year>\d{{4}}|\d{{2}})",
        rf"(?P<month>{_MONTH_NAME})\.?\s+(?P<day>\d{{1,2}})\s*,?\s+(?P<year>\d{{4}})",
    )
)
_BODY_FORM = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
    r"(?:T(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,16}))?)?"
    r"(?:(?P<zulu>Z)|(?P<sign>[+-])(?P<offset_hour>\d{2})(?::(?P<offset_minute>\d{2}))?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ClientTime:
    """An instant as a client gave it: 100 ns since 0001-01-01T00:00Z, and the offset it was written with.

    It holds what `datetime` cannot: seven digits of a second, and offsets in the years 1 and 9999.
    """

    ticks: int
    offset_minutes: int = 0

    @classmethod
    def of(cls, instant: datetime) -> "ClientTime":
        """An aware instant, in UTC."""
        microseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return cls(_EPOCH_TICKS + microseconds * _TICKS_PER_MICROSECOND)

    @classmethod
    def of_microseconds(cls, microseconds: int) -> "ClientTime":
        """Microseconds since 1970, in UTC."""
        return cls(_EPOCH_TICKS + microseconds * _TICKS_PER_MICROSECOND)

    @property
    def microseconds(self) -> int:
        """Whole microseconds since 1970; what is finer is cut, which changes no comparison with whole ones."""
        return (self.ticks - _EPOCH_TICKS) // _TICKS_PER_MICROSECOND

    def in_utc(self) -> "ClientTime":
        """The same instant, written in UTC."""
        return ClientTime(self.ticks)

    def __str__(self) -> str:
        """As the SDK writes it: the offset never as Z, a fraction only where there is one, no zeros at its end."""
        days, rest = divmod(self.ticks + self.offset_minutes * _TICKS_PER_MINUTE, _TICKS_PER_DAY)
        seconds, fraction = divmod(rest, TICKS_PER_SECOND)
        digits = f".{fraction:07}".rstrip("0") if fraction else ""
        sign, offset = "-" if self.offset_minutes < 0 else "+", abs(self.offset_minutes)
        return (
            f"{date.fromordinal(days + 1).isoformat()}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            f"{digits}{sign}{offset // 60:02}:{offset % 60:02}"
        )


@lru_cache(maxsize=65_536)
def utc_text(microseconds: int) -> str:
    """Microseconds since 1970 as answers write them. Points of forecasts and readings come again and again."""
    return str(ClientTime.of_microseconds(microseconds))


def read_in_address(text: str) -> ClientTime | None:
    """A time as .NET reads it in a query string; None where it cannot be read. Without an offset it is UTC.

    ISO forms (also unpadded, without seconds, with a bare date or a year and month), offsets with and without
    a colon, the American order of month, day and year, and names of months.
    """
    if len(text) > _LONGEST_TEXT:
        return None
    for form in _QUERY_FORMS:
        if match := form.fullmatch(text):
            return _time_of(match.groupdict())
    return None


def read_in_body(text: str) -> ClientTime | None:
    """A time as .NET reads it in JSON: strict ISO 8601; None where it cannot be read. Without an offset it is UTC."""
    match = _BODY_FORM.fullmatch(text)
    return _time_of(match.groupdict()) if match else None


def _time_of(parts: dict[str, str | None]) -> ClientTime | None:
    month = parts["month"] or ""
    try:
        day = date(
            _year_of(parts["year"] or ""),
            int(month) if month.isdecimal() else _MONTHS.index(month[:3].lower()) + 1,
            int(parts["day"] or 1),
        )
    except ValueError:
        return None
    seconds = _seconds_of(parts)
    offset = _offset_of(parts)
    if seconds is None or offset is None:
        return None
    fraction = int((parts["fraction"] or "")[:_FRACTION_DIGITS].ljust(_FRACTION_DIGITS, "0"))
    ticks = (day.toordinal() - 1) * _TICKS_PER_DAY + seconds * TICKS_PER_SECOND + fraction - offset * _TICKS_PER_MINUTE
    return ClientTime(ticks, offset) if 0 <= ticks < _END_TICKS else None


def _year_of(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:  # noqa: PLR2004 (two digits, of which .NET makes a year from 1950 to 2049)
        return year
    return year + (2000 if year + 2000 < _TWO_DIGIT_YEARS_FROM + 100 else 1900)


def _seconds_of(parts: dict[str, str | None]) -> int | None:
    """Seconds since midnight, or None where there is no such time of day."""
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if half := parts.get("half"):
        if not 1 <= hour <= 12:  # noqa: PLR2004 (a clock's face)
            return None
        hour = hour % 12 + (12 if half in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 (a day's clock)
        return None
    return (hour * 60 + minute) * 60 + second


def _offset_of(parts: dict[str, str | None]) -> int | None:
    """Minutes ahead of UTC, 0 where nothing was said, or None where there is no such offset."""
    hour = parts["offset_hour"] or parts.get("bare_offset_hour")
    if hour is None:
        return 0
    minute = int(parts["offset_minute"] or parts.get("bare_offset_minute") or 0)
    offset = int(hour) * 60 + minute
    if minute > 59 or offset > _LARGEST_OFFSET_MINUTES:  # noqa: PLR2004 (an hour's minutes)
        return None
    sign = parts["sign"] or parts.get("bare_sign")
    return -offset if sign == "-" else offset
