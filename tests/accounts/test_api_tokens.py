"""Tokens let programs in: as one user, for one team, with no more than their scope, until they expire."""

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import ApiToken, AuditEntry, Door, Membership, TokenScope
from accounts.services.api_tokens import create_api_token, revoke_api_token, user_of_token
from accounts.services.audit import Actor
from accounts.services.refusal import Refused
from tests.conftest import NOW
from tests.factories import AwsAccountFactory, MembershipFactory, TeamFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

COMMAND = Actor(Door.COMMAND, "a test")
REFUSED = {"status": 401, "code": "authentication_failed"}


def a_token(user, team, **values):
    given_values = {"name": "scheduler", "scope": TokenScope.READ, "expires_at": NOW + timedelta(days=30)}
    return create_api_token(user=user, team=team, actor=COMMAND, now=NOW, **given_values | values)


def ask(client, text, path="/api/v1/accounts", keyword="Bearer", **more):
    return client.get(path, headers={"authorization": f"{keyword} {text}"}, **more)


@pytest.mark.parametrize("keyword", ["Bearer", "bearer", "Token"])
def test_a_token_lets_its_user_in_without_a_session(client, alice, team, keyword):
    AwsAccountFactory.create(team=team, name="shop")

    answer = ask(client, a_token(alice, team).text, keyword=keyword)

    assert (answer.status_code, answer.json()["results"][0]["name"]) == (200, "shop")


def test_a_token_shows_its_own_team_only(client, alice, team):
    AwsAccountFactory.create(team=team, name="shop")
    other = MembershipFactory.create(user=alice, role="owner").team
    AwsAccountFactory.create(team=other, name="bakery")

    answer = ask(client, a_token(alice, other).text)

    assert [row["name"] for row in answer.json()["results"]] == ["bakery"]
    assert ask(client, a_token(alice, other).text, f"/api/v1/accounts?team={team.slug}").status_code == 404


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("operate", 202), ("admin", 202)])
def test_a_token_does_no_more_than_its_scope(client, alice, team, scope, status):
    account = AwsAccountFactory.create(team=team)
    token = a_token(alice, team, scope=TokenScope(scope))

    answer = client.post(f"/api/v1/accounts/{account.pk}/refresh", headers={"authorization": f"Bearer {token.text}"})

    assert answer.status_code == status


def test_a_token_does_no_more_than_its_user_may(client, alice, team):
    account = AwsAccountFactory.create(team=team)
    Membership.objects.filter(user=alice).update(role="viewer")
    token = a_token(alice, team, scope=TokenScope.ADMIN)

    answer = client.post(f"/api/v1/accounts/{account.pk}/refresh", headers={"authorization": f"Bearer {token.text}"})

    assert answer.status_code == 403


def test_every_token_that_does_not_fit_is_refused_alike(client, alice, team):
    good = a_token(alice, team).text
    revoked = a_token(alice, team)
    revoke_api_token(token=revoked.row, actor=COMMAND, now=NOW)
    expired = a_token(alice, team)
    ApiToken.objects.filter(pk=expired.row.pk).update(created_at=NOW - timedelta(days=9), expires_at=NOW)
    texts = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        "cfo_000000000000_" + good.rpartition("_")[2],
        good.upper(),
        "cfo__",
        "",
        "ärger",
        revoked.text,
        expired.text,
    ]

    answers = [ask(client, text.encode().decode("latin-1")) for text in texts]

    assert [{"status": a.status_code, "code": a.json()["code"]} for a in answers] == [REFUSED] * len(texts)
    assert len({a.json()["detail"] for a in answers}) == 1
    assert ask(client, good).status_code == 200


def test_a_token_ends_with_its_users_membership(client, alice, team):
    MembershipFactory.create(team=team, role="owner")
    token = a_token(alice, team)
    Membership.objects.filter(user=alice, team=team).delete()

    assert ask(client, token.text).status_code == 401


def test_a_token_ends_with_its_users_account(client, alice, team):
    token = a_token(alice, team)
    alice.is_active = False
    alice.save()

    assert ask(client, token.text).status_code == 401


def test_a_token_comes_from_its_networks_only(client, alice, team):
    token = a_token(alice, team, allowed_networks=["10.0.0.0/8", "2001:db8::1"])

    statuses = {
        address: ask(client, token.text, REMOTE_ADDR=address).status_code
        for address in ["10.1.2.3", "11.0.0.1", "2001:db8::1", "2001:db8::2"]
    }

    assert statuses == {"10.1.2.3": 200, "11.0.0.1": 401, "2001:db8::1": 200, "2001:db8::2": 401}


def test_the_database_holds_nothing_that_lets_anybody_in(alice, team):
    token = a_token(alice, team)

    secret = token.text.rpartition("_")[2]
    row = str(ApiToken.objects.filter(pk=token.row.pk).values().get())
    log = str(list(AuditEntry.objects.values()))
    assert secret not in row
    assert secret not in log
    assert token.row.digest not in log


def test_a_token_made_under_an_older_pepper_lasts_while_that_is_kept(alice, team, settings):
    settings.API_TOKEN_PEPPERS = {1: "first"}
    token = a_token(alice, team)

    settings.API_TOKEN_PEPPERS = {1: "first", 2: "second"}
    rotated = user_of_token(text=token.text, address=None, now=NOW)
    settings.API_TOKEN_PEPPERS = {2: "second"}
    dropped = user_of_token(text=token.text, address=None, now=NOW)

    assert rotated is not None
    assert dropped is None
    assert a_token(alice, team).row.pepper_number == 2


def test_a_token_says_when_it_was_last_used_to_the_minute(alice, team):
    token = a_token(alice, team)

    seen = []
    for later in (timedelta(0), timedelta(seconds=59), timedelta(seconds=60)):
        user_of_token(text=token.text, address=None, now=NOW + later)
        seen.append(ApiToken.objects.get().last_used_at - NOW)

    assert seen == [timedelta(0), timedelta(0), timedelta(seconds=60)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"expires_at": NOW + timedelta(days=366)}, "days"),
        ({"expires_at": NOW}, "days"),
        ({"name": "  "}, "name"),
        ({"allowed_networks": ["10.0.0.0/33"]}, "allowed_networks"),
    ],
)
def test_a_token_that_lives_too_long_or_is_for_nothing_is_not_made(alice, team, values, field):
    with pytest.raises(Refused) as refused:
        a_token(alice, team, **values)

    assert refused.value.field == field
    assert not ApiToken.objects.exists()


def test_nobody_makes_a_token_for_a_team_they_are_not_in(charlie, team):
    with pytest.raises(Refused, match="not a member"):
        a_token(charlie, team)


def test_a_token_makes_no_further_token_of_a_wider_reach(alice, team):
    other = MembershipFactory.create(user=alice, role="owner").team
    alice.reach = a_token(alice, team).row.reach

    with pytest.raises(Refused, match="not a member"):
        a_token(alice, other)


@given(text=st.text(max_size=80))
def test_no_text_that_nobody_made_lets_anybody_in(text):
    assert user_of_token(text=text, address=None, now=NOW) is None


# The limit --------------------------------------------------------------------------------------------------------


def test_answers_say_how_far_the_token_may_go(client, alice, team, settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    text = a_token(alice, team).text

    answers = [ask(client, text) for _ in range(3)]

    assert [a.status_code for a in answers] == [200, 200, 429]
    assert [a["RateLimit-Remaining"] for a in answers] == ["1", "0", "0"]
    assert {a["RateLimit-Limit"] for a in answers} == {"2"}
    assert answers[2]["Retry-After"] == answers[2]["RateLimit-Reset"] == "60"


def test_each_token_has_a_limit_of_its_own(client, alice, team, settings):
    settings.API_REQUESTS_PER_MINUTE = 1
    first, second = a_token(alice, team), a_token(alice, team)

    statuses = [ask(client, text).status_code for text in (first.text, first.text, second.text)]

    assert statuses == [200, 429, 200]


# The page ---------------------------------------------------------------------------------------------------------

ASKED = {"name": "nightly batch", "scope": "read", "days": "30", "allowed_networks": ""}


def test_the_page_shows_a_new_token_once(client, alice_client):
    page = alice_client.post("/settings/api-tokens/", ASKED)

    text = re.search(r"cfo_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", page.content.decode())[0]
    assert "no-store" in page["Cache-Control"]
    assert ask(client, text).status_code == 200
    again = alice_client.get("/settings/api-tokens/").content.decode()
    assert "nightly batch" in again
    assert text not in again


def test_the_page_says_what_cannot_be_used(alice_client):
    page = alice_client.post("/settings/api-tokens/", ASKED | {"allowed_networks": "10.0.0.0/33", "days": "30"})

    assert "is no network" in page.content.decode()
    assert not ApiToken.objects.exists()


def test_a_token_that_is_revoked_on_the_page_lets_nobody_in(client, alice, alice_client, team):
    token = a_token(alice, team)

    alice_client.post(f"/settings/api-tokens/{token.row.pk}/revoke")

    assert ask(client, token.text).status_code == 401
    assert AuditEntry.objects.filter(action="token.revoked", actor=alice).count() == 1


def test_nobody_sees_or_revokes_another_persons_token(client, alice, team):
    token = a_token(alice, team)
    other = MembershipFactory.create(team=team, role="owner").user
    client.force_login(other)

    page = client.get("/settings/api-tokens/").content.decode()
    answer = client.post(f"/settings/api-tokens/{token.row.pk}/revoke")

    assert "scheduler" not in page
    assert answer.status_code == 404
    assert ApiToken.objects.get().revoked_at is None


# The command ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("alice")
def test_the_command_prints_a_token_that_works(client, team, capsys):
    call_command("create_api_token", "Alice@example.com", "--name", "cron", "--days", "7")

    text = capsys.readouterr().out
    assert text.endswith("\n")
    assert ask(client, text.strip()).status_code == 200
    assert ApiToken.objects.get().expires_at == NOW + timedelta(days=7)
    assert AuditEntry.objects.get(action="token.created").door == Door.COMMAND
    assert team == ApiToken.objects.get().team


def test_the_command_wants_to_know_which_of_several_teams(alice, capsys):
    MembershipFactory.create(user=alice, team=TeamFactory.create(slug="second"))

    with pytest.raises(CommandError, match=r"--team: .*second"):
        call_command("create_api_token", "alice@example.com", "--name", "cron")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("days", ["0", "-5", "366", "999999999999999999"])
def test_the_command_refuses_a_life_that_is_none(alice, days):
    assert alice.memberships.exists()

    with pytest.raises(CommandError, match="365 days at most"):
        call_command("create_api_token", "alice@example.com", "--name", "cron", "--days", days)
