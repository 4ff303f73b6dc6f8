"""Tokens: renewed once for all who ask, stored before they are used, and never asked for in a loop."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AwsAccount, Door, SsoSession, SsoState
from accounts.selectors.health import data_health
from accounts.selectors.scope import scope_of
from accounts.services.audit import Actor
from accounts.services.sso.sign_in import poll_sign_in, start_sign_in
from accounts.services.sso.tokens import opened, registration_of, sso_token
from accounts.sources import aws_session, identity_center
from finops.core.upstream.errors import Reason, UpstreamRejected
from finops.core.upstream.meter import CallMeter
from finops.sandbox.scenario.accounts import READER, SHOP
from tests.accounts.sso.conftest import due
from tests.factories import AwsAccountFactory, TeamFactory

WORKERS = 32


@pytest.fixture
def signed_in(sso, alice, portal, sandbox):
    """Alice has signed in just now, for an hour that can be renewed."""
    start_sign_in(session=sso, actor=Actor(door=Door.PAGE, name=alice.email, user=alice), now=timezone.now())
    sso.refresh_from_db()
    portal.approve(sso.user_code)
    poll_sign_in(session_id=sso.pk, now=due(sso))
    sso.refresh_from_db()
    sandbox.log.clear()
    return sso


@pytest.fixture
def account(signed_in):
    return AwsAccountFactory.create(
        team=signed_in.team,
        account_id=SHOP.account_id,
        access_kind="sso",
        profile_name="",
        sso_session=signed_in,
        sso_role_name=READER,
        home_region="eu-west-1",
    )


def in_force_for(session, **time):
    """Let the stored token end so much later than now."""
    SsoSession.objects.filter(pk=session.pk).update(expires_at=timezone.now() + timedelta(**time))


def asked(sandbox, **wanted):
    return sandbox.log.count("CreateToken", **wanted)


def refusal(session, **how):
    with pytest.raises(UpstreamRejected) as caught:
        sso_token(session.pk, **how)
    assert caught.value.reason is Reason.LOGIN_NEEDED
    return caught.value


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("minutes", [5, -5])
def test_of_many_workers_at_the_end_of_a_token_one_renews_it(signed_in, sandbox, minutes):
    in_force_for(signed_in, minutes=minutes)

    def work(_):
        try:
            return sso_token(signed_in.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        tokens = set(pool.map(work, range(WORKERS)))

    assert asked(sandbox) == 1
    old = signed_in.access_token
    signed_in.refresh_from_db()
    assert signed_in.access_token != old
    assert opened(signed_in, "access_token") in tokens
    assert len(tokens) <= (2 if minutes > 0 else 1)  # while the old one serves, some go on with it


def killed_between_renewal_and_store(session):
    """What a worker leaves that dies there: the refresh token is used up, and its lease runs on."""
    identity_center(session).renewed(registration_of(session), opened(session, "refresh_token"))
    SsoSession.objects.filter(pk=session.pk).update(renewing_until=timezone.now() - timedelta(seconds=1), fence=9)


@pytest.mark.django_db
def test_after_a_worker_that_died_in_mid_renewal_the_old_token_serves_to_its_end(signed_in, sandbox):
    in_force_for(signed_in, minutes=10)
    killed_between_renewal_and_store(signed_in)
    sandbox.log.clear()

    tokens = {sso_token(signed_in.pk) for _ in range(5)}

    signed_in.refresh_from_db()
    assert tokens == {opened(signed_in, "access_token")}
    assert (asked(sandbox), asked(sandbox, outcome="InvalidGrantException")) == (1, 1)
    assert (signed_in.state, signed_in.ends_at) == (SsoState.SIGNED_IN, signed_in.expires_at)

    in_force_for(signed_in, minutes=-1)
    assert "/accounts/sign-ins/" in refusal(signed_in).fix
    refusal(signed_in)
    signed_in.refresh_from_db()
    assert (signed_in.state, signed_in.access_token, asked(sandbox)) == (SsoState.EXPIRED, "", 1)


@pytest.mark.django_db(transaction=True)
def test_a_renewal_that_comes_after_a_sign_out_stores_nothing(signed_in, sandbox, portal, monkeypatch):
    in_force_for(signed_in, minutes=-1)
    issue = portal._issue

    def sign_out_meanwhile(*arguments):
        signed_out = {"access_token": "", "refresh_token": "", "state": SsoState.SIGNED_OUT, "fence": 99}
        SsoSession.objects.filter(pk=signed_in.pk).update(**signed_out)
        connection.close()
        return issue(*arguments)

    monkeypatch.setattr(portal, "_issue", sign_out_meanwhile)  # the sandbox's, while AWS answers

    refusal(signed_in)

    signed_in.refresh_from_db()
    assert (signed_in.state, signed_in.access_token, asked(sandbox)) == (SsoState.SIGNED_OUT, "", 1)


@pytest.mark.django_db
def test_a_session_that_aws_ended_is_found_out_by_one_question_each_and_then_no_more(
    account, signed_in, portal, sandbox
):
    aws_session(account, CallMeter(), sso_tokens=sso_token).enter()
    portal.end_all_sessions()
    SsoSession.objects.update(signed_in_at=timezone.now())  # another worker, which holds no keys of the role yet
    sandbox.log.clear()

    for _ in range(3):
        account = AwsAccount.objects.get()
        with pytest.raises(UpstreamRejected) as caught:
            aws_session(account, CallMeter(), sso_tokens=sso_token).enter()
        assert caught.value.reason is Reason.LOGIN_NEEDED
        assert caught.value.fix == f"Sign in to AWS at /accounts/sign-ins/{signed_in.pk}/"

    assert (sandbox.log.count("GetRoleCredentials"), asked(sandbox)) == (1, 1)
    signed_in.refresh_from_db()
    assert (signed_in.state, signed_in.access_token) == (SsoState.EXPIRED, "")


@pytest.mark.django_db
def test_a_token_that_died_before_its_time_is_renewed_and_the_account_entered(account, portal, sandbox):
    with portal._lock:
        dead, held = portal._tokens.popitem()
        portal._tokens["gone"] = held  # the access token is unknown, its refresh token is not

    assert aws_session(account, CallMeter(), sso_tokens=sso_token).enter() == SHOP.account_id

    assert dead != sso_token(account.sso_session_id)
    assert (sandbox.log.count("GetRoleCredentials"), asked(sandbox, outcome="ok")) == (2, 1)


@pytest.mark.django_db
def test_an_end_that_is_known_is_foreseen_on_every_page(account, signed_in, alice, alice_client, portal):
    portal.pass_time(timedelta(hours=7, minutes=20))  # of eight; AWS gives no token beyond the eighth
    in_force_for(signed_in, minutes=-1)

    sso_token(signed_in.pk)

    signed_in.refresh_from_db()
    left = signed_in.ends_at - timezone.now()
    assert timedelta(minutes=38) < left <= timedelta(minutes=40)
    (ending,) = data_health(scope_of(alice), now=timezone.now()).ending_sign_ins
    assert (ending.id, ending.name) == (signed_in.pk, "shop")
    for path in ("/grid/", f"/accounts/{account.pk}/", "/accounts/"):
        page = alice_client.get(path).content.decode()
        assert f'href="/accounts/sign-ins/{signed_in.pk}/">Sign in again</a>' in page
        assert re.search(r"ends in (39|40) min", page)


@pytest.mark.django_db
@pytest.mark.usefixtures("account")
def test_a_row_that_was_moved_to_another_team_opens_nothing(signed_in):
    SsoSession.objects.filter(pk=signed_in.pk).update(team=TeamFactory.create())

    with pytest.raises(UpstreamRejected, match="one of another team"):
        aws_session(AwsAccount.objects.get(), CallMeter(), sso_tokens=sso_token)
    refusal(signed_in)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [{"sso_role_name": ""}, {"sso_session": None}, {"access_kind": "environment"}],
)
def test_the_database_wants_session_and_role_of_such_accounts_and_of_no_others(account, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        AwsAccount.objects.filter(pk=account.pk).update(**changes)
