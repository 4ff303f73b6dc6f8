"""Whether an upstream's failure is why nothing is known."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import SourceState, SourceStatus
from carbon.estimators.series import Place
from carbon.reference.grid_sources import GRID_SOURCES, usual_order

_FAILED = (SourceState.UNAVAILABLE, SourceState.DENIED, SourceState.LOGIN_NEEDED, SourceState.THROTTLED)


@dataclass(frozen=True, slots=True)
class SourceTrouble:
    """How a source failed the last time it was asked. Never in its own words: those are for who runs it."""

    source: str
    label: str
    state: SourceState

    def __str__(self) -> str:
        """A sentence."""
        return f"{self.label} did not answer when it was asked last: {self.state.label}."


def source_trouble(places: Iterable[Place]) -> SourceTrouble | None:
    """The first source of those places that failed, for everybody or for one of their zones; one query."""
    wanted = {source: None for place in places for source in (place.sources or usual_order(place.signal))}
    zones = {place.zone for place in places}
    rows = {row.source: row for row in SourceStatus.objects.filter(aws_account=None, source__in=sorted(wanted))}
    for source in wanted:
        if (row := rows.get(source)) is None:
            continue
        detail = row.detail if isinstance(row.detail, dict) else {}
        states = [str(part.get("state", "")) for zone in sorted(zones) if isinstance(part := detail.get(zone), dict)]
        failed = next((state for state in (*states, row.state) if state in _FAILED), None)
        if failed is not None:
            return SourceTrouble(source, GRID_SOURCES[source].label, SourceState(failed))
    return None
