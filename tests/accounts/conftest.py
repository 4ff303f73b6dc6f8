from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from accounts.clients.aws.login import AwsLogin
from accounts.clients.aws.session import AwsSession
from finops.core.upstream.meter import CallMeter
from tests.accounts.aws_wire import AwsWire, start

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"


@pytest.fixture
def recordings() -> Path:
    """Answers of the real AWS, kept beside the project."""
    folder = SHARED / "aws_recordings"
    if not folder.exists():
        pytest.skip("the recorded answers are not beside the project")
    return folder


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """This machine's own AWS settings are not there; keys that open nothing are."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "only-for-tests")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def wire(aws_environment: pytest.MonkeyPatch) -> Iterator[AwsWire]:
    """AWS, as far as the test says what it answers."""
    served = AwsWire()
    end = start(served)
    aws_environment.setenv("AWS_ENDPOINT_URL", served.url)
    yield served
    end()


@pytest.fixture
def meter() -> CallMeter:
    return CallMeter()


@pytest.fixture
def aws(wire: AwsWire, meter: CallMeter) -> AwsSession:  # noqa: ARG001 (asks for the wire)
    return AwsSession(login=AwsLogin.of_environment(endpoints_may_be_overridden=True), meter=meter)
