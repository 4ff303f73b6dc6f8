from __future__ import annotations

import os
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.core.cache import caches
from django.db import connection

from accounts.models import AuditEntry
from finops.core.append_only import allow_changes
from tests.factories import MembershipFactory, TeamFactory, UserFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django import DjangoDbBlocker

    from accounts.models import Team, User

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs a service that this run has not; REQUIRE_SERVICES=1 makes a skip a failure.

    WITH_DATABASE chooses: 1 what touches a database, which runs on each; 0 the rest, which runs once.
    """
    if wanted := os.environ.get("WITH_DATABASE"):
        chosen = [item for item in items if _belongs_on_each_database(item) == (wanted == "1")]
        config.hook.pytest_deselected(items=list(set(items) - set(chosen)))
        items[:] = chosen
    missing = {}
    if not os.environ.get("DATABASE_URL", "").startswith(("postgres", "psql")):
        missing["postgres"] = "no PostgreSQL in this run: `make test` brings one"
    if not os.environ.get("REDIS_URL"):
        missing["redis"] = "no Redis or Valkey in this run: `make test` brings one"
    for item in items:
        for marker, reason in missing.items():
            if marker in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


def _belongs_on_each_database(item: pytest.Item) -> bool:
    if "once" in item.keywords:
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(
        {"db", "transactional_db", "django_db_setup"} & fixtures
        or {"django_db", "postgres", "redis"} & set(item.keywords)
    )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:  # noqa: ARG001 (after the usual setup)
    """On SQLite a test of several transactions ends by deleting every row, which the audit log refuses.

    PostgreSQL truncates instead. The tests of the log's refusal put the triggers back for themselves.
    """
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            with connection.schema_editor() as editor:
                allow_changes(editor, AuditEntry)


@pytest.fixture(autouse=True)
def a_cache_of_its_own() -> None:
    """Keys that no other test has used: clearing would take a shared server's other keys along."""
    caches["default"].key_prefix = token_hex(8)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def is_postgres() -> bool:
    return connection.vendor == "postgresql"


@pytest.fixture
def team(db: None) -> Team:  # noqa: ARG001 (asks for the database)
    """Alice's team. Charlie is not in it."""
    return TeamFactory.create(name="Alice's team")


@pytest.fixture
def alice(team: Team) -> User:
    user = UserFactory.create(email="alice@example.com")
    MembershipFactory.create(team=team, user=user, role="owner")
    return user


@pytest.fixture
def charlie(db: None) -> User:  # noqa: ARG001 (asks for the database)
    user = UserFactory.create(email="charlie@example.com")
    MembershipFactory.create(team=TeamFactory.create(name="Charlie's team"), user=user, role="owner")
    return user


@pytest.fixture
def alice_client(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture(autouse=True)
def _no_calls_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test may talk to this machine only; any other address fails at once."""
    import socket  # noqa: PLC0415 (patched here and nowhere else)

    real = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise OSError(f"A test tried to reach {address[0]}.")
        real(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def clock_at_now() -> Iterator[None]:
    """The clock stands at NOW, for doors that read it themselves."""
    with time_machine.travel(NOW, tick=False):
        yield
