"""A grid API in the wire shape of Electricity Maps v3 and v4: the routes that the product asks.

    GET /v4/zones
    GET /v4/carbon-intensity/latest | history | past-range | forecast

Its answers do not carry the marks of the provider's own sandbox: that they are simulated is said by the product,
which stores them under the source name "simulated".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import dumps
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from finops.sandbox.faults import Faults
from finops.sandbox.grid.series import Series, TypicalSeries, hour_number
from finops.sandbox.grid.telling import Teller, ToldHour
from finops.sandbox.grid.zones import ZONES
from finops.sandbox.request_log import Asked, RequestLog
from finops.sandbox.scenario import Scenario

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

KEY = "sandbox"
FREE_KEY = "sandbox-free"
ZONE_NOT_IN_PLAN = "BR-CS"
HEADER = "auth-token"
_LONGEST_PAST = timedelta(days=10)
_HORIZONS = {"6", "24", "48", "72"}
_FREE_ACCESS = ("latest", "history", "forecast")
_ACCESS = (*_FREE_ACCESS, "past", "past-range")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a key may ask: which zones, and what of them."""

    zones: frozenset[str]
    access: tuple[str, ...]


PLANS: Mapping[str, Plan] = {
    KEY: Plan(frozenset(ZONES) - {ZONE_NOT_IN_PLAN}, _ACCESS),
    FREE_KEY: Plan(frozenset({"DE"}), _FREE_ACCESS),
}


class _RefusedError(Exception):
    def __init__(self, status: int, body: Mapping[str, str]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class GridApi:
    """The WSGI application."""

    def __init__(self, scenario: Scenario, *, series: Series | None = None) -> None:
        self.log = RequestLog()
        self.faults = Faults()
        self._scenario = scenario
        self._teller = Teller(series or TypicalSeries())
        self._routes: dict[str, Callable[[str, Request, datetime], dict[str, Any]]] = {
            "latest": self._latest,
            "history": self._history,
            "past-range": self._past_range,
            "forecast": self._forecast,
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        fault = self.faults.take()
        if fault is not None:
            response = Response(fault.body, fault.status, dict(fault.headers), content_type=fault.content_type)
        else:
            try:
                response = _json(200, self._answer(request))
            except _RefusedError as refused:
                response = _json(refused.status, refused.body)
        outcome = "ok" if response.status_code == 200 else str(response.status_code)  # noqa: PLR2004 (HTTP)
        self.log.add(Asked("grid", request.path, "", request.args.get("zone", ""), outcome))
        return response(environ, start_response)

    def _answer(self, request: Request) -> dict[str, Any]:
        parts = request.path.strip("/").split("/")
        if request.method != "GET" or not parts or parts[0] not in {"v3", "v4"}:
            raise _RefusedError(404, {"status": "error", "message": "Not found"})
        plan = _plan(request)
        if parts[1:] == ["zones"]:
            return _zones(plan)
        if len(parts) != 3 or parts[1] != "carbon-intensity" or parts[2] not in self._routes:  # noqa: PLR2004 (parts of a path)
            raise _RefusedError(404, {"status": "error", "message": "Not found"})
        if plan is None:
            raise _RefusedError(401, {"error": "Invalid auth-token"})
        zone = self._zone(request)
        if zone not in plan.zones or parts[2] not in plan.access:
            asked = f"zoneKey={zone},requestType={parts[2]},dataType=carbon-intensity"
            says = "You do not have access to this specific endpoint for this specific zone."
            raise _RefusedError(401, {"error": f"Request unauthorized for {asked}.", "message": says})
        answer = self._routes[parts[2]](zone, request, self._scenario.now())
        if parts[0] == "v4":
            answer["temporalGranularity"] = "hourly"
        return answer

    def _zone(self, request: Request) -> str:
        zone = request.args.get("zone") or request.args.get("zoneKey") or ""
        if self._teller.holds(zone):
            return zone
        if request.args.get("disableCallerLookup") != "true":
            return "DE"  # as the real one does: the zone that the caller's address lies in
        if not zone:
            raise _RefusedError(400, {"status": "error", "message": "Missing arguments"})
        raise _RefusedError(404, {"status": "error", "message": f"No data available for zone {zone}"})

    def _latest(self, zone: str, request: Request, now: datetime) -> dict[str, Any]:
        hour = hour_number(now)
        return _entry(zone, self._teller.hours(zone, hour, hour + 1, at=now)[0], request)

    def _history(self, zone: str, request: Request, now: datetime) -> dict[str, Any]:
        hour = hour_number(now)
        told = self._teller.hours(zone, hour - 23, hour + 1, at=now)
        return {"zone": zone, "history": [_entry(zone, item, request) for item in told]}

    def _past_range(self, zone: str, request: Request, now: datetime) -> dict[str, Any]:
        start, end = _date(request, "start"), _date(request, "end")
        if end < start or end - start > _LONGEST_PAST:
            message = f"The range must be positive and at most {_LONGEST_PAST.days} days for hourly data"
            raise _RefusedError(400, {"status": "error", "message": message})
        first = -(-int(start.timestamp()) // 3600)
        told = self._teller.hours(zone, first, -(-int(end.timestamp()) // 3600), at=now)
        return {"zone": zone, "data": [_entry(zone, item, request) for item in told]}

    def _forecast(self, zone: str, request: Request, now: datetime) -> dict[str, Any]:
        horizon = request.args.get("horizonHours", "24")
        if horizon not in _HORIZONS:
            raise _RefusedError(400, {"status": "error", "message": "horizonHours must be one of 6, 24, 48, 72"})
        points = self._teller.forecast(zone, at=now, horizon_hours=int(horizon))
        return {
            "zone": zone,
            "forecast": [{"carbonIntensity": _number(value), "datetime": _text(at)} for at, value in points],
            "updatedAt": _text(now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)),
        }


def _plan(request: Request) -> Plan | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if key not in PLANS:
        raise _RefusedError(401, {"error": "Invalid auth-token"})
    return PLANS[key]


def _zones(plan: Plan | None) -> dict[str, Any]:
    """All zones for those who show no key, their own for the others."""
    if plan is None:
        return {
            zone.key: {"zoneName": zone.name, "countryName": zone.country, "zoneKey": zone.key}
            for zone in ZONES.values()
        }
    access = [f"carbon-intensity/{name}" for name in plan.access]
    return {
        zone.key: {"zoneName": zone.name, "countryName": zone.country, "zoneKey": zone.key, "access": access}
        for zone in ZONES.values()
        if zone.key in plan.zones
    }


def _entry(zone: str, told: ToldHour, request: Request) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "zone": zone,
        "carbonIntensity": _number(told.gco2e_per_kwh),
        "datetime": _text(told.starts_at),
        "updatedAt": _text(told.updated_at),
        "createdAt": _text(told.created_at),
        "emissionFactorType": "lifecycle",
        "isEstimated": told.is_estimated,
        "estimationMethod": told.method,
    }
    if request.path.startswith("/v4"):
        entry |= {"flowTraced": True, "temporalGranularity": "hourly"}
    return entry


def _date(request: Request, name: str) -> datetime:
    refused = _RefusedError(400, {"status": "error", "message": f'Missing or invalid date parameter "{name}"'})
    try:
        instant = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError as error:
        raise refused from error
    if instant.tzinfo is None:
        raise refused
    return instant


def _number(value: float | None) -> float | None:
    """Whole numbers without a point, as the provider writes them."""
    return int(value) if value is not None and value.is_integer() else value


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}.000Z"


def _json(status: int, body: Mapping[str, Any]) -> Response:
    return Response(dumps(body), status, content_type="application/json; charset=utf-8")
