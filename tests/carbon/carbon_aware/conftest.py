from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from carbon.models import CarbonReading
from carbon.services.reading_months import note_readings
from tests.conftest import NOW
from tests.factories import ZoneFactory

MINUTE = 60_000_000  # microseconds
Observe = Callable[..., None]


@pytest.fixture
def observe(db: None) -> Observe:  # noqa: ARG001 (asks for the database)
    """Store values of a zone, one after another from a start; None leaves a gap."""

    def store(
        zone: str,
        start: datetime,
        values: Sequence[float | None],
        *,
        minutes: float = 60,
        source: str = "electricity_maps",
        **columns: Any,
    ) -> None:
        length = round(minutes * MINUTE)
        step = timedelta(microseconds=length)
        rows = [
            CarbonReading(
                zone=ZoneFactory.create(key=zone),
                source=source,
                starts_at=start + row * step,
                duration_microseconds=length,
                gco2e_per_kwh=value,
                retrieved_at=NOW,
                **columns,
            )
            for row, value in enumerate(values)
            if value is not None
        ]
        CarbonReading.objects.bulk_create(rows)
        licensee = columns.get("licensee")
        note_readings(
            [(row.starts_at, length) for row in rows],
            zone=zone,
            source=source,
            signal=columns.get("signal", "average"),
            licensee_id=licensee and licensee.pk,
            now=NOW,
        )

    return store


@pytest.fixture
def anonymous(settings: Any) -> None:
    """The read-only routes are open to whoever asks."""
    settings.CARBON_AWARE_ANONYMOUS = True
    settings.API_REQUESTS_PER_MINUTE = 10**9
