"""Energy-Charts of Fraunhofer ISE: European countries by quarter hours, today and tomorrow. It wants no key.

https://api.energy-charts.info explains the columns. It does not say which emissions it counts, so neither do we.
"""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from carbon.clients.intensity import (
    CarbonIntensityPoint,
    IntensitySeries,
    IssuedForecast,
    joined,
    number_or_none,
    plausible_series,
)
from finops.core.periods import DAY, HOUR, Period, start_of_hour
from finops.core.upstream.answer import Refusal
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from finops.core.upstream.patience import Patience
from finops.core.upstream.session import UpstreamSession

LABEL = "Energy-Charts"
# Countries that are one grid zone; where a country has several, its mean would stand for none of them.
ZONES = frozenset(
    "AT BE BG CH CY CZ DE EE ES FI FR GR HR HU IE LT LU LV ME MK NL PL PT RO RS SI SK".split()  # noqa: SIM905 (a list of codes reads best so)
)
_NOT_FOUND = 404
_STEPS_MINUTES = frozenset({15, 30, 60})
_SECONDS_PER_MINUTE = 60


class EnergyCharts:
    """The part of the Energy-Charts API that this project uses."""

    def __init__(
        self,
        *,
        now: datetime,
        base_url: str = "https://api.energy-charts.info",
        name: str = "energy_charts",
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
        return zone in ZONES

    def latest(self, zone: str) -> IntensitySeries:
        """The last hours; the newest quarter hours have no value yet."""
        return self.past_range(zone, Period(self._now - 2 * HOUR, self._now))

    def history(self, zone: str) -> IntensitySeries:
        """The last 24 hours."""
        return self.past_range(zone, Period(self._now - DAY, self._now))

    def past_range(self, zone: str, period: Period) -> IntensitySeries:
        """The intervals that start in `period`."""
        series = self._series(zone, self._ask(zone, period), "co2eq")
        return joined(zone, [series], start=period.start, end=period.end)

    def forecast(self, zone: str) -> IssuedForecast:
        """What is expected from this hour to the end of tomorrow at most."""
        start = start_of_hour(self._now)
        payload = self._ask(zone, Period(start, start + 2 * DAY))
        told = joined(zone, [self._series(zone, payload, "co2eq_forecast")], start=start, end=start + 2 * DAY)
        # The column is empty where an actual value stands beside it: that is no gap in the forecast.
        return IssuedForecast(generated_at=None, series=IntensitySeries(zone, told.points, 0, told.refused_values))

    def _ask(self, zone: str, period: Period) -> dict[str, Any]:
        if not self.covers(zone):
            raise UpstreamRejected(f"{LABEL} does not cover {zone}.", upstream=self.name, reason=Reason.NO_DATA)
        payload = self._session.get_json(
            "co2eq", country=zone.lower(), start=_text(period.start), end=_text(period.end)
        )
        if not isinstance(payload, dict):
            raise self._misunderstood("it is no object")
        return payload

    def _series(self, zone: str, payload: dict[str, Any], column: str) -> IntensitySeries:
        seconds, values = payload.get("unix_seconds"), payload.get(column)
        if not isinstance(seconds, list) or not isinstance(values, list) or len(seconds) != len(values):
            raise self._misunderstood(f"the columns “unix_seconds” and “{column}” are missing or differ in length")
        try:
            minutes = _step_minutes(seconds)
            return plausible_series(
                zone, [_point(zone, at, minutes, value) for at, value in zip(seconds, values, strict=True)]
            )
        except ValueError as error:
            raise self._misunderstood(str(error)) from None

    def _misunderstood(self, why: str) -> UpstreamMisunderstood:
        return UpstreamMisunderstood(f"The answer of {LABEL} cannot be used: {why}.", upstream=self.name)


def _step_minutes(seconds: list[int]) -> int:
    """The length of each interval: the smallest distance of two. A lone point lasts a quarter of an hour."""
    if not all(isinstance(second, int) and not isinstance(second, bool) for second in seconds):
        raise ValueError("a time in it is no number of seconds")
    if len(seconds) < 2:  # noqa: PLR2004 (a distance needs two)
        return min(_STEPS_MINUTES)
    steps = {later - earlier for earlier, later in pairwise(seconds)}
    minutes, rest = divmod(min(steps), _SECONDS_PER_MINUTE)
    if rest or minutes not in _STEPS_MINUTES:
        raise ValueError("its steps are neither hours nor quarters of one")
    return minutes


def _point(zone: str, second: int, minutes: int, value: Any) -> CarbonIntensityPoint | None:
    number = number_or_none(value)
    if number is None:
        return None
    try:
        starts_at = datetime.fromtimestamp(second, tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("a time in it is beyond all calendars") from None
    return CarbonIntensityPoint(
        zone=zone, starts_at=starts_at, duration_minutes=minutes, gco2e_per_kwh=number, is_estimated=False
    )


def _read_refusal(status: int, body: Any) -> Refusal | None:  # noqa: ARG001 (the status says it all)
    if status == _NOT_FOUND:
        return Refusal(Reason.NO_DATA, f"{LABEL} has no data for this country and time.")
    return None


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%MZ")
