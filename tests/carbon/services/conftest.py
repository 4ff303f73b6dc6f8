from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from carbon.clients.electricity_maps import ElectricityMaps
from finops.core.upstream.patience import Patience

HOST = "https://grid.example"
HOUR = timedelta(hours=1)
NOT_IN_PLAN = (401, {"error": "Request unauthorized for zoneKey=DE,requestType=past-range,dataType=carbon-intensity."})
BAD_KEY = (401, {"error": "Invalid auth-token"})


class Grid:
    """Electricity Maps on the wire: every hour has 300 g/kWh unless told otherwise."""

    def __init__(self, wire: responses.RequestsMock, *, now: datetime) -> None:
        self.now = now
        self.asked: Counter[str] = Counter()
        self.values: dict[tuple[str, datetime], Any] = {}
        self.updated_at = "2026-03-18T09:00:00.000Z"
        self.refusals: dict[str, tuple[int, Any]] = {}  # by zone, by endpoint, or by "zone endpoint"
        for endpoint, answer in (
            ("latest", self._latest),
            ("history", self._history),
            ("past-range", self._past_range),
        ):
            wire.add_callback("GET", f"{HOST}/v4/carbon-intensity/{endpoint}", callback=self._guarded(endpoint, answer))

    @property
    def source(self) -> ElectricityMaps:
        return ElectricityMaps(key="SECRET", base_url=HOST, patience=Patience(tries=1))

    def _guarded(self, endpoint: str, answer: Callable[[str, dict[str, str]], Any]) -> Callable[[Any], Any]:
        def reply(request: Any) -> tuple[int, dict[str, str], str]:
            query = {key: values[0] for key, values in parse_qs(urlsplit(request.url).query).items()}
            zone = query["zone"]
            self.asked[f"{zone} {endpoint}"] += 1
            for which in (f"{zone} {endpoint}", zone, endpoint):
                if which in self.refusals:
                    status, body = self.refusals[which]
                    return status, {}, json.dumps(body)
            return 200, {}, json.dumps(answer(zone, query))

        return reply

    def _hour(self, zone: str, starts_at: datetime) -> dict[str, Any]:
        return {
            "zone": zone,
            "carbonIntensity": self.values.get((zone, starts_at), 300),
            "datetime": starts_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "updatedAt": self.updated_at,
            "isEstimated": False,
            "estimationMethod": None,
        }

    def _hours(self, zone: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
        return [self._hour(zone, start + n * HOUR) for n in range(round((end - start) / HOUR))]

    @property
    def _this_hour(self) -> datetime:
        return self.now.replace(minute=0, second=0, microsecond=0)

    def _latest(self, zone: str, _: dict[str, str]) -> Any:
        return self._hour(zone, self._this_hour)

    def _history(self, zone: str, _: dict[str, str]) -> Any:
        end = self._this_hour + HOUR
        return {"zone": zone, "history": self._hours(zone, end - 24 * HOUR, end)}

    def _past_range(self, zone: str, query: dict[str, str]) -> Any:
        start, end = (datetime.fromisoformat(query[key]).astimezone(UTC) for key in ("start", "end"))
        return {"zone": zone, "data": self._hours(zone, start, end)}


@pytest.fixture
def grid(now: datetime) -> Iterator[Grid]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        yield Grid(wire, now=now)
