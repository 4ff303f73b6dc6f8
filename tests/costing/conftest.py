import pytest

from accounts.clients.aws.login import AwsLogin
from accounts.clients.aws.session import AwsSession
from finops.core.upstream.meter import CallMeter
from tests.costing.local_aws import LocalAws


@pytest.fixture
def local_aws(monkeypatch):
    """AWS on this machine; `aws` asks it."""
    server = LocalAws()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    yield server
    server.close()


@pytest.fixture
def aws(monkeypatch, tmp_path):
    """A signed-in session, counting on its own meter."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    login = AwsLogin.of_environment(endpoints_may_be_overridden=True)
    return AwsSession(login=login, meter=CallMeter())
