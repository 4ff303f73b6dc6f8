import re
from datetime import datetime, timedelta

import pytest
import requests
from django.utils import timezone

from accounts.models import SsoSession
from finops.sandbox.aws.profiles import SSO_REGION
from finops.sandbox.aws.sso import START_URL
from tests.sandbox_fixtures import running_sandbox, sandbox  # noqa: F401 (fixtures)


@pytest.fixture
def portal(sandbox):  # noqa: F811 (the fixture)
    """Identity Center as the sandbox plays it; time that a test lets pass there is given back."""
    center = sandbox.aws.identity_center
    yield center
    center.end_all_sessions()
    center.pass_time(-center._ahead)


@pytest.fixture
def sso(team, portal) -> SsoSession:  # noqa: ARG001 (asks for the portal)
    """Alice's team signs in at the portal; nobody has done so yet."""
    return SsoSession.objects.create(team=team, name="shop", start_url=START_URL, sso_region=SSO_REGION)


@pytest.fixture
def person(portal):
    """Somebody at AWS's page, with a browser of their own: a function of the page's address and their answer."""

    def answers(address, answer="confirm"):
        page = requests.get(address, timeout=5)
        assert page.ok
        code = re.search(r'name="user_code" value="([^"]+)"', page.text)[1]
        said = requests.post(portal.page, data={"user_code": code, "answer": answer}, timeout=5)
        assert said.ok, said.text

    return answers


def due(session, *, minutes=0):
    """An instant at which AWS may be asked again."""
    session.refresh_from_db()
    at: datetime = session.next_poll_at or timezone.now()
    return at + timedelta(minutes=minutes)
