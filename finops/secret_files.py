"""Secrets from files, as Docker, Kubernetes and systemd mount them: NAME_FILE says where the value of NAME stands."""

from collections.abc import Iterable, Mapping
from pathlib import Path

# What opens something. Whatever else settings read comes from the environment alone.
SECRETS = (
    "SECRET_KEY",
    "FINOPS_ENCRYPTION_KEYS",
    "API_TOKEN_PEPPERS",
    "DATABASE_URL",
    "REDIS_URL",
    "ELECTRICITY_MAPS_KEY",
)


def secrets_from_files(environment: Mapping[str, str], names: Iterable[str] = SECRETS) -> dict[str, str]:
    """The values of those `names` whose file `environment` gives, without the line end that editors add.

    A file goes before a variable of the same name. Raises ValueError where a file cannot be read or is empty.
    """
    return {name: _content(name, Path(file)) for name in names if (file := environment.get(f"{name}_FILE"))}


def _content(name: str, file: Path) -> str:
    try:
        value = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ValueError(f"{name}_FILE names {file}, which cannot be read: {reason}.") from None
    if not value:
        raise ValueError(f"{name}_FILE names {file}, which is empty. Write the value into it, or unset {name}_FILE.")
    return value
