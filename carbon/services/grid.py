"""Refreshes the readings of zones, each from the first of its sources that answers."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from carbon.models import Signal, Zone
from carbon.services.grid_clients import GridClient, GridClients, no_source
from carbon.services.readings import refresh_readings
from finops.core.periods import Period
from finops.core.upstream.errors import UpstreamError


def part_of(zone: Zone, signal: str) -> str:
    """What a step calls one zone and signal."""
    return zone.key if signal == Signal.AVERAGE else f"{zone.key} ({signal})"


def refresh_grid(
    *,
    wanted: Iterable[tuple[Zone, str]],
    clients: GridClients,
    period: Period,
    now: datetime,
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Store what the sources tell of each zone and signal in `period` and the last 24 hours.

    Where a source fails the zone's next one is asked, of the same signal only. A zone that no source answered
    keeps the error of the first. Asked less than an hour ago, a source is not asked again.
    """
    wanted = list(wanted)
    outcome = StepOutcome(source="grid")
    waiting = {pair: clients.for_zone(*pair) for pair in wanted}
    errors: dict[tuple[Zone, str], UpstreamError] = {}
    done = 0
    for pair, candidates in waiting.items():
        if not candidates:
            errors[pair] = next(iter(clients.problems), None) or no_source(*pair)
    while any(waiting.values()):
        client = _most_wanted(waiting.values())
        chosen = [pair for pair, candidates in waiting.items() if candidates and candidates[0] is client]
        told = refresh_readings(
            zones=[zone for zone, _ in chosen],
            source=client.source,
            period=period,
            now=now,
            licensee=client.licensee,
            signal=client.signal,
            writing=writing,
            progress=lambda *, done, total, part="": None,  # noqa: ARG005 (the whole is counted below)
        )
        outcome.rows_read += told.rows_read
        outcome.rows_written += told.rows_written
        outcome.refused_values += told.refused_values
        outcome.notes += told.notes
        for pair in chosen:
            part = told.parts.get(pair[0].key, PartOutcome())
            if part.error is None:
                waiting[pair] = []
                if pair[0].key in told.parts:
                    outcome.parts[part_of(*pair)] = part
                if pair in errors:
                    first = errors.pop(pair)
                    outcome.notes.append(f"{part_of(*pair)}: {client.source.name} answered instead. {first.message}")
            else:
                errors.setdefault(pair, part.error)
                waiting[pair] = waiting[pair][1:]
            done += not waiting[pair]
            progress(done=done, total=len(wanted), part=part_of(*pair))
    for pair, error in errors.items():
        outcome.parts[part_of(*pair)] = PartOutcome(error=error)
    outcome.parts = dict(sorted(outcome.parts.items()))
    return outcome


def _most_wanted(candidates: Iterable[list[GridClient]]) -> GridClient:
    """The client that most zones would ask next: one call of the service for many zones."""
    firsts = [each[0] for each in candidates if each]
    return max(firsts, key=lambda client: sum(other is client for other in firsts))
