"""Changes a team's settings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Team
from accounts.services.audit import Actor, fields_of, record

SETTINGS = (
    "name",
    "display_currency",
    "power_model",
    "time_zone",
    "optimal_below_gco2e_per_kwh",
    "high_above_gco2e_per_kwh",
)


@transaction.atomic
def change_team(*, team: Team, settings: Mapping[str, Any], actor: Actor, now: datetime) -> bool:
    """Store those of `settings` (names in SETTINGS) that differ; whether any did. Who may do so the door asks."""
    unknown = set(settings) - set(SETTINGS)
    if unknown:
        raise ValueError(f"A team has no setting {', '.join(sorted(unknown))}.")
    stored = Team.objects.select_for_update().get(pk=team.pk)
    before = fields_of(stored)
    changed = [name for name, value in settings.items() if before[name] != value]
    if not changed:
        return False
    for name in changed:
        setattr(stored, name, settings[name])
    stored.save(update_fields=changed)
    record(
        actor=actor,
        action="team.changed",
        target=stored,
        team=stored,
        now=now,
        before=before,
        after=fields_of(stored),
    )
    return True
