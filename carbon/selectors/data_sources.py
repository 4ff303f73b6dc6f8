"""Where the data come from: each source with what is asked of it, how often, when it last answered, and its terms."""

from dataclasses import dataclass
from datetime import datetime

from accounts.selectors.health import DataHealth
from accounts.selectors.known_sources import KNOWN_SOURCES, KnownSource
from carbon.reference.intensity_sources import INTENSITY_SOURCES
from carbon.reference.source_terms import SOURCE_TERMS, UNDESCRIBED, SourceTerms
from finops.core.periods import HOUR


@dataclass(frozen=True, slots=True)
class DataSource:
    """One source over all accounts in scope."""

    source: KnownSource
    terms: SourceTerms
    asked_for: int  # accounts, or 1 for what is asked once for the installation
    answered_for: int
    newest_success_at: datetime | None
    oldest_success_at: datetime | None

    @property
    def late_success_at(self) -> datetime | None:
        """The oldest success, where it is older than the newest by more than the time between two refreshes."""
        if self.newest_success_at is None or self.oldest_success_at is None:
            return None
        return self.oldest_success_at if self.newest_success_at - self.oldest_success_at > self.source.cadence else None

    @property
    def how_often(self) -> str:
        """In words: every hour, every 6 hours."""
        hours = self.source.cadence // HOUR
        return "every hour" if hours == 1 else f"every {hours} hours"


def data_sources(health: DataHealth) -> list[DataSource]:
    """In the order of a refresh, those too that no account asks yet; no query of its own."""
    known = dict(KNOWN_SOURCES) | {each.source.name: each.source for each in health.sources}
    told: dict[str, list[datetime | None]] = {name: [] for name in known}
    for each in health.sources:
        told[each.source.name].append(each.last_success_at)
    found = []
    for name, source in known.items():
        answered = [instant for instant in told[name] if instant is not None]
        found.append(
            DataSource(
                source=source,
                terms=_terms_of(name),
                asked_for=len(told[name]),
                answered_for=len(answered),
                newest_success_at=max(answered, default=None),
                oldest_success_at=min(answered, default=None),
            )
        )
    return found


def _terms_of(name: str) -> SourceTerms:
    if name in SOURCE_TERMS:
        return SOURCE_TERMS[name]
    if name in INTENSITY_SOURCES:
        return SourceTerms("carbon intensity", INTENSITY_SOURCES[name].licence)
    return UNDESCRIBED
