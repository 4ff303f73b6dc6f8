"""Signing in by a code, asked of the sandbox's portal: the person is an HTTP client, the page is AWS's stand-in."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AccessKind, AuditEntry, AwsAccount, Door, RefreshRun, SsoSession, SsoState
from accounts.services.audit import Actor
from accounts.services.refusal import Refused
from accounts.services.sso.offers import Pick, pick_accounts
from accounts.services.sso.sign_in import cancel_sign_in, poll_sign_in, poll_waiting, sign_out, start_sign_in
from accounts.services.sso.tokens import sso_token
from finops.core.upstream.errors import Reason, UpstreamRejected
from finops.sandbox.scenario.accounts import PLATFORM_WORKLOADS, READER, SHOP
from tests.accounts.sso.conftest import due
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(alice):
    return Actor(door=Door.PAGE, name=alice.email, user=alice)


@pytest.fixture
def begun(sso, actor):
    """A code waits to be confirmed."""
    start_sign_in(session=sso, actor=actor, now=timezone.now())
    sso.refresh_from_db()
    return sso


@pytest.fixture
def signed_in(begun, person):
    person(begun.verification_url)
    assert poll_sign_in(session_id=begun.pk, now=due(begun)) is SsoState.SIGNED_IN
    begun.refresh_from_db()
    return begun


def count(sandbox, operation="CreateToken", **wanted):
    return sandbox.log.count(operation, **wanted)


def test_a_code_that_waits_is_asked_about_once_an_interval_however_many_ask(begun, sandbox):
    at = due(begun)

    before = poll_sign_in(session_id=begun.pk, now=at - timedelta(seconds=1))
    first, second = (poll_sign_in(session_id=begun.pk, now=at) for _ in range(2))
    polled = poll_waiting(now=at)

    assert {before, first, second} == {SsoState.WAITING}
    assert (polled, count(sandbox), count(sandbox, outcome="AuthorizationPendingException")) == (0, 1, 1)


def test_whoever_asks_too_fast_is_told_to_slow_down_and_does(begun, sandbox):
    poll_sign_in(session_id=begun.pk, now=due(begun))

    poll_sign_in(session_id=begun.pk, now=due(begun))  # at AWS no second has passed

    begun.refresh_from_db()
    assert count(sandbox, outcome="SlowDownException") == 1
    assert begun.poll_interval_seconds == 6  # 1 and 5 more
    assert begun.state == SsoState.WAITING


def test_a_confirmed_code_signs_in_once_and_lists_what_may_be_entered(signed_in, alice):
    assert (signed_in.state, signed_in.signed_in_by, signed_in.user_code) == (SsoState.SIGNED_IN, alice, "")
    assert [each["account_id"] for each in signed_in.offered] == [SHOP.account_id, PLATFORM_WORKLOADS.account_id]
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "sso.sign_in_started",
        "sso.signed_in",
    ]


@pytest.mark.parametrize("state", [SsoState.DENIED, SsoState.EXPIRED])
def test_a_code_that_is_refused_or_left_alone_says_which(begun, person, portal, sandbox, state):
    if state is SsoState.DENIED:
        person(begun.verification_url, "deny")
    else:
        portal.pass_time(timedelta(minutes=11))

    stands = poll_sign_in(session_id=begun.pk, now=due(begun))
    again = poll_sign_in(session_id=begun.pk, now=timezone.now() + timedelta(hours=1))

    begun.refresh_from_db()
    assert (stands, again, begun.state) == (state, state, state)
    assert begun.last_error
    assert count(sandbox) == 1


def test_a_code_that_was_used_up_elsewhere_begins_anew_and_does_not_loop(begun, person, sandbox):
    person(begun.verification_url)
    before = SsoSession.objects.get(pk=begun.pk)
    poll_sign_in(session_id=begun.pk, now=due(begun))
    before.save()  # as though the worker had died before it stored the tokens

    stands = poll_sign_in(session_id=begun.pk, now=due(begun))

    assert (stands, poll_waiting(now=timezone.now() + timedelta(hours=1))) == (SsoState.EXPIRED, 0)
    assert count(sandbox) == 2


def test_a_start_url_that_aws_does_not_know_is_refused_in_words(sso, actor):
    sso.start_url = "https://nobody.example/start"

    with pytest.raises(Refused, match="no portal of that start URL in eu-west-1"):
        start_sign_in(session=sso, actor=actor, now=timezone.now())


def test_a_new_code_leaves_the_sign_in_of_before_in_force_until_it_is_confirmed(signed_in, actor, portal):
    token = sso_token(signed_in.pk)
    start_sign_in(session=signed_in, actor=actor, now=timezone.now())
    assert sso_token(signed_in.pk) == token

    cancel_sign_in(session=signed_in, actor=actor, now=timezone.now())

    signed_in.refresh_from_db()
    assert (signed_in.state, sso_token(signed_in.pk)) == (SsoState.SIGNED_IN, token)
    assert portal.sessions == 1


def test_signing_out_wipes_here_and_ends_the_session_there(signed_in, actor, portal, sandbox):
    assert sign_out(session=signed_in, actor=actor, now=timezone.now()) is None

    signed_in.refresh_from_db()
    assert (signed_in.state, signed_in.access_token, signed_in.refresh_token) == (SsoState.SIGNED_OUT, "", "")
    assert (portal.sessions, count(sandbox, "Logout", outcome="ok")) == (0, 1)
    with pytest.raises(UpstreamRejected) as caught:
        sso_token(signed_in.pk)
    assert (caught.value.reason, caught.value.fix) == (
        Reason.LOGIN_NEEDED,
        f"Sign in to AWS at /accounts/sign-ins/{signed_in.pk}/",
    )


def test_accounts_are_taken_in_by_a_role_that_reads_and_no_other(signed_in, actor, team):
    picks = [Pick(SHOP.account_id, READER), Pick(PLATFORM_WORKLOADS.account_id, READER)]

    done = pick_accounts(session=signed_in, picks=picks, home_region="eu-west-1", actor=actor, now=timezone.now())

    assert done.refused == ()
    assert {(a.account_id, a.access_kind, a.sso_role_name, a.team) for a in AwsAccount.objects.all()} == {
        (pick.account_id, AccessKind.SSO, READER, team) for pick in picks
    }
    assert RefreshRun.objects.count() == 2
    for wrong in (Pick(SHOP.account_id, "AdministratorAccess"), Pick("999999999999", READER)):
        with pytest.raises(Refused):
            pick_accounts(session=signed_in, picks=[wrong], home_region="eu-west-1", actor=actor, now=timezone.now())


JOURNEY_URL = "https://sign-in.shop.example/start"


def test_the_whole_way_by_the_pages_leaves_no_secret_anywhere(alice_client, person, portal, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    bodies = []

    def get(path):
        answer = alice_client.get(path)
        bodies.append(answer.content.decode())
        return answer

    def post(path, data=None, **headers):
        answer = alice_client.post(path, data or {}, follow="HTTP_HX_REQUEST" not in headers, **headers)
        bodies.append(answer.content.decode())
        return answer

    post("/accounts/sign-ins/add/", {"name": "shop", "start_url": JOURNEY_URL, "sso_region": "eu-west-1"})
    sso = SsoSession.objects.get()
    page = f"/accounts/sign-ins/{sso.pk}/"
    secrets = []
    started = post(f"{page}start")
    sso.refresh_from_db()
    assert sso.user_code in started.content.decode()
    assert post(f"{page}poll", HTTP_HX_REQUEST="true").status_code == 200  # not due: nobody is asked
    person(sso.verification_url)
    SsoSession.objects.update(next_poll_at=timezone.now())
    polled = post(f"{page}poll", HTTP_HX_REQUEST="true")
    assert polled["HX-Redirect"] == f"{page}accounts/"

    assert "AdministratorAccess" not in get(f"{page}accounts/").content.decode()
    taken = post(f"{page}accounts/", {f"role-{SHOP.account_id}": READER, "home_region": "eu-west-1"})
    assert "Shop is entered by the role FinOpsReadOnly now." in taken.content.decode()
    account = AwsAccount.objects.get()
    assert f"sso_account_id = {SHOP.account_id}" in get(page).content.decode()
    get(f"/accounts/{account.pk}/")
    get("/accounts/sign-ins/")
    get("/settings/audit/")
    get(f"/api/v1/accounts/{account.pk}")
    secrets += [*portal._tokens, *(held.refresh_token for held in portal._tokens.values() if held.refresh_token)]
    secrets += [*portal._clients, *(client.secret for client in portal._clients.values())]
    post(f"{page}sign-out")

    row = dict(SsoSession.objects.values().get())
    dump = " ".join(map(str, [row, *AuditEntry.objects.values(), *RefreshRun.objects.values()]))
    told = [*bodies, dump, caplog.text, *capfd.readouterr()]
    assert len(secrets) >= 4
    assert not [secret for secret in secrets if any(secret in text for text in told)]


def test_only_owners_sign_in_and_only_who_began_sees_the_code(begun, client, team, sandbox):
    other = UserFactory.create()
    MembershipFactory.create(team=team, user=other, role="owner")
    viewer = UserFactory.create()
    MembershipFactory.create(team=team, user=viewer, role="operator")

    for user in (other, viewer):
        client.force_login(user)
        page = client.get(f"/accounts/sign-ins/{begun.pk}/").content.decode()
        assert begun.user_code not in page
        assert "is signing in; only they see the code" in page
    sandbox.log.clear()
    assert client.post(f"/accounts/sign-ins/{begun.pk}/poll").status_code == 403
    assert client.post(f"/accounts/sign-ins/{begun.pk}/start").status_code == 403
    assert client.get(f"/accounts/sign-ins/{begun.pk}/accounts/").status_code == 403
    assert client.get("/accounts/sign-ins/add/").status_code == 403
    assert not sandbox.log.latest()


BLOCK = """
[profile shop-prod]
sso_session = acme
sso_account_id = 222233334444
sso_role_name = FinOpsReadOnly
region = eu-west-1
[sso-session acme]
sso_start_url = https://acme.awsapps.com/start#/
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
"""
LEGACY = """
[profile old]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 222233334444
sso_role_name = FinOpsReadOnly
"""


@pytest.mark.parametrize(("text", "name"), [(BLOCK, "acme"), (LEGACY, "old")])
def test_a_pasted_profile_becomes_a_sign_in_with_its_account_chosen(alice_client, text, name):
    answer = alice_client.post("/accounts/sign-ins/add/", {"pasted": text})

    sso = SsoSession.objects.get()
    assert answer["Location"] == f"/accounts/sign-ins/{sso.pk}/"
    assert (sso.name, sso.start_url.rstrip("/"), sso.sso_region) == (
        name,
        "https://acme.awsapps.com/start",
        "eu-west-1",
    )
    assert [(each["account_id"], each["role_name"]) for each in sso.wanted] == [("222233334444", "FinOpsReadOnly")]


@pytest.mark.parametrize(
    "given",
    [
        {"name": "x", "start_url": "http://acme.awsapps.com/start", "sso_region": "eu-west-1"},
        {"name": "x", "start_url": "https://me:you@acme.example/start", "sso_region": "eu-west-1"},
        {"name": "x", "start_url": "https://acme.awsapps.com/start", "sso_region": "foo-bar"},
        {"name": "x", "start_url": "https://acme.awsapps.com/start", "sso_region": ""},
        {"name": "x\n[profile y]", "start_url": "https://acme.awsapps.com/start", "sso_region": "eu-west-1"},
        {"pasted": "hello"},
        {"pasted": "[profile x]\nregion = eu-west-1"},
        {"pasted": BLOCK.replace("eu-west-1\nsso_reg", "foo-bar\nsso_reg")},
        {"pasted": BLOCK + "[sso-session other]\nsso_start_url = https://other.example/start\nsso_region = eu-west-1"},
    ],
)
def test_what_is_no_portal_is_refused_beside_its_field(alice_client, given):
    answer = alice_client.post("/accounts/sign-ins/add/", given)

    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not SsoSession.objects.exists()
