"""Why nothing is known of a zone's last hours: each cause has its own words and its own next step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from accounts.models import SourceState, SourceStatus
from accounts.selectors.health import fix_of_shared
from accounts.selectors.scope import Scope
from carbon.reference.grid_sources import GRID_SOURCES
from carbon.selectors.grid_series import ReadingSeries
from finops.core import display


class SilentBecause(StrEnum):
    """Why no hour is known."""

    STALE = "stale"
    NO_KEY = "no_key"
    NOT_IN_PLAN = "not_in_plan"
    FAILED = "failed"
    NOT_ASKED = "not_asked"
    NOT_USED = "not_used"


@dataclass(frozen=True, slots=True)
class Silence:
    """Why no hour is known, in words, and what to do."""

    because: SilentBecause
    words: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class GridSource:
    """How the sources of carbon intensity last answered, and how for each zone."""

    state: SourceState = SourceState.NEVER
    last_error: str = ""
    fix: str = ""
    by_zone: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def grid_source(scope: Scope) -> GridSource:
    """How the first source that was asked for all accounts stands, and each zone's trouble; one query."""
    rows = {
        row.source: row
        for row in SourceStatus.objects.visible_to(scope.user).filter(aws_account=None, source__in=list(GRID_SOURCES))
    }
    asked = [rows[name] for name in GRID_SOURCES if name in rows]
    if not asked:
        return GridSource()
    by_zone: dict[str, Mapping[str, Any]] = {}
    for row in asked:
        for zone, part in (row.detail if isinstance(row.detail, dict) else {}).items():
            if isinstance(part, dict) and part.get("error"):
                fix = fix_of_shared(str(part.get("fix", "")), user=scope.user)
                by_zone.setdefault(str(zone), {**part, "fix": fix})
    fix = fix_of_shared(asked[0].fix, user=scope.user)
    return GridSource(SourceState(asked[0].state), asked[0].last_error, fix, by_zone)


def why_silent(
    zone: str, series: Sequence[ReadingSeries], source: GridSource, *, is_used: bool, now: datetime
) -> Silence | None:
    """None where an hour is known. What was said of a zone is shown only to those whose instances use it."""
    if any(each.latest for each in series):
        return None
    part = source.by_zone.get(zone, {}) if is_used else {}
    if words := str(part.get("error", "")):
        not_in_plan = part.get("state") == SourceState.NOT_ENABLED
        because = SilentBecause.NOT_IN_PLAN if not_in_plan else SilentBecause.FAILED
        return Silence(because, words, str(part.get("fix", "")))
    if source.state == SourceState.NOT_ENABLED:
        return Silence(SilentBecause.NO_KEY, source.last_error, source.fix)
    return _stale(series, source, now=now) if series else _never_read(source, is_used=is_used)


def _stale(series: Sequence[ReadingSeries], source: GridSource, *, now: datetime) -> Silence:
    age = display.age(now - max(each.newest_at for each in series))
    fix = source.fix or "Start a refresh of an account that uses this zone; Data health says how its steps went."
    return Silence(SilentBecause.STALE, f"The newest reading is {age} old.", fix)


def _never_read(source: GridSource, *, is_used: bool) -> Silence:
    if not is_used:
        return Silence(
            SilentBecause.NOT_USED,
            "None of your instances draws on this zone, so nobody asked about it.",
            "It is asked about once an account of yours has an instance in one of its regions.",
        )
    if source.last_error and source.state != SourceState.AVAILABLE:
        return Silence(SilentBecause.FAILED, source.last_error, source.fix)
    return Silence(
        SilentBecause.NOT_ASKED, "Not fetched yet.", "The next refresh of an account that uses this zone asks."
    )
