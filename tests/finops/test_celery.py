import logging
import subprocess
import sys

import pytest
from django.conf import settings

from finops.celery import app


def test_beat_has_one_entry_and_its_message_does_not_outlive_the_next():
    entry = app.conf.beat_schedule["tick"]

    assert list(app.conf.beat_schedule) == ["tick"]
    assert entry["options"]["expires"] < entry["schedule"]


def test_a_worker_process_without_a_broker_says_so_and_ends():
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "finops", "worker"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "", "SANDBOX": "1", "REDIS_URL": ""},
        check=False,
    )

    assert done.returncode != 0
    assert "REDIS_URL is not set" in done.stderr


@pytest.mark.parametrize("name", ["botocore", "urllib3"])
def test_loggers_that_would_write_secrets_stay_at_info_or_above(name):
    assert logging.getLogger(name).level >= logging.INFO


def test_a_worker_keeps_the_loggers_as_settings_made_them():
    level = logging.getLogger().level

    app.log.setup(loglevel="WARNING" if level != logging.WARNING else "ERROR")

    assert logging.getLogger().level == level
