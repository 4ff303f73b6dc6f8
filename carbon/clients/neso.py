"""NESO's Carbon Intensity API: Great Britain by half hours, and two days ahead. It wants no key.

https://carbon-intensity.github.io/api-definitions explains the fields. Direct emissions with imports and losses:
lower than lifecycle figures for the same hour. Forecasts are overwritten there, and no issue says when it was made.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from carbon.clients.intensity import (
    CarbonIntensityPoint,
    IntensitySeries,
    IssuedForecast,
    instant_from,
    joined,
    number_or_none,
    plausible_series,
)
from finops.core.periods import DAY, HOUR, MINUTE, Period
from finops.core.upstream.answer import Refusal
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from finops.core.upstream.patience import Patience
from finops.core.upstream.session import UpstreamSession

LABEL = "NESO Carbon Intensity"
ZONE = "GB"
LONGEST_RANGE = timedelta(days=14)
_NOT_FOUND = 404


class Neso:
    """The part of the Carbon Intensity API that this project uses: the whole of Great Britain."""

    def __init__(
        self,
        *,
        now: datetime,
        base_url: str = "https://api.carbonintensity.org.uk",
        name: str = "neso",
        meter: CallMeter | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`now` is the instant that "the last day" and "the next days" start from."""
        self.name = name
        self._now = now
        self._session = UpstreamSession(
            name, base_url, label=LABEL, meter=meter, patience=patience, read_refusal=_read_refusal
        )

    def covers(self, zone: str) -> bool:
        """Whether it tells anything about `zone`."""
        return zone == ZONE

    def latest(self, zone: str) -> IntensitySeries:
        """The last hours; the newest half hours have no value for about an hour."""
        return self.past_range(zone, Period(self._now - 2 * HOUR, self._now))

    def history(self, zone: str) -> IntensitySeries:
        """The last 24 hours."""
        return self.past_range(zone, Period(self._now - DAY, self._now))

    def past_range(self, zone: str, period: Period) -> IntensitySeries:
        """The half hours that start in `period`, asked for in pieces of at most 14 days."""
        pieces = [
            self._series(zone, self._ask(zone, f"intensity/{_text(piece.start)}/{_text(piece.end)}"), "actual")
            for piece in _pieces(period)
        ]
        # Both ends belong to the answer, so neighbours hold the half hour between them twice.
        return joined(zone, pieces, start=period.start, end=period.end)

    def forecast(self, zone: str) -> IssuedForecast:
        """The next 48 hours."""
        series = self._series(zone, self._ask(zone, f"intensity/{_text(self._now)}/fw48h"), "forecast")
        return IssuedForecast(generated_at=None, series=series)

    def _ask(self, zone: str, path: str) -> list[Any]:
        if not self.covers(zone):
            raise UpstreamRejected(f"{LABEL} tells of Great Britain only.", upstream=self.name, reason=Reason.NO_DATA)
        payload = self._session.get_json(path)
        if not isinstance(payload, dict) or not isinstance(payload.get("data"), list):
            raise self._misunderstood("the list “data” is missing")
        entries: list[Any] = payload["data"]
        return entries

    def _series(self, zone: str, entries: list[Any], column: str) -> IntensitySeries:
        try:
            return plausible_series(zone, [_point(zone, entry, column) for entry in entries])
        except ValueError as error:
            raise self._misunderstood(str(error)) from None

    def _misunderstood(self, why: str) -> UpstreamMisunderstood:
        return UpstreamMisunderstood(f"The answer of {LABEL} cannot be used: {why}.", upstream=self.name)


def _point(zone: str, entry: Any, column: str) -> CarbonIntensityPoint | None:
    """One half hour, None where the column has no value yet."""
    intensity = entry.get("intensity") if isinstance(entry, dict) else None
    if not isinstance(intensity, dict) or column not in intensity:
        raise ValueError(f"a half hour in it has no “{column}”")
    starts_at, ends_at = instant_from(entry.get("from")), instant_from(entry.get("to"))
    if ends_at <= starts_at or (ends_at - starts_at) % MINUTE:
        raise ValueError("a half hour in it ends before it starts")
    value = number_or_none(intensity[column])
    if value is None:
        return None
    return CarbonIntensityPoint(
        zone=zone,
        starts_at=starts_at,
        duration_minutes=(ends_at - starts_at) // MINUTE,
        gco2e_per_kwh=value,
        is_estimated=False,
    )


def _read_refusal(status: int, body: Any) -> Refusal | None:  # noqa: ARG001 (the status says it all)
    if status == _NOT_FOUND:
        return Refusal(Reason.NO_DATA, f"{LABEL} has no data for this time.")
    return None


def _pieces(period: Period) -> Iterator[Period]:
    start = period.start
    while start < period.end:
        end = min(start + LONGEST_RANGE, period.end)
        yield Period(start, end)
        start = end


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%MZ")
