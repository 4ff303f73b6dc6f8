"""A running sandbox for tests: import the fixtures you want."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider

from finops.sandbox.scenario import Scenario
from finops.sandbox.server import Sandbox

# A Wednesday; the simulated world stands still at it. The same instant as NOW in tests/factories.py.
SANDBOX_NOW = datetime(2026, 3, 18, 12, 30, tzinfo=UTC)
ONE_TRY = Config(retries={"total_max_attempts": 1})


def all_instances(ec2, **arguments):
    """Every instance that DescribeInstances lists, page by page."""
    pages = ec2.get_paginator("describe_instances").paginate(**arguments)
    return [item for page in pages for group in page["Reservations"] for item in group["Instances"]]


@pytest.fixture(scope="session")
def running_sandbox():
    """One small sandbox for the whole session, without quotas. Ask `sandbox` for it in a test."""
    with Sandbox(Scenario.small(now=SANDBOX_NOW), enforces_quotas=False) as sandbox:
        yield sandbox
        assert sandbox.log.faults == []


@pytest.fixture
def sandbox(running_sandbox, monkeypatch):
    """The sandbox, its environment set for this test, its log empty and nobody signed in by SSO."""
    for name, value in running_sandbox.environment().items():
        monkeypatch.setenv(name, value)
    # botocore looked up the home directory when it was imported; for this test it is the sandbox's.
    cache = running_sandbox.home / ".aws" / "sso" / "cache"
    for provider in (SSOTokenProvider, SSOProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    running_sandbox.sign_out()
    running_sandbox.log.clear()
    yield running_sandbox
    running_sandbox.sign_out()


@pytest.fixture
def aws_client(sandbox):  # noqa: ARG001 (asks for its environment)
    """A function that gives a boto3 client: service, profile name and region, one try each unless told otherwise."""

    def client(service, *, profile="platform-workloads", region=None, config=ONE_TRY):
        session = boto3.Session(profile_name=profile, region_name=region)
        return session.client(service, config=config)

    return client
