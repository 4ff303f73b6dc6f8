"""WattTime v3: the marginal carbon intensity of a grid region by five minutes, with forecasts and their archive.

https://docs.watttime.org explains the fields. Marginal, direct emissions: what one kWh more or less changes.
Never to be ranked or averaged with figures of the average signal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from carbon.clients.intensity import (
    CarbonIntensityPoint,
    IntensitySeries,
    IssuedForecast,
    ZoneAccess,
    instant_from,
    joined,
    number_or_none,
    plausible_series,
)
from carbon.clients.watttime_login import LABEL, TokenInMemory, TokenStore, TokenWire
from finops.core.periods import DAY, HOUR, Period
from finops.core.upstream.errors import UpstreamMisunderstood
from finops.core.upstream.meter import CallMeter
from finops.core.upstream.patience import Patience

ZONE_PREFIX = "WT-"  # its regions are none of Electricity Maps' zones, though some bear the same letters
MARGINAL_SIGNAL = "co2_moer"
AVERAGE_SIGNAL = "co2_aoer"
LONGEST_RANGE = timedelta(days=30)  # it allows 32
LONGEST_ARCHIVE_RANGE = DAY
LONGEST_HORIZON_HOURS = 72
# 453.59237 g in a pound, 1,000 kWh in a MWh.
GRAMS_PER_KWH_OF_POUNDS_PER_MWH = 0.45359237

_UNITS = ("lbs_co2_per_mwh", "lbs_co2e_per_mwh")  # no set: a list in their place could not be looked up in one
_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class GridRegion:
    """A region of WattTime's."""

    region: str
    name: str

    @property
    def zone(self) -> str:
        """The key of its zone here."""
        return ZONE_PREFIX + self.region


class WattTime:
    """The part of the WattTime API that this project uses, with one credential. For one thread."""

    def __init__(
        self,
        *,
        user: str,
        password: str,
        now: datetime,
        base_url: str = "https://api.watttime.org",
        signal_type: str = MARGINAL_SIGNAL,
        tokens: TokenStore | None = None,
        name: str = "watttime",
        meter: CallMeter | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`now` is the instant that "the last day" ends with."""
        self.name = name
        self._now = now
        self._signal_type = signal_type
        self._wire = TokenWire(
            user=user,
            password=password,
            base_url=base_url,
            tokens=tokens or TokenInMemory(),
            name=name,
            meter=meter,
            patience=patience,
        )

    def covers(self, zone: str) -> bool:
        """Whether `zone` is one of its regions."""
        return zone.startswith(ZONE_PREFIX)

    def access(self) -> list[ZoneAccess]:
        """The regions that the credential may ask for, and what of each. Tests a credential."""
        payload = self._wire.get("v3/my-access")
        signals = payload.get("signal_types")
        if not isinstance(signals, list):
            raise self._misunderstood("the list “signal_types” is missing")
        found = []
        for signal in signals:
            if not isinstance(signal, dict) or not isinstance(signal.get("regions"), list):
                raise self._misunderstood("a signal in it has no list of regions")
            if signal.get("signal_type") != self._signal_type:
                continue
            for region in signal["regions"]:
                if not isinstance(region, dict) or not isinstance(region.get("region"), str):
                    raise self._misunderstood("a region in it has no name")
                endpoints = region.get("endpoints") or []
                found.append(
                    ZoneAccess(
                        zone=ZONE_PREFIX + region["region"],
                        name=_printable(region.get("region_full_name") or region["region"]),
                        access=frozenset(
                            str(endpoint.get("endpoint")) for endpoint in endpoints if isinstance(endpoint, dict)
                        ),
                    )
                )
        return sorted(found, key=lambda entry: entry.zone)

    def region_at(self, latitude: float, longitude: float) -> GridRegion:
        """The region that a place lies in. To be kept, for a month at the most."""
        payload = self._wire.get(
            "v3/region-from-loc", latitude=latitude, longitude=longitude, signal_type=self._signal_type
        )
        region = payload.get("region")
        if not isinstance(region, str) or not region:
            raise self._misunderstood("it names no region")
        return GridRegion(_printable(region), _printable(payload.get("region_full_name") or region))

    def latest(self, zone: str) -> IntensitySeries:
        """The last two hours."""
        return self.past_range(zone, Period(self._now - 2 * HOUR, self._now))

    def history(self, zone: str) -> IntensitySeries:
        """The last 24 hours."""
        return self.past_range(zone, Period(self._now - DAY, self._now))

    def past_range(self, zone: str, period: Period) -> IntensitySeries:
        """The intervals that start in `period`, asked for in pieces of at most 30 days."""
        pieces = []
        for piece in _pieces(period, LONGEST_RANGE):
            payload = self._ask("v3/historical", zone, start=_text(piece.start), end=_text(piece.end))
            pieces.append(self._series(zone, payload["data"], self._meta(payload)))
        # Both ends belong to the answer, so neighbours hold the point between them twice.
        return joined(zone, pieces, start=period.start, end=period.end)

    def forecast(self, zone: str) -> IssuedForecast:
        """The forecast in force, up to 72 hours; the first point is the present one."""
        payload = self._ask("v3/forecast", zone, horizon_hours=LONGEST_HORIZON_HOURS)
        meta = self._meta(payload)
        data = payload["data"]
        told_at = meta.get("generated_at")
        # Older answers wrap the points of each issue, as the archive does.
        if data and isinstance(data[0], dict) and "forecast" in data[0]:
            issues = self._issues(zone, payload)
            return issues[-1]
        return IssuedForecast(self._instant(told_at) if told_at else None, self._series(zone, data, meta))

    def forecasts_issued(self, zone: str, period: Period) -> list[IssuedForecast]:
        """The forecasts given out in `period`, oldest first; asked for a day at a time."""
        issues: dict[datetime | None, IssuedForecast] = {}
        for piece in _pieces(period, LONGEST_ARCHIVE_RANGE):
            payload = self._ask("v3/forecast/historical", zone, start=_text(piece.start), end=_text(piece.end))
            issues |= {issue.generated_at: issue for issue in self._issues(zone, payload)}
        return [issue for at, issue in sorted(issues.items(), key=lambda item: str(item[0])) if at is not None]

    def _issues(self, zone: str, payload: dict[str, Any]) -> list[IssuedForecast]:
        meta = self._meta(payload)
        issues = []
        for issue in payload["data"]:
            if not isinstance(issue, dict) or not isinstance(issue.get("forecast"), list):
                raise self._misunderstood("a forecast in it has no points")
            series = self._series(zone, issue["forecast"], meta)
            issues.append(IssuedForecast(self._instant(issue.get("generated_at")), series))
        return issues

    def _ask(self, path: str, zone: str, **params: Any) -> dict[str, Any]:
        region = zone.removeprefix(ZONE_PREFIX)
        payload = self._wire.get(path, region=region, signal_type=self._signal_type, **params)
        meta = self._meta(payload)
        if meta.get("region", region) != region:
            raise self._misunderstood(f"it is for another region than {region}")
        if meta.get("signal_type", self._signal_type) != self._signal_type:
            raise self._misunderstood("it is for another signal than was asked for")
        if not isinstance(payload.get("data"), list):
            raise self._misunderstood("the list “data” is missing")
        return payload

    def _meta(self, payload: dict[str, Any]) -> dict[str, Any]:
        meta = payload.get("meta")
        if not isinstance(meta, dict):
            raise self._misunderstood("it has no “meta”")
        return meta

    def _series(self, zone: str, entries: list[Any], meta: dict[str, Any]) -> IntensitySeries:
        if meta.get("units") not in _UNITS:
            raise self._misunderstood("its unit is not pounds of CO2 per MWh")
        seconds = meta.get("data_point_period_seconds")
        if not isinstance(seconds, int) or seconds <= 0 or seconds % _SECONDS_PER_MINUTE:
            raise self._misunderstood("it does not say how long a point lasts")
        try:
            return plausible_series(zone, [_point(zone, entry, seconds // _SECONDS_PER_MINUTE) for entry in entries])
        except ValueError as error:
            raise self._misunderstood(str(error)) from None

    def _instant(self, text: Any) -> datetime:
        try:
            return instant_from(text)
        except ValueError as error:
            raise self._misunderstood(str(error)) from None

    def _misunderstood(self, why: str) -> UpstreamMisunderstood:
        return UpstreamMisunderstood(f"The answer of {LABEL} cannot be used: {why}.", upstream=self.name)


def _point(zone: str, entry: Any, minutes: int) -> CarbonIntensityPoint | None:
    if not isinstance(entry, dict) or "value" not in entry:
        raise ValueError("a point in it has no “value”")
    pounds_per_mwh = number_or_none(entry["value"])
    if pounds_per_mwh is None:
        return None
    updated = entry.get("last_updated")
    return CarbonIntensityPoint(
        zone=zone,
        starts_at=instant_from(entry.get("point_time")),
        duration_minutes=minutes,
        gco2e_per_kwh=pounds_per_mwh * GRAMS_PER_KWH_OF_POUNDS_PER_MWH,
        is_estimated=entry.get("imputed_data_used") is True,
        estimation_method="imputed" if entry.get("imputed_data_used") is True else "",
        updated_at=instant_from(updated) if updated else None,
    )


def _pieces(period: Period, longest: timedelta) -> Iterator[Period]:
    start = period.start
    while start < period.end:
        end = min(start + longest, period.end)
        yield Period(start, end)
        start = end


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _printable(text: Any) -> str:
    return "".join(c for c in str(text) if c.isprintable())[:90]
