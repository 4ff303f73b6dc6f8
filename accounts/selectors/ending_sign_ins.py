"""Sign-ins to AWS that end soon, and that cannot be renewed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# From then on every page says that somebody has to sign in to AWS again soon.
FORESEEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class EndingSignIn:
    """A sign-in and its known end."""

    id: int
    name: str
    ends_at: datetime


def ending_sign_in(account: Any, *, now: datetime) -> EndingSignIn | None:
    """That of an account from `with_end_of_sign_in`, where it ends soon; of one that has ended its sources tell."""
    ends_at = account.sign_in_ends_at
    if ends_at is None or not now < ends_at <= now + FORESEEN:
        return None
    return EndingSignIn(account.sso_session_id, account.sign_in_name, ends_at)
