"""Taking AWS accounts in, asked of the sandbox's own AWS: who they are is heard before anything is stored."""

import json

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry, AwsAccount, RefreshRun
from accounts.services.registration import external_id_for
from finops.sandbox.scenario.accounts import PLATFORM_PAYER, PLATFORM_WORKLOADS, RESEARCH, SHOP
from tests.factories import AwsAccountFactory, MembershipFactory, TeamFactory, UserFactory
from tests.sandbox_fixtures import running_sandbox, sandbox  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db

ADD = "/accounts/add/"


@pytest.fixture
def as_machine(sandbox, monkeypatch):  # noqa: F811 (the fixture)
    """The machine's own credentials are those of the payer, with which roles are taken on."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", PLATFORM_PAYER.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLATFORM_PAYER.secret_access_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.aws_url)
    return sandbox


def by_profile(account, **changes):
    return {
        "account_id": account.account_id,
        "name": account.name,
        "profile_name": account.profile_name,
        "home_region": account.home_region,
    } | changes


def post_profile(client, **fields):
    return client.post(f"{ADD}?way=host_profile", fields)


def words_of(answer):
    return " ".join(message for errors in answer.context["form"].errors.values() for message in errors)


@pytest.mark.usefixtures("sandbox")
def test_an_account_of_a_profile_is_taken_in_refreshed_and_written_down(alice_client, alice, team):
    answer = post_profile(alice_client, **by_profile(RESEARCH))

    account = AwsAccount.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/{account.pk}/")
    assert (account.team, account.account_id, account.profile_name) == (team, RESEARCH.account_id, "research")
    assert RefreshRun.objects.get().requested_by == alice
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.after["profile_name"]) == ("account.registered", alice, "research")


@pytest.mark.usefixtures("sandbox")
def test_a_profile_of_another_account_is_refused_with_the_account_it_leads_to(alice_client):
    answer = post_profile(alice_client, **by_profile(RESEARCH, profile_name=PLATFORM_PAYER.profile_name))

    assert answer.status_code == 200
    assert PLATFORM_PAYER.account_id in words_of(answer)
    assert not AwsAccount.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.usefixtures("sandbox")
def test_a_sign_in_that_ended_is_a_state_and_no_failure(alice_client):
    answer = post_profile(alice_client, **by_profile(SHOP))

    page = alice_client.get(answer["Location"]).content.decode()
    assert AwsAccount.objects.get().account_id == SHOP.account_id
    assert "aws sso login --profile shop" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_id", "12345678901"),
        ("account_id", "1234567890123"),
        ("account_id", "١٢٣٤٥٦٧٨٩٠١٢"),  # digits, but none that AWS writes
        ("account_id", "12345678901\n2"),
        ("account_id", ""),
        ("profile_name", ""),
        ("profile_name", "../x"),
        ("profile_name", "--profile"),
        ("profile_name", "a\nb"),
        ("profile_name", "a;rm -rf"),
        ("profile_name", "a" * 300),
        ("profile_name", "prófil"),
        ("home_region", "us-east-1;x"),
        ("home_region", "US-EAST-1"),
        ("home_region", "moon-west-1"),
        ("name", ""),
        ("name", "x" * 101),
        ("name", "a\x00b"),
        ("name", "abc\u202edef"),
        ("name", "zero\u200bwidth"),
        ("payer", "999999"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field_before_anybody_is_asked(alice_client, field, value):
    answer = post_profile(alice_client, **by_profile(RESEARCH, **{field: value}))

    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    assert not AwsAccount.objects.exists()


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{7*7}}{% x %}", "=1+1", "'\";--", "Überwachung 日本", "🏭"]
)
def test_a_name_of_signs_is_a_name_and_shown_as_it_is(alice_client, name):
    answer = post_profile(alice_client, **by_profile(RESEARCH, name=name))

    page = alice_client.get(answer["Location"])
    assert AwsAccount.objects.get().name == name
    assert "<script>alert" not in page.content.decode()


def test_the_trust_policy_asks_for_an_id_that_is_made_here_and_stays_the_same(alice_client, team):
    page = alice_client.get(f"{ADD}?account_id={RESEARCH.account_id}").content.decode()
    api = alice_client.get(f"/api/v1/accounts/trust-policy?team={team.slug}&account_id={RESEARCH.account_id}").json()

    external_id = external_id_for(team=team, account_id=RESEARCH.account_id)
    assert external_id in page
    assert api["external_id"] == external_id
    assert api["policy"]["Statement"][0]["Condition"] == {"StringEquals": {"sts:ExternalId": external_id}}
    others = {external_id_for(team=TeamFactory.create(), account_id=RESEARCH.account_id), external_id_for(
        team=team, account_id=SHOP.account_id)}  # fmt: skip
    assert external_id not in others


def test_a_role_that_asks_for_our_id_is_taken_in(alice_client, team, as_machine):
    external_id = external_id_for(team=team, account_id=RESEARCH.account_id)
    as_machine.aws.identities.trust(RESEARCH.role_arn, external_id)
    fields = {"name": "Research", "role_arn": RESEARCH.role_arn, "home_region": "eu-north-1"}

    answer = alice_client.post(f"{ADD}?way=role&account_id={RESEARCH.account_id}", fields)

    assert answer.status_code == 302, words_of(answer)
    assert AwsAccount.objects.get().external_id == external_id
    assert AuditEntry.objects.get().after["external_id"] == "changed"
    assert external_id not in alice_client.get(f"/api/v1/accounts/{AwsAccount.objects.get().pk}").content.decode()


@pytest.mark.usefixtures("as_machine")
@pytest.mark.parametrize(
    ("role_arn", "says"),
    [
        (PLATFORM_WORKLOADS.role_arn, "trust policy"),  # which asks for another id than ours
        (PLATFORM_WORKLOADS.careless_role_arn, "sts:ExternalId"),
        (RESEARCH.role_arn, f"the account {RESEARCH.account_id}, not of {PLATFORM_WORKLOADS.account_id}"),
        ("arn:aws:iam::444455556666:user/ana", "looks like"),
        ("arn:aws:iam::444455556666:role/a b", "looks like"),
        ("arn:aws:iam::444455556666:role/ok\nx", "looks like"),
        ("", "Give the ARN"),
    ],
)
def test_a_role_that_is_not_ours_to_use_is_refused_with_words(alice_client, role_arn, says):
    fields = {"name": "W", "role_arn": role_arn, "home_region": "eu-central-1", "external_id": "chosen"}

    answer = alice_client.post(f"{ADD}?way=role&account_id={PLATFORM_WORKLOADS.account_id}", fields)

    assert answer.status_code == 200
    assert says in words_of(answer)
    assert not AwsAccount.objects.exists()


@pytest.mark.usefixtures("sandbox")
def test_an_account_that_another_team_reaches_with_this_machines_credentials_stays_theirs(alice_client):
    AwsAccountFactory.create(account_id=RESEARCH.account_id, name="CANARY")

    answer = post_profile(alice_client, **by_profile(RESEARCH))

    assert answer.status_code == 200
    assert "cross-account role" in words_of(answer)
    assert "CANARY" not in answer.content.decode()


def test_the_database_lets_one_team_reach_an_account_by_this_machines_credentials():
    AwsAccountFactory.create(account_id=RESEARCH.account_id)
    role = {"access_kind": "role", "role_arn": RESEARCH.role_arn, "external_id": "x"}

    with pytest.raises(IntegrityError), transaction.atomic():
        AwsAccountFactory.create(account_id=RESEARCH.account_id, access_kind="environment")
    AwsAccountFactory.create(account_id=RESEARCH.account_id, **role)
    with pytest.raises(IntegrityError), transaction.atomic():
        AwsAccountFactory.create(account_id=SHOP.account_id, **role)


def test_an_installation_of_many_teams_takes_roles_only(alice_client, settings, team):
    settings.AWS_HOST_CREDENTIALS_FOR_TEAMS = False
    body = by_profile(RESEARCH) | {"team": team.slug, "access_kind": "host_profile"}

    page = post_profile(alice_client, **by_profile(RESEARCH))
    api = alice_client.post("/api/v1/accounts", body, content_type="application/json")

    assert (page.status_code, api.status_code) == (400, 400)
    assert not AwsAccount.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_owners_register_change_and_remove(client, team, role):
    account, user = AwsAccountFactory.create(team=team), UserFactory.create()
    MembershipFactory.create(team=team, user=user, role=role)
    client.force_login(user)
    body = by_profile(RESEARCH) | {"team": team.slug, "access_kind": "host_profile"}
    api = f"/api/v1/accounts/{account.pk}"

    refused = [
        client.get(ADD),
        post_profile(client, **by_profile(RESEARCH)),
        client.get(f"/accounts/{account.pk}/edit/"),
        client.post(f"/accounts/{account.pk}/edit/", {"name": "x"}),
        client.get(f"/accounts/{account.pk}/remove/"),
        client.post(f"/accounts/{account.pk}/remove/", {"confirmation": account.account_id}),
        client.post("/api/v1/accounts", body, content_type="application/json"),
        client.patch(api, {"name": "x"}, content_type="application/json"),
        client.delete(f"{api}?confirmation={account.account_id}"),
        client.get(f"/api/v1/accounts/trust-policy?team={team.slug}&account_id={account.account_id}"),
    ]

    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert client.get(f"/accounts/{account.pk}/").status_code == 200
    assert client.post(f"/accounts/{account.pk}/refresh").status_code == (302 if role == "operator" else 403)


@pytest.mark.usefixtures("sandbox")
def test_the_api_registers_changes_and_removes(alice_client, team):
    body = by_profile(RESEARCH) | {"team": team.slug, "access_kind": "host_profile"}

    made = alice_client.post("/api/v1/accounts", body, content_type="application/json")
    key = made.json()["account"]["id"]
    again = alice_client.post("/api/v1/accounts", body, content_type="application/json")
    changed = alice_client.patch(f"/api/v1/accounts/{key}", {"name": "Lab"}, content_type="application/json")
    kept = alice_client.delete(f"/api/v1/accounts/{key}")
    gone = alice_client.delete(f"/api/v1/accounts/{key}?confirmation={RESEARCH.account_id}")

    assert (made.status_code, made.json()["login_needed"]) == (201, "")
    assert (again.status_code, again.json()["errors"][0]["parameter"]) == (400, "account_id")
    assert (changed.status_code, changed.json()["name"], changed.json()["is_active"]) == (200, "Lab", True)
    assert (kept.status_code, gone.status_code) == (400, 204)
    assert not AwsAccount.objects.exists()
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "door")) == [
        ("account.registered", "api"),
        ("account.changed", "api"),
        ("account.removed", "api"),
    ]


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"account_id": 111122223333}, "team"),
        ({"account_id": ["111122223333"]}, "account_id"),
        ({"name": {"a": 1}}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"external_id": "mine"}, "external_id"),
        ({"role_arn": True}, "role_arn"),
        ([1, 2], ""),
        ("x", ""),
    ],
)
def test_a_body_that_cannot_be_used_names_what_is_wrong(alice_client, body, parameter):
    answer = alice_client.post("/api/v1/accounts", json.dumps(body), content_type="application/json")

    assert answer.status_code == 400
    assert parameter in {error["parameter"] for error in answer.json()["errors"]}


@pytest.mark.usefixtures("sandbox")
def test_another_way_in_is_tried_before_it_is_stored(alice_client, team):
    account = AwsAccountFactory.create(team=team, account_id=RESEARCH.account_id, profile_name="research", name="Lab")
    form = {"name": "Lab", "profile_name": "platform-payer", "home_region": "us-east-1", "is_active": "on"}

    answer = alice_client.post(f"/accounts/{account.pk}/edit/", form)
    switched_off = alice_client.post(
        f"/accounts/{account.pk}/edit/", form | {"profile_name": "research", "is_active": ""}
    )

    account.refresh_from_db()
    assert (answer.status_code, account.profile_name) == (200, "research")
    assert PLATFORM_PAYER.account_id in words_of(answer)
    assert (switched_off.status_code, account.is_active) == (302, False)
    assert AuditEntry.objects.get().before == {"is_active": True}
