"""`make lock`: resolve pyproject.toml into the lock files; hashes, every platform, no addresses."""

import subprocess
import sys
from pathlib import Path

UV = Path(sys.executable).parent / "uv"
OPTIONS = [
    "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
    "--no-annotate", "--no-header", "--no-emit-package", "carbon-aware-finops", "--quiet",
]  # fmt: skip
LOCKS = {
    "requirements.lock": ["pyproject.toml"],
    "requirements-sandbox.lock": ["pyproject.toml", "--extra", "sandbox"],
    "requirements-dev.lock": ["pyproject.toml", "--extra", "dev"],
    "requirements-boavizta.lock": ["requirements-boavizta.in"],
    "requirements-clients.lock": ["requirements-clients.in"],
}


def main() -> None:
    """Write each lock file; pins that still fit stay as they are."""
    for lock, sources in LOCKS.items():
        subprocess.run([UV, "pip", "compile", *OPTIONS, *sources, "--output-file", lock], check=True)
        print(f"wrote {lock}")


if __name__ == "__main__":
    main()
