"""Stores what a source says about the power that instance types draw."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import Instance, InstanceEvent
from accounts.services.step import PartOutcome, Progress, StepOutcome, Writing, no_progress
from carbon.clients.power import PowerCurve
from carbon.models import PowerProfile
from carbon.services.affected_days import mark_days_of
from carbon.services.shared_fate import SharedFate
from carbon.sources import PowerSource
from finops.core.bulk import upsert
from finops.core.upstream.errors import UpstreamError

_THREADS = 4

_TOLD = [
    "is_known",
    "load_percent",
    "watts",
    "embodied_kgco2e",
    "lifespan_hours",
    "is_substituted",
    "warning",
    "source_version",
]
# A new version or wording of the source changes no figure.
_CHANGES_FIGURES = _TOLD[:6]


@dataclass(frozen=True, slots=True)
class _Answer:
    instance_type: str
    curve: PowerCurve | None = None
    error: UpstreamError | None = None


def refresh_power_profiles(
    *,
    instance_types: Iterable[str],
    source: PowerSource,
    now: datetime,
    max_age: timedelta = timedelta(days=7),
    writing: Writing = transaction.atomic,
    progress: Progress = no_progress,
) -> StepOutcome:
    """Store the power curve of each type that was never asked for, or longer than `max_age` ago.

    A type that the source does not know is stored as unknown, with the reason, and asked for again like the
    others. A type that fails leaves the others standing, and an older profile of it in use. Where a curve
    changed, the days of the accounts that have such instances are marked. Run twice it changes nothing.
    """
    types = sorted(set(instance_types))
    fresh = set(
        PowerProfile.objects.filter(
            source=source.name, instance_type__in=types, retrieved_at__gt=now - max_age
        ).values_list("instance_type", flat=True)
    )
    answers = _ask_all([name for name in types if name not in fresh], source=source, progress=progress)
    told = [answer for answer in answers if answer.error is None]
    outcome = StepOutcome(
        source=source.name,
        rows_read=len(told),
        parts={a.instance_type: PartOutcome(rows=int(a.error is None), error=a.error) for a in answers},
        notes=_notes(told),
    )
    if told:
        with writing():
            outcome.rows_written = _store(told, source=source, now=now)
    return outcome


def _ask_all(instance_types: list[str], *, source: PowerSource, progress: Progress) -> list[_Answer]:
    """Ask for each type, four at a time; the answers in the order of their names.

    The threads only ask: rows are read and written by the caller's thread alone.
    """
    fate = SharedFate()

    def ask(instance_type: str) -> _Answer:
        if (known := fate.error) is not None:
            return _Answer(instance_type, error=known)
        try:
            curve = source.power_curve(instance_type)
        except UpstreamError as error:
            fate.failed(error)
            return _Answer(instance_type, error=error)
        fate.answered()
        return _Answer(instance_type, curve=curve)

    answers = []
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="power") as pool:
        asked = [pool.submit(ask, instance_type) for instance_type in instance_types]
        for done, future in enumerate(as_completed(asked), start=1):
            answers.append(future.result())
            progress(done=done, total=len(asked), part=answers[-1].instance_type)
    return sorted(answers, key=lambda answer: answer.instance_type)


def _store(answers: list[_Answer], *, source: PowerSource, now: datetime) -> int:
    """Write the profiles and mark the days that rest on changed ones; return how many said something new."""
    before = {
        profile.instance_type: profile
        for profile in PowerProfile.objects.filter(
            source=source.name, instance_type__in=[answer.instance_type for answer in answers]
        )
    }
    rows, new, changed = [], 0, []
    for answer in answers:
        row = _row(answer)
        old = before.get(answer.instance_type)
        new += old is None or any(getattr(old, name) != row[name] for name in _TOLD)
        if old is None or any(getattr(old, name) != row[name] for name in _CHANGES_FIGURES):
            changed.append(answer.instance_type)
        rows.append([answer.instance_type, source.name, *(row[name] for name in _TOLD), now])
    upsert(
        PowerProfile,
        rows,
        columns=["instance_type", "source", *_TOLD, "retrieved_at"],
        key=["instance_type", "source"],
        unless_equal=["retrieved_at"],  # so that a type is asked for once in `max_age`, whatever it told
    )
    # An instance that was resized had its former type on older days.
    had_it = InstanceEvent.objects.filter(
        aws_account=OuterRef("aws_account"), instance_id=OuterRef("instance_id"), instance_type__in=changed
    )
    mark_days_of(Instance.objects.filter(Q(instance_type__in=changed) | Exists(had_it)), now=now)
    return new


def _row(answer: _Answer) -> dict[str, Any]:
    """The columns of _TOLD."""
    curve = answer.curve
    if curve is None:
        return {
            "is_known": False,
            "load_percent": [],
            "watts": [],
            "embodied_kgco2e": None,
            "lifespan_hours": None,
            "is_substituted": False,
            "warning": f"The source does not know {answer.instance_type}.",
            "source_version": "",
        }
    return {
        "is_known": True,
        "load_percent": list(curve.load_percent),
        "watts": list(curve.watts),
        "embodied_kgco2e": curve.embodied_kgco2e,
        "lifespan_hours": curve.lifespan_hours,
        "is_substituted": curve.is_substituted,
        "warning": curve.warning,
        "source_version": curve.source_version,
    }


def _notes(answers: list[_Answer]) -> list[str]:
    notes = []
    if unknown := [answer.instance_type for answer in answers if answer.curve is None]:
        notes.append(f"Not known to the source: {', '.join(unknown)}.")
    if substituted := [a.instance_type for a in answers if a.curve is not None and a.curve.is_substituted]:
        notes.append(f"Answered for a similar type: {', '.join(substituted)}.")
    return notes
