import os
import subprocess
import sys

import pytest
from django.conf import settings

from finops.secret_files import SECRETS, secrets_from_files


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_read_from_its_file_without_the_line_end_of_editors(name, tmp_path):
    file = tmp_path / "secret"
    file.write_text("of the file\n")

    assert secrets_from_files({f"{name}_FILE": str(file), name: "of the environment"}) == {name: "of the file"}


def test_without_files_the_environment_is_left_as_it_is():
    assert secrets_from_files({"SECRET_KEY": "of the environment", "SECRET_KEY_FILE": ""}) == {}


def test_what_is_no_secret_is_not_read_from_a_file(tmp_path):
    assert secrets_from_files({"ALLOWED_HOSTS_FILE": str(tmp_path)}) == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "which cannot be read: No such file or directory"), (b" \n", "which is empty"), (b"\xff", "it is no text")],
)
def test_a_file_that_gives_no_secret_is_named(content, reason, tmp_path):
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ValueError, match=reason) as raised:
        secrets_from_files({"REDIS_URL_FILE": str(file)})

    assert str(raised.value).startswith(f"REDIS_URL_FILE names {file}")


def test_settings_of_production_read_from_files_pass_djangos_deployment_checks(tmp_path):
    values = {
        "SECRET_KEY": "a-long-random-text-" * 4,
        "FINOPS_ENCRYPTION_KEYS": "k1:" + "A" * 43,
        "API_TOKEN_PEPPERS": "1=" + "f" * 64,
        "DATABASE_URL": "postgresql://finops:not-asked@127.0.0.1:1/finops",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ELECTRICITY_MAPS_KEY": "key-of-the-file",
    }
    for name, value in values.items():
        (tmp_path / name).write_text(value)
    environment = {f"{name}_FILE": str(tmp_path / name) for name in values} | {
        "PATH": os.environ["PATH"],
        "ALLOWED_HOSTS": "finops.example.com",
    }

    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout
