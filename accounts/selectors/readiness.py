"""Whether this process can answer requests, and whether others keep the figures fresh: no upstream is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max

from accounts.models import Heartbeat, Part

# A few of their beats: workers and beat tell every 20 s that they live, and the clock's minute has 60 s.
SILENT_AFTER = {
    Part.WORKER: timedelta(seconds=90),
    Part.BEAT: timedelta(seconds=90),
    Part.TICK: timedelta(minutes=5),
}
_WHAT_TO_DO = {
    Part.WORKER: "Start one: figures stay as old as they are until then.",
    Part.BEAT: "Start it: only what somebody clicks for is refreshed until then.",
    Part.TICK: "All workers are busy, or the broker loses messages; see Redis and the workers' log.",
}
_UNKNOWN = "Not known while the database does not answer."


@dataclass(frozen=True, slots=True)
class Readiness:
    """One sentence a check; empty where it is fine."""

    database: str = ""
    migrations: str = ""
    worker: str = ""
    beat: str = ""
    tick: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether traffic may be sent here."""
        return not (self.database or self.migrations)

    @property
    def is_degraded(self) -> bool:
        """Whether pages answer, but nobody keeps their figures fresh."""
        return self.is_ready and bool(self.worker or self.beat or self.tick)


def readiness(*, now: datetime) -> Readiness:
    """Ask the database for one row, whether every migration is applied, and who was alive lately."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            sentence = f"{len(missing)} migrations are not applied: run `manage.py migrate`."
            return Readiness(migrations=sentence, worker="Not known.", beat="Not known.", tick="Not known.")
        silent = {part.value: _silence(part, seen_at, now) for part, seen_at in _last_seen().items()}
    except DatabaseError:
        return Readiness("The database does not answer.", _UNKNOWN, _UNKNOWN, _UNKNOWN, _UNKNOWN)
    if silent[Part.WORKER] or silent[Part.BEAT]:
        silent[Part.TICK] = "Not known while the other two are not both alive."
    return Readiness(**silent)


def is_alive(*, part: Part, host: str, now: datetime) -> bool:
    """Whether a process of that kind, on that machine, said lately that it lives."""
    lately = Heartbeat.objects.filter(part=part, seen_at__gte=now - SILENT_AFTER[part])
    return lately.filter(name__endswith=f"@{host}").exists()


def _last_seen() -> dict[Part, datetime | None]:
    rows = Heartbeat.objects.order_by().values_list("part").annotate(seen_at=Max("seen_at"))
    never: dict[Part, datetime | None] = dict.fromkeys(Part)
    return never | {Part(part): seen_at for part, seen_at in rows}


def _silence(part: Part, seen_at: datetime | None, now: datetime) -> str:
    if seen_at is not None and seen_at >= now - SILENT_AFTER[part]:
        return ""
    since = "was never heard of" if seen_at is None else f"was last heard of at {seen_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{part.value.capitalize()} {since}. {_WHAT_TO_DO[part]}"
