"""What the name of a role tells."""

import re

# Reading is all we need. A name proves nothing, but these are AWS's own for what may change everything.
_MAY_CHANGE_THINGS = re.compile(r"admin|poweruser", re.IGNORECASE)


def may_change_things(role_name: str) -> bool:
    """Whether a role is by its name one of administrators, which is never stored."""
    return bool(_MAY_CHANGE_THINGS.search(role_name))
