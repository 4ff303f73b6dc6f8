"""The audit log: who changed what, latest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from accounts.models import AuditEntry, Team, User
from accounts.models.audit_entry import AuditEntryQuerySet
from finops.core.pages import Order, Page, Position, page_of
from finops.core.periods import start_of_day


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """Which entries; empty means all."""

    team: Team | None = None
    actor: str = ""  # part of the name
    action: str = ""  # its beginning
    door: str = ""
    since: date | None = None
    until: date | None = None  # included


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after; None where there was none."""

    name: str
    before: Any
    after: Any


def audit_page(user: User, wanted: AuditWanted, position: Position) -> tuple[Page[AuditEntry], int]:
    """One page of the entries of teams that `user` owns, latest first, and how many there are; two queries."""
    entries = _entries(user, wanted)
    order = [Order("at", is_descending=True), Order("id", is_descending=True)]
    return page_of(entries, order, position), entries.count()


def every_entry(user: User, wanted: AuditWanted) -> Iterator[AuditEntry]:
    """All of them, read in bunches: for an export."""
    return _entries(user, wanted).iterator(chunk_size=1000)


def changes_of(entry: AuditEntry) -> list[Change]:
    """What differs, by field."""
    names = sorted({*entry.before, *entry.after})
    return [Change(name, entry.before.get(name), entry.after.get(name)) for name in names]


def _entries(user: User, wanted: AuditWanted) -> AuditEntryQuerySet:
    entries = AuditEntry.objects.visible_to(user)
    if wanted.team:
        entries = entries.filter(team=wanted.team)
    if wanted.actor:
        entries = entries.filter(actor_name__icontains=wanted.actor)
    if wanted.action:
        entries = entries.filter(action__startswith=wanted.action)
    if wanted.door:
        entries = entries.filter(door=wanted.door)
    if wanted.since:
        entries = entries.filter(at__gte=start_of_day(wanted.since))
    if wanted.until:
        entries = entries.filter(at__lt=start_of_day(wanted.until) + timedelta(days=1))
    return entries.order_by("-at", "-id")
