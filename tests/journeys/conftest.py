from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from accounts.models import Membership, Team, User
from finops.sandbox.scenario import Scenario
from finops.sandbox.seed import seed
from finops.sandbox.server import Sandbox
from tests.journeys import databases

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)


@dataclass
class Clock:
    """The present of the simulated world; a test may move it on."""

    now: datetime = NOW


@dataclass
class World:
    """The simulated upstreams and the product in front of them, as a journey meets both."""

    sandbox: Sandbox
    clock: Clock
    said: str = ""

    @property
    def scenario(self) -> Scenario:
        return self.sandbox.scenario

    def refresh(self, *arguments: str, now: datetime | None = None) -> None:
        """`manage.py refresh --all --now …`; the complaint it ends with stands in `said`."""
        if now is not None:
            self.clock.now = now
        self.said = ""
        try:
            everything = () if "--account" in arguments else ("--all",)
            call_command("refresh", *everything, "--now", self.clock.now.isoformat(), *arguments)
        except CommandError as error:
            self.said = str(error)

    def client(self, email: str) -> Client:
        """A browser in which that person is signed in."""
        client = Client()
        client.force_login(User.objects.get(email=email))
        return client


@contextmanager
def led_to(sandbox: Sandbox) -> Iterator[None]:
    """boto3 and the product's settings lead to `sandbox`."""
    environment = sandbox.environment()
    cache = sandbox.home / ".aws" / "sso" / "cache"
    upstreams = {name: environment[name] for name in ("ELECTRICITY_MAPS_URL", "ELECTRICITY_MAPS_KEY", "BOAVIZTA_URL")}
    with pytest.MonkeyPatch.context() as patch, override_settings(**upstreams):
        for name, value in environment.items():
            patch.setenv(name, value)
        # botocore looked up the home directory when it was imported; here it is the sandbox's.
        for provider in (SSOTokenProvider, SSOProvider):
            patch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(cache))
        yield


@pytest.fixture(scope="session")
def _world():
    clock = Clock()
    scenario = replace(Scenario.small(now=NOW), clock=lambda: clock.now)
    with Sandbox(scenario, enforces_quotas=False) as sandbox:
        yield World(sandbox, clock)
        assert sandbox.log.faults == []


@pytest.fixture(scope="session")
def _refreshed_once(_world, django_db_setup, django_db_blocker):  # noqa: ARG001 (the test database comes first)
    """A database with the demo's teams, Charlie, and one refresh of all accounts; and what the refresh said."""
    with django_db_blocker.unblock():
        name = databases.make("refreshed")
        with databases.using(name), led_to(_world.sandbox):
            seed()
            charlie = User.objects.create_user("charlie@example.com", "charlie is not in it")
            Membership.objects.create(team=Team.objects.create(name="Charlie's", slug="charlie"), user=charlie)
            _world.refresh()
            said = _world.said
        yield name, said
        databases.drop(name)


@pytest.fixture
def world(_world, _refreshed_once, django_db_blocker):
    """After one refresh. Only to be looked at: the database is shared by all tests that ask for it."""
    name, said = _refreshed_once
    _world.said, _world.clock.now = said, NOW
    with django_db_blocker.unblock(), databases.using(name), time_machine.travel(NOW, tick=False):
        yield _world


@pytest.fixture
def own_world(_world, _refreshed_once, django_db_blocker):
    """The same with a database of its own, to go on from there."""
    with django_db_blocker.unblock():
        name = databases.copy(_refreshed_once[0], "own")
        _world.clock.now = NOW
        try:
            with databases.using(name), led_to(_world.sandbox):
                yield _world
        finally:
            _world.clock.now = NOW
            databases.drop(name)
