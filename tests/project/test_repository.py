import re
import subprocess
import tomllib
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
LOCK_FILES = sorted(ROOT.glob("requirements*.lock"))


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.parametrize("lock", LOCK_FILES, ids=lambda path: path.name)
def test_lock_files_name_hashes_and_no_addresses(lock):
    text = lock.read_text()

    assert "--hash=sha256:" in text
    assert not re.findall(r"https?://|index-url|find-links|file:", text)


def test_locks_hold_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        re.match(r"[a-z0-9-]+", requirement)[0]
        for group in (project["dependencies"], *project["optional-dependencies"].values())
        for requirement in group
    }
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE))

    assert wanted - locked == {"carbon-aware-finops"}


def test_no_module_is_called_by_a_name_that_says_nothing():
    nameless = [
        path
        for path in tracked("*.py")
        if path.stem in {"utils", "helpers", "common", "misc"} and "node_modules" not in path.parts
    ]

    assert nameless == []


def test_no_module_grows_past_what_a_reader_can_hold():
    lines = {
        str(path): len((ROOT / path).read_text().splitlines())
        for path in tracked("*.py")
        if "migrations" not in path.parts and path.parts[0] != "tests"
    }

    assert {name: count for name, count in lines.items() if count > 350} == {}


def tracked(pattern):
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [Path(name) for name in listed.stdout.split() if (ROOT / name).exists()]


def test_the_openapi_document_is_valid_and_names_each_endpoint_once():
    document = yaml.safe_load(call_command_for_text("spectacular", "--validate", "--fail-on-warn"))

    assert "/api/v1/instances" in document["paths"]
    assert not [path for path in document["paths"] if path.endswith("/")]


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_endpoint_answers_with_and_without_a_slash_at_its_end(slash, alice_client):
    assert alice_client.get(f"/api/v1/instances{slash}").json()["count"] == 0


def call_command_for_text(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()
