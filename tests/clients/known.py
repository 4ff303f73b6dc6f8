"""What the verified server is filled with, so that every answer a client reads can be held against it.

Plain Python without the product: it is also read in the clients' own environment.
"""

from datetime import UTC, datetime, timedelta

LOCATIONS = ("eastus", "westus")
OBSERVED_HOURS = 48
FORECAST_POINTS = 24 * 12
STEP = timedelta(minutes=5)


def observed(now: datetime) -> list[tuple[str, datetime, float]]:
    """Location, start and g/kWh of each hour, up to the one that runs."""
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=OBSERVED_HOURS - 1)
    return [
        (location, first + timedelta(hours=hour), 200.0 + 100 * place + (hour * 7) % 24)
        for place, location in enumerate(LOCATIONS)
        for hour in range(OBSERVED_HOURS)
    ]


def forecast(now: datetime) -> list[tuple[str, datetime, float]]:
    """Location, start and g/kWh of each five minutes from the last full five on; lowest in the sixth hour."""
    issued_at = forecast_issued_at(now)
    return [
        (location, issued_at + number * STEP, 150.0 + 50 * place + abs(number - 66) * 0.5 + number * 0.001)
        for place, location in enumerate(LOCATIONS)
        for number in range(FORECAST_POINTS)
    ]


def forecast_issued_at(now: datetime) -> datetime:
    """The last full five minutes."""
    return now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)


def emissions_file(now: datetime) -> dict[str, object]:
    """Both in the SDK's own JSON."""
    return {
        "Emissions": [_point(*each, duration="01:00:00") for each in observed(now)],
        "EmissionsForecasts": [
            {
                "GeneratedAt": _text(forecast_issued_at(now)),
                "Location": {"Name": location},
                "ForecastData": [_point(*each, duration="00:05:00") for each in forecast(now) if each[0] == location],
            }
            for location in LOCATIONS
        ],
    }


def _point(location: str, starts_at: datetime, value: float, *, duration: str) -> dict[str, object]:
    return {"Location": location, "Time": _text(starts_at), "Rating": value, "Duration": duration}


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()
