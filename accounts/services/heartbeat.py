"""Processes beside the web server say that they live."""

from datetime import datetime, timedelta

from accounts.models import Heartbeat, Part

EVERY = timedelta(seconds=20)
_FORGOTTEN_AFTER = timedelta(days=1)


def note_alive(*, part: Part, name: str, now: datetime) -> None:
    """This process lives at `now`. The first time it forgets those of its kind that nobody heard of for a day."""
    _, is_new = Heartbeat.objects.update_or_create(part=part, name=name, defaults={"seen_at": now})
    if is_new:
        Heartbeat.objects.filter(part=part, seen_at__lt=now - _FORGOTTEN_AFTER).delete()
