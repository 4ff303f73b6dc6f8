from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from finops.core.upstream.patience import Patience
from finops.core.upstream.session import UpstreamSession
from tests.finops.upstream.fault_server import FaultServer, running

SHORT = Patience(
    connect_seconds=0.5,
    read_seconds=0.6,
    total_seconds=1.2,
    tries=3,
    first_pause_seconds=0.02,
    longest_pause_seconds=1.1,
    cooldown_seconds=30,
)


@pytest.fixture(scope="session")
def server() -> Iterator[FaultServer]:
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def _forgetful(server: FaultServer) -> None:
    server.forget()


@pytest.fixture
def session(server: FaultServer) -> Iterator[UpstreamSession]:
    session = UpstreamSession(
        "grid",
        server.url,
        {"auth-token": "SECRET-TOKEN"},
        label="The Grid",
        patience=SHORT,
        max_bytes=1_000_000,
    )
    yield session
    session.close()


@pytest.fixture
def log_lines() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines
