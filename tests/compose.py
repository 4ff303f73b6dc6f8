"""docker-compose.yml and Dockerfile, as far as they say what runs: read here, so that nothing is written twice."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?:(:[-?])((?:[^{}])*))?\}")


class MissingVariableError(Exception):
    """What Compose says before anything starts: the sentence behind `:?`."""


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """`text` with `${NAME}`, `${NAME:-default}` and `${NAME:?sentence}` replaced as Compose does."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if found := variables.get(name):
            return found
        if operator == ":?":
            raise MissingVariableError(rest)
        return rest or ""

    return _VARIABLE.sub(value, text)


def services(variables: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """The services of docker-compose.yml; with `variables` put in where they are given."""
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    found: dict[str, dict[str, Any]] = whole["services"]
    return found if variables is None else {name: _filled(service, variables) for name, service in found.items()}


def _filled(part: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _filled(value, variables) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, variables) for value in part]
    return interpolated(part, variables) if isinstance(part, str) else part


def dockerfile() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in their order: FROM, COPY, …, and the rest of each, its lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def copy_of_image(folder: Path) -> Path:
    """What the Dockerfile copies into the image's /app, without what .dockerignore keeps out; only files git knows."""
    app = folder / "app"
    left_out = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith(("#", "!")) and line != "*"
    ]
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    copied = [shlex.split(rest)[0] for word, rest in dockerfile() if word == "COPY" and not rest.startswith("--from")]
    for name in listed:
        path = Path(name)
        if not any(name == source or name.startswith(f"{source}/") for source in set(copied) & set(let_in)):
            continue
        if any(name.startswith(f"{pattern}/") or fnmatch(name, pattern) for pattern in left_out):
            continue
        if not (ROOT / path).exists() or name == "requirements.lock":
            continue
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, app / path)
    return app
