"""How long and how often an upstream is asked, as plain arithmetic."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_RETRY_AFTER_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Patience:
    """The limits of one call. All its tries and the pauses between them share `total_seconds`."""

    connect_seconds: float = 3
    read_seconds: float = 10
    total_seconds: float = 30
    tries: int = 3
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 10
    cooldown_seconds: float = 30
    """How long the session rests after it was told "too many requests" to the last try."""

    def pause_seconds(self, *, tried: int, asked_for: float | None, chance: float) -> float | None:
        """How long to wait after `tried` tries: as told, else 0.5, 1, 2 … s, times 0.5 to 1.5 by `chance` (0 to 1).

        Without chance, callers that failed together would come back together. None where we were told to
        wait longer than a call may: whoever asks again earlier than told only makes it worse.
        """
        if asked_for is not None:
            return asked_for if asked_for <= self.longest_pause_seconds else None
        doubled: float = self.first_pause_seconds * 2 ** (tried - 1)
        return min(doubled * (0.5 + chance), self.longest_pause_seconds)


def retry_after_seconds(header: str | None, *, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds or as an HTTP date; at most a day, None if unreadable."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_SECONDS)
