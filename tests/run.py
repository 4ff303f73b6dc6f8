"""`make test`: the whole suite on SQLite and on PostgreSQL with Valkey, side by side, with one summary.

What touches no database, or would say the same on any, runs once, beside both. The pages are looked at by
`make browser`, which wants a Chromium and the machine for itself.

DATABASE_URL and REDIS_URL are used where set; otherwise both services come from wheels, live in a temporary
folder and end with this command. Where a service cannot start, what needs it is skipped and counted, and
REQUIRE_SERVICES=1 turns any skip into a failure.
"""

import os
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.services import postgresql, valkey

NO_TESTS = 5  # pytest's own code
LOGS = Path("var") / "test-logs"


def main(arguments: list[str]) -> int:
    """Run both suites; 0 only where both passed (and, if services are required, nothing was skipped)."""
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    LOGS.mkdir(parents=True, exist_ok=True)
    required = os.environ.get("REQUIRE_SERVICES") == "1"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="finops-services-")))
        try:
            database_url = os.environ.get("DATABASE_URL") or stack.enter_context(postgresql(folder / "postgresql"))
            redis_url = os.environ.get("REDIS_URL") or stack.enter_context(valkey(folder / "valkey"))
        except Exception as error:  # noqa: BLE001 (whatever keeps a service from starting is reported, not raised)
            print(f"PostgreSQL or Valkey could not be started: {type(error).__name__}: {error}")
            if required:
                return 1
            database_url = redis_url = ""
        suites = [
            _start(
                "sqlite",
                {"REDIS_URL": redis_url, "WITH_DATABASE": "1"},
                ["-m", "not postgres and not browser"],
                arguments,
            ),
            _start("plain", {"WITH_DATABASE": "0"}, ["-m", "not browser"], arguments),
        ]
        if database_url:
            services = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "WITH_DATABASE": "1"}
            suites.append(_start("postgresql", services, ["-m", "not browser"], arguments))
        codes = [_finish(*suite) for suite in suites]
    totals = [_counts(LOGS / f"{name}.log") for name, _ in suites]
    skipped = sum(count.get("skipped", 0) for count in totals)
    print(f"skipped: {skipped}" + ("" if database_url else " (and the whole suite on PostgreSQL)"))
    passed = sum(count.get("passed", 0) for count in totals)
    failed = sum(count.get("failed", 0) + count.get("error", 0) + count.get("errors", 0) for count in totals)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    if required and skipped:
        print("REQUIRE_SERVICES=1 allows no skip.")
        return 1
    # A run that was asked for single tests may have left a suite without any.
    return max(0 if code == NO_TESTS else code for code in codes) if min(codes) != NO_TESTS else NO_TESTS


def _start(
    name: str, services: dict[str, str], selection: list[str], arguments: list[str]
) -> tuple[str, subprocess.Popen[bytes]]:
    environment = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {key: value for key, value in services.items() if value}
    environment["TEST_DB_SUFFIX"] = f"_{name}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *selection, *arguments]
    log = (LOGS / f"{name}.log").open("wb")
    return name, subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)


def _finish(name: str, process: subprocess.Popen[bytes]) -> int:
    code = process.wait()
    print(f"===== {name} =====")
    print((LOGS / f"{name}.log").read_text(errors="replace"))
    return code


def _counts(log: Path) -> dict[str, int]:
    last_lines = log.read_text(errors="replace").strip().splitlines()[-1:]
    return {word: int(number) for line in last_lines for number, word in re.findall(r"(\d+) ([a-z]+)", line)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
