"""What every step of a refresh takes and gives, whichever app it belongs to."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from finops.core.upstream.errors import UpstreamError

# Opens the one transaction in which a step writes. In a run it also checks the fence; alone it is
# `django.db.transaction.atomic`.
Writing = Callable[[], AbstractContextManager[object]]


class Progress(Protocol):
    """Told by a step how far it is; `part` is a region, a zone or a type."""

    def __call__(self, *, done: int, total: int, part: str = "") -> None:
        """`done` of `total` parts are through, `part` being the latest."""


def no_progress(*, done: int, total: int, part: str = "") -> None:
    """For callers whom nobody watches."""


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """How one region, zone or type went: rows read, or the error in words."""

    rows: int = 0
    error: UpstreamError | None = None


@dataclass(slots=True)
class StepOutcome:
    """How a step went. A part that failed leaves the others' rows standing."""

    source: str
    rows_read: int = 0
    rows_written: int = 0
    refused_values: int = 0
    notes: list[str] = field(default_factory=list)
    parts: dict[str, PartOutcome] = field(default_factory=dict)

    @property
    def failed_parts(self) -> dict[str, UpstreamError]:
        """The parts that failed, with their errors."""
        return {name: part.error for name, part in self.parts.items() if part.error is not None}


def narrowed(regions: Sequence[str], only: Collection[str], outcome: StepOutcome) -> list[str]:
    """Those of `regions`, which are enabled, that are in `only`; all where that is empty. Notes what is not enabled."""
    if not only:
        return list(regions)
    if missing := sorted(set(only) - set(regions)):
        outcome.notes.append(f"Not enabled in this account, so not asked: {', '.join(missing)}.")
    return [region for region in regions if region in only]
