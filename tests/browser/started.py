"""The demo that all browsers of a session look at, with the stage set.

    python -m tests.browser.started

keeps one until Ctrl-C and prints its address; DEMO_URL leads the tests to it, which saves them the start.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.demo import ROOT, Demo

READY_WITHIN_SECONDS = 180


@contextmanager
def demo_url(folder):
    """Where the pages are: at DEMO_URL, or at a demo started for as long as this lasts."""
    if address := os.environ.get("DEMO_URL"):
        yield address
    else:
        with staged_demo(folder) as demo:
            yield demo.url


@contextmanager
def staged_demo(folder):
    """Start it, with a database of its own in `folder` and a world that stands still; end it and all it started."""
    now = datetime.now(UTC).replace(microsecond=0)
    demo = Demo(folder, history_days=35, settings={"SANDBOX_NOW": now.isoformat()})
    try:
        demo.start()
        demo.wait_until_ready(seconds=READY_WITHIN_SECONDS)
        subprocess.run(
            [sys.executable, "-m", "tests.browser.stage"],
            cwd=ROOT,
            env={
                **os.environ,
                "SANDBOX": "1",
                "DATABASE_URL": demo.database_url,
                "DJANGO_SETTINGS_MODULE": "finops.settings",
            },
            check=True,
        )
        yield demo
    finally:
        demo.kill()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="demo-") as own_folder, staged_demo(Path(own_folder)) as kept:
        print(f"DEMO_URL={kept.url}", flush=True)
        kept.process.wait()
