"""What the OpenAPI document leaves out."""

from typing import Any


def without_trailing_slash(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Each endpoint once: those with a slash at the end answer the same and are there for the clients' sake."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]
