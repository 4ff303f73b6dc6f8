"""Stores what files tell of carbon intensity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from carbon.estimators.series import SeriesKey, instant_of
from carbon.files.told_series import ToldFile, ToldSeries
from carbon.models import CarbonReading, Signal, Zone, ZoneKind
from carbon.reference.grid_sources import FILE
from carbon.services.affected_days import mark_days_of_zone
from carbon.services.forecasts import Issue, packed_points, store_issues
from carbon.services.reading_months import note_readings
from finops.core.bulk import upsert

_COLUMNS = [
    "zone_id",
    "source",
    "signal",
    "licensee_id",
    "starts_at",
    "duration_microseconds",
    "gco2e_per_kwh",
    "is_estimated",
    "estimation_method",
    "updated_at",
    "retrieved_at",
]
_KEY = ["zone_id", "source", "signal", "COALESCE(licensee_id, 0)", "starts_at"]


@dataclass(slots=True)
class Imported:
    """What an import did."""

    names: int = 0
    told: int = 0
    written: int = 0
    new_names: int = 0


def import_readings(*, files: Sequence[ToldFile], signal: str = Signal.AVERAGE, now: datetime) -> Imported:
    """Store the series of all files, in one transaction; run again with the same files it changes nothing.

    A name that is a grid zone's key tells about that zone, any other becomes a zone of its own. A point told
    before is replaced. The days of the ledger that a grid zone's figures may change are marked.
    """
    imported = Imported()
    with transaction.atomic():
        series = [each for file in files for each in file.series]
        imported.new_names = _add_zones({each.name for each in series})
        imported.names = len({each.name for each in series})
        for each in series:
            imported.told += len(each.starts_at)
            written = upsert(CarbonReading, _rows(each, signal=signal, now=now), columns=_COLUMNS, key=_KEY)
            if not written:
                continue
            imported.written += written
            note_readings(_spans(each), zone=each.name, source=FILE, signal=signal, now=now)
            if signal == Signal.AVERAGE:
                mark_days_of_zone(each.name, now=now)
    return imported


def import_forecasts(*, files: Sequence[ToldFile], signal: str = Signal.AVERAGE, now: datetime) -> Imported:
    """Store the forecasts of all files as issued, in one transaction; run again it changes nothing."""
    imported = Imported()
    issues: dict[str, dict[int, Issue]] = {}
    for forecast in (forecast for file in files for forecast in file.forecasts):
        series = forecast.series
        points = packed_points(series.starts_at, series.duration, series.gco2e_per_kwh)
        # The same issue in two files: the later file's counts.
        issues.setdefault(series.name, {})[forecast.generated_at] = Issue(instant_of(forecast.generated_at), points)
    with transaction.atomic():
        imported.new_names = _add_zones(issues)
        imported.names = len(issues)
        for name, by_time in sorted(issues.items()):
            imported.told += len(by_time)
            imported.written += store_issues(SeriesKey(name, FILE, signal), by_time.values(), now=now)
    return imported


def _add_zones(names: Iterable[str]) -> int:
    names = set(names)
    known = set(Zone.objects.filter(key__in=names).values_list("key", flat=True)) if names else set()
    added = Zone.objects.bulk_create(
        [Zone(key=name, name=name, kind=ZoneKind.FILE) for name in sorted(names - known)], ignore_conflicts=True
    )
    return len(added)


def _spans(series: ToldSeries) -> list[tuple[datetime, int]]:
    return [
        (instant_of(start), duration)
        for start, duration in zip(series.starts_at.tolist(), series.duration.tolist(), strict=True)
    ]


def _rows(series: ToldSeries, *, signal: str, now: datetime) -> list[list[object]]:
    return [
        [series.name, FILE, str(signal), None, starts_at, duration, value, False, "", None, now]
        for (starts_at, duration), value in zip(_spans(series), series.gco2e_per_kwh.tolist(), strict=True)
    ]
