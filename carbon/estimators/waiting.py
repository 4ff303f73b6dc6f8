"""How long to wait for the best window of a forecast, as plain arithmetic."""

from datetime import datetime, timedelta

# A forecast that changes meanwhile may move the window: nobody sleeps through a new issue.
LOOKS_AGAIN_AFTER = timedelta(minutes=5)


def pause_before(best_starts_at: datetime, *, now: datetime) -> timedelta | None:
    """For how long to sleep before the forecast is asked again; None where the window is open."""
    if best_starts_at <= now:
        return None
    return min(best_starts_at - now, LOOKS_AGAIN_AFTER)
