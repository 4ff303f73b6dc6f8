"""`make check`: every tool that judges the code without running it; all run, then the verdict."""

import os
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def templates() -> list[str]:
    """The templates git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "templates/*.html"],
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split() or [str(path) for path in Path("templates").rglob("*.html")]
    return [name for name in names if Path(name).exists()]


def main() -> int:
    """Run every check; 0 only where none complained."""
    pages = templates()
    checks = {
        "format": [BIN / "ruff", "format", "--check", "--quiet", "."],
        "lint": [BIN / "ruff", "check", "--quiet", "."],
        "types": [BIN / "mypy"],
        "imports": [BIN / "lint-imports"],
        "templates (djade)": [BIN / "djade", "--check", "--target-version", "5.2", *pages],
        "templates (djhtml)": [BIN / "djhtml", "--check", "--tabwidth", "2", *pages],
        "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
        "django": [sys.executable, "manage.py", "check", "--fail-level", "WARNING"],
    }
    environment = {**os.environ, "SANDBOX": "1", "SECRET_KEY": "only-for-checks"}
    failed = []
    for name, command in checks.items():
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name}", flush=True)
        if done.returncode:
            failed.append(name)
            print((done.stdout + done.stderr).strip())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
