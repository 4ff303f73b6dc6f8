"""Refreshes the forecasts of zones: each from the first of its sources that has one, else our own."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Team
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from carbon.estimators.series import Place, SeriesKey
from carbon.models import CarbonForecast, Zone
from carbon.selectors.places import source_order
from carbon.services.built_in_forecast import back_test_nightly, forecast_here
from carbon.services.forecasts import Issue, issue_of, store_issues
from carbon.services.grid import part_of
from carbon.services.grid_clients import GridClient, GridClients
from carbon.services.shared_fate import SharedFate
from finops.core.periods import HOUR, start_of_hour
from finops.core.upstream.errors import Reason, UpstreamError, UpstreamRejected

_ASKED_AGAIN_AFTER = timedelta(minutes=55)
# The source has no forecast for us: our own answers, and nothing is wrong.
_NOT_THERE = {Reason.NOT_IN_PLAN, Reason.NO_DATA, Reason.BAD_REQUEST}


def refresh_forecasts(
    *,
    wanted: Iterable[tuple[Zone, str]],
    clients: GridClients,
    team: Team | None,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Store the forecast in force of each zone and signal, as issued.

    The built-in forecast stands in where no source gave one, and is back-tested once a day on every zone. A
    zone whose source failed keeps the error, though our own forecast answers for it.
    """
    wanted = list(wanted)
    outcome = StepOutcome(source="grid_forecasts")
    back_test_nightly(zones={zone.key for zone, _ in wanted}, team=team, now=now, writing=writing)
    fresh = _asked_lately(wanted, now=now)
    issues: dict[SeriesKey, Issue] = {}
    own: list[tuple[Zone, str]] = []
    fates: dict[int, SharedFate] = {}
    for done, (zone, signal) in enumerate(wanted, start=1):
        part = part_of(zone, signal)
        told, error = _first_told(zone, signal, clients=clients, fresh=fresh, fates=fates, now=now)
        if told is None:
            own.append((zone, signal))
        else:
            issues |= told
        outcome.parts[part] = PartOutcome(rows=sum(len(issue.points) for issue in (told or {}).values()), error=error)
        outcome.rows_read += outcome.parts[part].rows
        progress(done=done, total=len(wanted), part=part)
    if issues:
        with writing():
            outcome.rows_written = sum(store_issues(key, [issue], now=now) for key, issue in issues.items())
    _compute_own(own, team=team, now=now, writing=writing, outcome=outcome)
    return outcome


def _first_told(
    zone: Zone,
    signal: str,
    *,
    clients: GridClients,
    fresh: set[SeriesKey],
    fates: dict[int, SharedFate],
    now: datetime,
) -> tuple[dict[SeriesKey, Issue] | None, UpstreamError | None]:
    """The first forecast that a source gives, empty where it was asked just now; None, maybe with why."""
    first_error: UpstreamError | None = None
    for client in clients.for_zone(zone, signal):
        key = SeriesKey(zone.key, client.source.name, signal, client.licensee.pk if client.licensee else None)
        if key in fresh:
            return {}, None
        try:
            issue = _asked(client, zone, fate=fates.setdefault(id(client), SharedFate()), now=now)
        except UpstreamError as error:
            if error.reason not in _NOT_THERE:
                first_error = first_error or error
            continue
        if issue is not None:
            return {key: issue}, None
    return None, first_error


def _asked(client: GridClient, zone: Zone, *, fate: SharedFate, now: datetime) -> Issue | None:
    if fate.error is not None:
        raise fate.error
    try:
        told = client.source.forecast(zone.key)
    except UpstreamError as error:
        if not (isinstance(error, UpstreamRejected) and error.reason in _NOT_THERE):
            fate.failed(error)
        raise
    fate.answered()
    return issue_of(told, now=start_of_hour(now))


def _compute_own(
    own: list[tuple[Zone, str]], *, team: Team | None, now: datetime, writing: Writing, outcome: StepOutcome
) -> None:
    if not own:
        return
    orders = {
        (zone.key, signal): source_order(Place(zone.key, signal), {zone.key: (zone.signal, zone.sources)})
        for zone, signal in own
    }
    written, computed = forecast_here(orders=orders, team=team, now=now, writing=writing)
    outcome.rows_written += written
    here = [part_of(zone, signal) for zone, signal in own if (zone.key, signal) in computed]
    nowhere = [part_of(zone, signal) for zone, signal in own if (zone.key, signal) not in computed]
    if here:
        outcome.notes.append(f"Forecast here, from the last week's own hours: {', '.join(here)}.")
    if nowhere:
        outcome.notes.append(f"Too little of the last week is known to forecast: {', '.join(nowhere)}.")


def _asked_lately(wanted: list[tuple[Zone, str]], *, now: datetime) -> set[SeriesKey]:
    lately = CarbonForecast.objects.filter(
        is_latest=True, zone__in={zone.key for zone, _ in wanted}, retrieved_at__gt=now - _ASKED_AGAIN_AFTER
    ).exclude(ends_at__lte=now + HOUR)
    return {SeriesKey(*columns) for columns in lately.values_list("zone_id", "source", "signal", "licensee_id")}
