"""The time zone in which a page shows times of day.

Not Django's current time zone: that would also move the days of the database's own date functions, and every day
of this product is a UTC day. The middleware makes sure that no request inherits the zone of the one before.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse

_shown_in: ContextVar[tzinfo] = ContextVar("shown_in", default=UTC)


@cache
def known_zones() -> tuple[str, ...]:
    """The zones a person can choose, by name; those of one place only, UTC first."""
    places = (
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))
    )
    return ("UTC", *sorted(places))


def show_in(zone: str) -> None:
    """From here on this request's pages show times in `zone`; one that this machine does not know counts as UTC."""
    _shown_in.set(ZoneInfo(zone) if zone in known_zones() and zone != "UTC" else UTC)


def as_shown(moment: datetime) -> datetime:
    """The same instant on the reader's clock."""
    return moment.astimezone(_shown_in.get())


def offset_of(moment: datetime) -> str:
    """How far an instant's clock is from UTC: UTC, UTC+1, UTC+5:30, UTC−3."""
    offset = moment.utcoffset()
    minutes = round(offset.total_seconds() / 60) if offset else 0
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02d}' if rest else ''}"


class ShowTimesInUtcAtFirst:
    """Each request begins in UTC; a view that knows whose page it is calls `show_in`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Remember what answers."""
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and forget the zone."""
        token = _shown_in.set(UTC)
        try:
            return self._get_response(request)
        finally:
            _shown_in.reset(token)
