"""What the header of every page tells."""

from dataclasses import dataclass
from datetime import datetime

from accounts.selectors.health import DataHealth
from accounts.selectors.scope import Scope


@dataclass(frozen=True, slots=True)
class Frame:
    """Whose figures a page is about, and how their data stand.

    A view that has asked already gives its own as `frame` and saves three queries.
    """

    scope: Scope
    health: DataHealth
    now: datetime
