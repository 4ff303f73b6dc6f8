"""Stores what a source says about the carbon intensity of zones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max

from accounts.models import Instance, Team
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from accounts.services.touched_days import touch_days
from carbon.clients.intensity import CarbonIntensityPoint, IntensitySeries
from carbon.estimators.intensity import CARRY_HOURS, LEAD_HOURS
from carbon.models import CarbonReading, CloudRegion, Signal, Zone
from carbon.models.reading import CarbonReadingQuerySet
from carbon.services.reading_months import note_readings
from carbon.services.shared_fate import SharedFate
from carbon.sources import CarbonIntensitySource
from finops.core.bulk import upsert
from finops.core.periods import DAY, HOUR, MICROSECOND, MINUTE, Period, start_of_hour, utc_day
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected

_ASKED_AGAIN_AFTER = HOUR
_LATE_SOURCE_ASKED_AGAIN_AFTER = timedelta(minutes=10)
_LONGEST_SPAN = timedelta(days=10)

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


@dataclass(frozen=True, slots=True)
class _Told:
    """Whose readings are asked for: one source's of one signal, licensed to a team or to nobody."""

    source: CarbonIntensitySource
    signal: str
    licensee: Team | None

    @property
    def rows(self) -> CarbonReadingQuerySet:
        return CarbonReading.objects.filter(source=self.source.name, signal=self.signal, licensee=self.licensee)


@dataclass(slots=True)
class _ZoneAnswer:
    """What the source said about one zone, as far as it said anything."""

    points: dict[datetime, CarbonIntensityPoint] = field(default_factory=dict)
    missing_values: int = 0
    refused_values: int = 0
    plan_lacks: set[str] = field(default_factory=set)
    error: UpstreamError | None = None

    def take(self, series: IntensitySeries, *, now: datetime) -> None:
        """Add a series; hours that have not begun are forecasts, and refused here."""
        begun = {point.starts_at: point for point in series.points if point.starts_at <= now}
        self.points |= begun
        self.missing_values += series.missing_values
        self.refused_values += series.refused_values + len(series.points) - len(begun)


def zones_due(
    *,
    zones: Iterable[Zone],
    source: CarbonIntensitySource,
    now: datetime,
    licensee: Team | None = None,
    signal: str = Signal.AVERAGE,
) -> list[Zone]:
    """Those of `zones` to be asked about: once an hour, whatever number of accounts want it.

    A source that lags behind the last full hour is asked again after ten minutes.
    """
    recent = _Told(source, signal, licensee).rows.filter(starts_at__gte=now - 2 * DAY)
    known = {
        zone: (asked_at, newest)
        for zone, asked_at, newest in recent.values("zone_id")
        .annotate(asked_at=Max("retrieved_at"), newest=Max("starts_at"))
        .values_list("zone_id", "asked_at", "newest")
    }
    last_full_hour = start_of_hour(now) - HOUR

    def is_due(zone: Zone) -> bool:
        if zone.key not in known:
            return True
        asked_at, newest = known[zone.key]
        pause = _ASKED_AGAIN_AFTER if newest >= last_full_hour else _LATE_SOURCE_ASKED_AGAIN_AFTER
        return bool(now - asked_at >= pause)

    return [zone for zone in zones if is_due(zone)]


def refresh_readings(
    *,
    zones: Iterable[Zone],
    source: CarbonIntensitySource,
    period: Period,
    now: datetime,
    licensee: Team | None = None,
    signal: str = Signal.AVERAGE,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Store the last 24 hours of each zone, and what else of `period` is missing where the key allows it.

    Zones asked less than an hour ago are left out. A zone that fails leaves the others standing. Rows of a
    key that belongs to a team carry that `licensee` and answer it alone. The days whose intensity changed
    are marked for the accounts that use the zone. Run twice it changes nothing.
    """
    zones = sorted(set(zones), key=lambda zone: zone.key)
    told = _Told(source, signal, licensee)
    due = zones_due(zones=zones, source=source, now=now, licensee=licensee, signal=signal)
    missing = _missing_hours(due, told=told, period=period, now=now)
    answers: dict[str, _ZoneAnswer] = {}
    fate = SharedFate()
    for done, zone in enumerate(due, start=1):
        answers[zone.key] = _ask(zone.key, source=source, missing=missing[zone.key], now=now, fate=fate)
        progress(done=done, total=len(due), part=zone.key)
    outcome = StepOutcome(
        source=source.name,
        rows_read=sum(len(answer.points) for answer in answers.values()),
        refused_values=sum(answer.refused_values for answer in answers.values()),
        parts={key: PartOutcome(rows=len(answer.points), error=answer.error) for key, answer in answers.items()},
        notes=_notes(answers, skipped=[zone.key for zone in zones if zone not in due]),
    )
    if any(answer.points for answer in answers.values()):
        with writing():
            outcome.rows_written = _store(answers, told=told, now=now)
    return outcome


def _missing_hours(zones: Sequence[Zone], *, told: _Told, period: Period, now: datetime) -> dict[str, list[datetime]]:
    """The hours of `period` that "the last 24 hours" may not reach and that have no reading, by zone, in order.

    Those 24 end with the present hour, or with the one before it where the present one has no value yet.
    """
    end = min(period.end, start_of_hour(now) - DAY + HOUR)
    hours, hour = [], start_of_hour(period.start)
    while hour < end:
        hours.append(hour)
        hour += HOUR
    known: dict[str, set[datetime]] = {zone.key: set() for zone in zones}
    if hours:
        stored = told.rows.during(Period(hours[0], end)).filter(zone__in=zones)
        for zone, starts_at in stored.values_list("zone_id", "starts_at"):
            known[zone].add(start_of_hour(starts_at))
    return {zone: [hour for hour in hours if hour not in known[zone]] for zone in known}


def _ask(
    zone: str, *, source: CarbonIntensitySource, missing: list[datetime], now: datetime, fate: SharedFate
) -> _ZoneAnswer:
    """All that the source says about one zone. What was said before an error is kept beside the error."""
    answer = _ZoneAnswer(error=fate.error)
    if answer.error is not None:
        return answer
    try:
        try:
            answer.take(source.history(zone), now=now)
        except UpstreamRejected as error:
            if error.reason is not Reason.NOT_IN_PLAN:
                raise
            # Some plans hold the present hour and no other; one without either fails here.
            answer.take(source.latest(zone), now=now)
            answer.plan_lacks.add("history")
        untold = [hour for hour in missing if hour not in answer.points]
        _ask_for_older(zone, source=source, missing=untold, now=now, answer=answer)
    except UpstreamError as error:
        answer.error = error
        fate.failed(error)
    else:
        fate.answered()
    return answer


def _ask_for_older(
    zone: str, *, source: CarbonIntensitySource, missing: list[datetime], now: datetime, answer: _ZoneAnswer
) -> None:
    """Ask for the missing hours, ten days at a time; a plan without them is a note and no error."""
    for span in _spans(missing):
        try:
            answer.take(source.past_range(zone, span), now=now)
        except UpstreamRejected as error:
            if error.reason is Reason.NO_DATA:
                continue
            if error.reason is not Reason.NOT_IN_PLAN:
                raise
            answer.plan_lacks.add("past-range")
            return


def _spans(hours: list[datetime]) -> list[Period]:
    """Periods of at most ten days that hold all of `hours` (ascending) and begin and end with one of them."""
    spans: list[Period] = []
    for hour in hours:
        if spans and hour + HOUR - spans[-1].start <= _LONGEST_SPAN:
            spans[-1] = Period(spans[-1].start, hour + HOUR)
        else:
            spans.append(Period(hour, hour + HOUR))
    return spans


def _store(answers: dict[str, _ZoneAnswer], *, told: _Told, now: datetime) -> int:
    """Write what differs from the stored rows and mark the days that it changes; return the rows written."""
    rows, changed = [], {}
    licensee = told.licensee.pk if told.licensee else None
    for zone, answer in sorted(answers.items()):
        if not answer.points:
            continue
        told_before = _stored(zone, answer.points, told=told)
        days, spans = set(), []
        for starts_at, point in answer.points.items():
            values = _values(point)
            before = told_before.get(starts_at)
            if values == before:
                continue
            rows.append([zone, told.source.name, str(told.signal), licensee, starts_at, *values, now])
            if before is None or values[:3] != before[:3]:  # a new time stamp alone changes no figure
                days |= _days_that_rest_on(starts_at)
            spans.append((starts_at, values[0]))
        newest = max(answer.points)  # asked just now, though it may have told nothing new
        spans.append((newest, answer.points[newest].duration_minutes * MINUTE // MICROSECOND))
        note_readings(spans, zone=zone, source=told.source.name, signal=told.signal, licensee_id=licensee, now=now)
        if days and told.signal == Signal.AVERAGE:  # the ledger rests on no other
            changed[zone] = {day for day in days if day <= utc_day(now)}
    written = upsert(CarbonReading, rows, columns=_COLUMNS, key=_KEY)
    _remember_asking(answers, told=told, now=now)
    for zone, days in changed.items():
        touch_days(account_ids=_accounts_in(zone, licensee=told.licensee), days=days)
    return written


def _values(point: CarbonIntensityPoint) -> tuple[int, float, bool, str, datetime | None]:
    return (
        point.duration_minutes * MINUTE // MICROSECOND,
        point.gco2e_per_kwh,
        point.is_estimated,
        point.estimation_method,
        point.updated_at,
    )


def _stored(
    zone: str, starts: Iterable[datetime], *, told: _Told
) -> dict[datetime, tuple[int, float, bool, str, datetime | None]]:
    first, last = min(starts), max(starts)
    stored = told.rows.during(Period(first, last + HOUR)).filter(zone_id=zone)
    return {
        starts_at: (length, value, is_estimated, method, updated_at)
        for starts_at, length, value, is_estimated, method, updated_at in stored.values_list(
            "starts_at", "duration_microseconds", "gco2e_per_kwh", "is_estimated", "estimation_method", "updated_at"
        )
    }


def _days_that_rest_on(hour: datetime) -> set[date]:
    """The days whose figures may use this hour: its own, where it is carried on, and a week later."""
    return {utc_day(hour), utc_day(hour + CARRY_HOURS * HOUR), utc_day(hour + LEAD_HOURS * HOUR)}


def _remember_asking(answers: dict[str, _ZoneAnswer], *, told: _Told, now: datetime) -> None:
    """The newest hour of a zone shows when it was asked last, also where that told nothing new."""
    for zone, answer in sorted(answers.items()):
        if answer.points:
            told.rows.filter(zone_id=zone, starts_at=max(answer.points)).update(retrieved_at=now)


def _accounts_in(zone: str, *, licensee: Team | None) -> list[int]:
    regions = CloudRegion.objects.filter(provider="aws", zone_id=zone).values("region")
    instances = Instance.objects.filter(region__in=regions)
    if licensee is not None:
        instances = instances.filter(aws_account__team=licensee)
    return sorted(instances.values_list("aws_account_id", flat=True).distinct().order_by())


def _notes(answers: dict[str, _ZoneAnswer], *, skipped: list[str]) -> list[str]:
    notes = []
    if skipped:
        notes.append(f"Asked less than an hour ago and not again: {', '.join(skipped)}.")
    if only_now := [zone for zone, answer in answers.items() if "history" in answer.plan_lacks]:
        notes.append(f"The key's plan holds only the present hour of {', '.join(only_now)}.")
    if no_past := [zone for zone, answer in answers.items() if "past-range" in answer.plan_lacks]:
        notes.append(f"The key's plan holds only the last 24 hours of {', '.join(no_past)}.")
    if missing := sum(answer.missing_values for answer in answers.values()):
        notes.append(f"{missing} hours have no value at the source.")
    return notes
