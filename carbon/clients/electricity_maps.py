"""Electricity Maps: the average carbon intensity of a grid zone, hour by hour.

https://app.electricitymaps.com/developer-hub/api/reference explains the fields.
The answers are licensed to whoever holds the key: they serve that team, or this installation, only.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from carbon.clients.intensity import (
    HIGHEST_PLAUSIBLE_GCO2E_PER_KWH,
    CarbonIntensityPoint,
    IntensitySeries,
    IssuedForecast,
    ZoneAccess,
    joined,
)
from finops.core.periods import Period
from finops.core.upstream.answer import Refusal
from finops.core.upstream.errors import Reason, UpstreamMisunderstood, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from finops.core.upstream.patience import Patience
from finops.core.upstream.session import UpstreamSession

LABEL = "Electricity Maps"
LONGEST_RANGE = timedelta(days=10)
LONGEST_HORIZON_HOURS = "72"

_MINUTES = {"5_minutes": 5, "15_minutes": 15, "hourly": 60}
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_LONGEST_METHOD = 60


class ElectricityMaps:
    """The part of the Electricity Maps API that this project uses."""

    def __init__(
        self,
        *,
        key: str,
        base_url: str = "https://api.electricitymaps.com",
        version: str = "v4",
        header: str = "auth-token",
        name: str = "electricity_maps",
        meter: CallMeter | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`header` carries the key: a gateway in front of the API may want another one than `auth-token`."""
        self.name = name
        self._version = version.strip("/")
        self._session = UpstreamSession(
            name,
            base_url,
            {header: key},
            label=LABEL,
            meter=meter,
            patience=patience,
            read_refusal=_read_refusal,
        )

    def latest(self, zone: str) -> IntensitySeries:
        """The hour that runs now, usually still an estimate; no point where the zone has no value yet."""
        payload = self._ask("latest", zone)
        return self._series(zone, [payload])

    def history(self, zone: str) -> IntensitySeries:
        """The last 24 hours."""
        return self._listed(zone, self._ask("history", zone), "history")

    def past_range(self, zone: str, period: Period) -> IntensitySeries:
        """The hours that start in `period`, asked for in pieces of at most 10 days. Not in every plan."""
        pieces = [
            self._listed(zone, self._ask("past-range", zone, start=_text(piece.start), end=_text(piece.end)), "data")
            for piece in _pieces(period)
        ]
        # Whether `end` belongs to the answer is not documented, so what lies outside is left out here.
        return joined(zone, pieces, start=period.start, end=period.end)

    def forecast(self, zone: str) -> IssuedForecast:
        """The forecast in force, as many hours as the plan gives. The API keeps no earlier ones."""
        # v3 knows no horizon of its own: it answers with 24 hours.
        horizon = {} if self._version == "v3" else {"horizonHours": LONGEST_HORIZON_HOURS}
        payload = self._ask("forecast", zone, **horizon)
        updated = payload.get("updatedAt")
        return IssuedForecast(
            generated_at=self._instant(updated) if updated is not None else None,
            series=self._listed(zone, payload, "forecast"),
        )

    def zones(self) -> list[ZoneAccess]:
        """The zones that the key may ask for. Tests a key; promises slightly more than the plan keeps."""
        payload = self._session.get_json(f"{self._version}/zones", disableCallerLookup="true")
        if isinstance(payload, dict):
            entries = [(str(key), value) for key, value in payload.items()]
        elif isinstance(payload, list):
            entries = [(str(value.get("zoneKey", "")) if isinstance(value, dict) else "", value) for value in payload]
        else:
            raise self._misunderstood("the list of zones is none")
        zones = []
        for key, value in entries:
            if not key or not isinstance(value, dict):
                raise self._misunderstood("an entry in the list of zones names no zone")
            access = value.get("access") or []
            zones.append(
                ZoneAccess(
                    zone=key,
                    name=_printable(value.get("zoneName") or key),
                    access=frozenset(str(item) for item in access) if isinstance(access, list) else frozenset(),
                )
            )
        return sorted(zones, key=lambda entry: entry.zone)

    def zone_at(self, latitude: float, longitude: float) -> str | None:
        """The zone of a point, as the hour that runs there names it; None where the plan or the API knows none."""
        try:
            payload = self._session.get_json(
                f"{self._version}/carbon-intensity/latest",
                lat=f"{latitude:.4f}",
                lon=f"{longitude:.4f}",
                disableCallerLookup="true",
            )
        except UpstreamRejected as error:
            if error.reason in {Reason.NOT_IN_PLAN, Reason.NO_DATA, Reason.BAD_REQUEST}:
                return None
            raise
        if not isinstance(payload, dict) or not isinstance(payload.get("zone"), str):
            raise self._misunderstood("it names no zone")
        if "_disclaimer" in payload:
            raise self._sandbox_answer()
        zone: str = payload["zone"]
        return zone

    def _ask(self, what: str, zone: str, **params: str) -> dict[str, Any]:
        payload = self._session.get_json(
            f"{self._version}/carbon-intensity/{what}",
            zone=zone,
            # Else a zone it does not know silently becomes the zone of this server's own address.
            disableCallerLookup="true",
            **params,
        )
        if not isinstance(payload, dict):
            raise self._misunderstood("it is no object")
        if "_disclaimer" in payload:
            raise self._sandbox_answer()
        if payload.get("zone") != zone:
            raise self._misunderstood(f"it is for another zone than {zone}")
        return payload

    def _listed(self, zone: str, payload: dict[str, Any], key: str) -> IntensitySeries:
        entries = payload.get(key)
        if not isinstance(entries, list):
            raise self._misunderstood(f"the list “{key}” is missing")
        granularity = payload.get("temporalGranularity")
        return self._series(zone, [{"temporalGranularity": granularity, **entry} for entry in self._objects(entries)])

    def _objects(self, entries: list[Any]) -> list[dict[str, Any]]:
        if all(isinstance(entry, dict) for entry in entries):
            return entries
        raise self._misunderstood("an hour in it is no object")

    def _series(self, zone: str, entries: list[dict[str, Any]]) -> IntensitySeries:
        points: dict[datetime, CarbonIntensityPoint] = {}
        missing = refused = 0
        for entry in entries:
            value = self._value(zone, entry)
            if value is None:
                missing += 1
            elif not 0 <= value <= HIGHEST_PLAUSIBLE_GCO2E_PER_KWH:
                refused += 1
            else:
                point = self._point(zone, value, entry)
                points[point.starts_at] = point
        return IntensitySeries(zone, tuple(points[at] for at in sorted(points)), missing, refused)

    def _value(self, zone: str, entry: dict[str, Any]) -> float | None:
        """The intensity of one entry, None where the source has none yet."""
        if entry.get("estimationMethod") == "SANDBOX_MODE_DATA":
            raise self._sandbox_answer()
        if entry.get("zone", zone) != zone:
            raise self._misunderstood(f"an hour in it is for another zone than {zone}")
        if entry.get("emissionFactorType", "lifecycle") != "lifecycle":
            raise self._misunderstood("its factors are direct ones, where lifecycle was asked for")
        if "carbonIntensity" not in entry:
            raise self._misunderstood("it has no “carbonIntensity”")
        value = entry["carbonIntensity"]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self._misunderstood("a “carbonIntensity” is no number")
        return value

    def _point(self, zone: str, value: float, entry: dict[str, Any]) -> CarbonIntensityPoint:
        granularity = entry.get("temporalGranularity") or "hourly"
        if not isinstance(granularity, str) or granularity not in _MINUTES:
            raise self._misunderstood("its steps are neither hours nor parts of one")
        starts_at = self._instant(entry.get("datetime"))
        if starts_at.timestamp() % (_MINUTES[granularity] * 60):
            raise self._misunderstood("an hour in it does not start on the hour")
        updated = entry.get("updatedAt")
        method = entry.get("estimationMethod")
        told = entry.get("isEstimated")
        return CarbonIntensityPoint(
            zone=zone,
            starts_at=starts_at,
            duration_minutes=_MINUTES[granularity],
            gco2e_per_kwh=float(value),
            is_estimated=told if isinstance(told, bool) else method is not None,
            estimation_method=_printable(method or "")[:_LONGEST_METHOD],
            updated_at=self._instant(updated) if updated is not None else None,
        )

    def _instant(self, text: Any) -> datetime:
        try:
            instant = datetime.fromisoformat(text)
            in_utc = instant.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise self._misunderstood("an hour in it has no date that can be read") from None
        if instant.tzinfo is None:
            raise self._misunderstood("an hour in it has no time zone")
        return in_utc

    def _misunderstood(self, why: str) -> UpstreamMisunderstood:
        return UpstreamMisunderstood(f"The answer of {LABEL} cannot be used: {why}.", upstream=self.name)

    def _sandbox_answer(self) -> UpstreamRejected:
        return UpstreamRejected(
            f"The key is for the sandbox of {LABEL}, whose values are random; none of them is stored.",
            upstream=self.name,
            reason=Reason.SANDBOX_ANSWER,
            fix="Set ELECTRICITY_MAPS_KEY to a key for real data.",
        )


def _read_refusal(status: int, body: Any) -> Refusal | None:
    """401 means two things here: a key that does not exist, and one whose plan does not hold what was asked."""
    told = str(body.get("error", "")) if isinstance(body, dict) else ""
    if status == _UNAUTHORIZED and "unauthorized for zonekey" in told.lower():
        return Refusal(
            Reason.NOT_IN_PLAN,
            f"The plan of this {LABEL} key does not include what was asked for this zone.",
            f"See in your {LABEL} account which zones and endpoints the plan includes, or choose another plan.",
        )
    if status == _UNAUTHORIZED:
        return Refusal(
            Reason.BAD_CREDENTIALS,
            f"{LABEL} does not know this key.",
            "Check ELECTRICITY_MAPS_KEY, and ELECTRICITY_MAPS_HEADER where a gateway stands in between.",
        )
    if status == _NOT_FOUND:
        return Refusal(Reason.NO_DATA, f"{LABEL} has no data for this zone and time.")
    return None


def _pieces(period: Period) -> Iterator[Period]:
    start = period.start
    while start < period.end:
        end = min(start + LONGEST_RANGE, period.end)
        yield Period(start, end)
        start = end


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _printable(text: Any) -> str:
    """Free text of an upstream without what a database or a page could stumble over."""
    return "".join(c for c in str(text) if c.isprintable())
